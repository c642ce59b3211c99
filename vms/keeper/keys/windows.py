"""Key windows: exactly the group keys that a page asks for, five minutes at most, journalled before they leave (P-40).

Checks, numbered as in the code: (0) the view holds now, (1) its act, camera and span, (2) the window's length, (3) one
page key per permit, which the page signed for with the window, (4) each segment's name, camera and time, (5) each hour
key not due unless held (S5), nothing of it taken while the camera's own masks were missing (P-11, O-44), then the
journal, then the keys.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vms.clock import Clock
from vms.clock_guard import ClockGuard
from vms.errors import BadInput, LimitExceeded, NotFound, Refused
from vms.keeper.arguments import parse
from vms.keeper.communes import Commune, Communes
from vms.keeper.files import hour_keys
from vms.keeper.files.segment_name import SegmentName, parse_segment_name
from vms.keeper.gate.consultations import Consultations, View
from vms.keeper.identity.request_checker import Asked
from vms.keeper.identity.signed_request import refused
from vms.keeper.journal.entry import Entry
from vms.keeper.protocol import KEY_WINDOW_INFO, KEY_WINDOW_LIMIT_US, PAGE_KEY_BYTES, Act, SegmentKeysAsked
from vms.keys.derive import group_key, segment_key
from vms.keys.wrapping import seal_to
from vms.law.rulebook import rulebook

SEGMENTS_LIMIT: Final = 4096
GROUPS_LIMIT: Final = 100_000
GROUP_NUMBER_LIMIT: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked: groups of one camera's segments in ``[from_us, to_us)``, sealed to the page's X25519 key."""

    permit: str
    camera: str
    segments: tuple[SegmentKeysAsked, ...]
    from_us: int
    to_us: int
    page_public: bytes
    statement: str = ""


