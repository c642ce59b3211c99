"""A session's token that came from another workstation: told in the host's journal, and in that of the commune that the
session acts for, so that who answers for the person can see it (P-41, decision 0027).
"""

from __future__ import annotations

from vms.keeper.house import House
from vms.keeper.identity.workstations import name_of
from vms.keeper.journal.entry import Author, Entry


async def tell_elsewhere(house: House) -> None:
    """Journal what was refused since the last call; the author is the session's person, whose token it was."""
    for one in house.sessions.take_elsewhere():
        live = one.live
        name = name_of(house.host.store.reader, one.post) if one.post else ""
        detail = {"session": live.id, "opened_on": live.workstation, "shown_by": name or "?"}
        entry = Entry("session", "session_elsewhere", Author(live.account.id, workstation=name or "?"), detail=detail)
        await house.host.log(entry)
        if live.acting is not None:
            await house.communes.get(live.acting.commune).log(entry)