class KeyWindows:
    """Opens key windows."""

    def __init__(self, views: Consultations, communes: Communes, clock: Clock, guard: ClockGuard) -> None:
        self._views = views
        self._communes = communes
        self._clock = clock
        self._guard = guard

    async def open(self, window: Window) -> bytes:
        """The sealed keys; Refused, BadInput, NotFound (destroyed), or Unavailable while the commune is locked."""
        view = self._views.current(window.permit)  # (0)
        self._check_right(view, window)
        self._check_wish(view, window)
        commune = self._communes.get(view.commune)
        private = commune.private_key()
        names = [_checked_name(asked, window) for asked in window.segments]  # (4)
        now_us = self._guard.latest_us()  # what either clock calls due is not shown, though one of them may err
        opened: dict[str, bytes] = {}  # hour keys opened for this window only
        keys = [self._segment_key(commune, private, opened, name, window, now_us) for name in names]  # (5)
        groups = sum(len(asked.groups) for asked in window.segments)
        entry = Entry(
            rulebook().image_act[view.act].journal,
            "key_window",
            view.author,
            cameras=(window.camera,),
            from_us=window.from_us,
            to_us=window.to_us,
            purpose=view.motive.purpose,
            motive=view.motive.text,
            reference=view.motive.request or "",
            detail={"view": view.id, "segments": len(names), "groups": groups},
        )
        await commune.log(entry)
        return seal_to(window.page_public, _plaintext(window.segments, keys), KEY_WINDOW_INFO, view.id.encode())

    def _check_right(self, view: View, window: Window) -> None:
        if view.act not in (Act.REPLAY, Act.EXPORT, Act.SNAPSHOT):  # (1)
            raise Refused("Ce permis ne donne pas de clé de lecture.", todo="Demandez la relecture.", rule="P-58")
        if window.camera not in view.cameras:
            raise Refused("Cette caméra n’est pas dans ce permis.", where=window.camera, rule="P-58")
        if not window.from_us < window.to_us:
            raise BadInput("La fenêtre finit avant d’avoir commencé.", where="from_us")
        low, high = view.span or (0, self._clock.utc().us)
        if not low <= window.from_us or not window.to_us <= high:
            raise Refused("La fenêtre sort de la plage du permis.", todo="Redemandez l’accès.", rule="P-41")
        if view.act is not Act.EXPORT and window.to_us - window.from_us > KEY_WINDOW_LIMIT_US:  # (2)
            raise LimitExceeded("Une fenêtre de clés couvre cinq minutes au plus.", todo="Découpez la demande.")
        if len(window.page_public) != PAGE_KEY_BYTES:  # (3)
            raise BadInput(f"La clé de la page fait {PAGE_KEY_BYTES} octets.", where="public")
        if view.page_public not in (None, window.page_public):
            raise Refused("Ce permis sert déjà une autre page.", todo="Redemandez l’accès.", rule="P-58")
        if len(window.segments) > SEGMENTS_LIMIT or sum(len(one.groups) for one in window.segments) > GROUPS_LIMIT:
            raise LimitExceeded("Trop de groupes demandés à la fois.", todo="Découpez la demande.")

    def _check_wish(self, view: View, window: Window) -> None:
        """The page signed for this very window and its own key (decision 0015); an extraction, for its request."""
        public = base64.b64encode(window.page_public).decode()
        signed = view.signed_public or public
        if view.act is not Act.EXPORT:
            asked = Asked("key_window", (window.camera,), (window.from_us, window.to_us), view=view.id)
            signed = self._views.require_signed(view, window.statement, asked).public
        if signed != public:
            raise refused("La page a signé pour une autre clé.")
        view.page_public = window.page_public

    def _segment_key(
        self,
        commune: Commune,
        private: bytes,
        opened: dict[str, bytes],
        name: SegmentName,
        window: Window,
        now_us: int,
    ) -> bytes:
        facts = commune.facts
        for shut in facts.drifts:
            if shut.camera == name.camera and name.overlaps(shut.from_us, shut.until_us or now_us):
                raise Refused(
                    "Ces images ont été prises alors que les masques de la caméra n’étaient plus ceux validés.",
                    where=name.text, todo="Personne ne les ouvre ; demandez une autre plage.", rule="P-11",
                )  # fmt: skip
        row = hour_keys.find(commune.keys.reader, name.key_id)
        holds = hour_keys.holds_on(facts, name.camera, window.from_us, window.to_us, now_us)
        held = tuple(hold for hold in holds if name.overlaps(hold.from_us, hold.to_us))
        if row is not None:
            if row.camera != name.camera:
                raise BadInput("Cette clé n’est pas celle de cette caméra.", where=name.text)
            if hour_keys.is_due(facts, row.camera, row.hour_us, now_us) and not held:
                raise Refused("Ces images sont arrivées à leur terme.", where=name.text, rule="P-30")
            if row.key_id not in opened:
                opened[row.key_id] = hour_keys.open_hour(private, commune.id, row)
            return segment_key(opened[row.key_id], name.text)
        under = [one for hold in held for one in hour_keys.sealed_under(hold)]
        key = hour_keys.held_segment_key(commune.keys.reader, commune.id, private, name.text, under)
        if key is None:
            raise NotFound("Ces images ont été détruites à leur terme.", where=name.text, todo="Aucune copie n’existe.")
        return key


def asked_segments(segments: Any) -> tuple[SegmentKeysAsked, ...]:
    """The segments of a request, checked for shape; BadInput for anything else."""
    if not isinstance(segments, list | tuple) or not 0 < len(segments) <= SEGMENTS_LIMIT:
        raise BadInput(f"Il faut de 1 à {SEGMENTS_LIMIT} segments.", where="segments")
    return tuple(parse(SegmentKeysAsked, one, "segments") for one in segments)


def _checked_name(asked: SegmentKeysAsked, window: Window) -> SegmentName:
    name = parse_segment_name(asked.name)
    if name.camera != window.camera:
        raise Refused("Ce segment n’est pas de cette caméra.", where=asked.name, rule="P-58")
    if not name.overlaps(window.from_us, window.to_us):
        raise Refused("Ce segment n’est pas dans la fenêtre demandée.", where=asked.name, rule="P-41")
    if any(not 0 <= number < GROUP_NUMBER_LIMIT for number in asked.groups):
        raise BadInput("Ce numéro de groupe est impossible.", where=asked.name)
    return name


def _plaintext(segments: Sequence[SegmentKeysAsked], keys: Sequence[bytes]) -> bytes:
    out = []
    for asked, key in zip(segments, keys, strict=True):
        groups = {str(n): base64.b64encode(group_key(key, n)).decode() for n in dict.fromkeys(asked.groups)}
        out.append({"segment": asked.name, "groups": groups})
    return json.dumps({"keys": out}, separators=(",", ":")).encode()
