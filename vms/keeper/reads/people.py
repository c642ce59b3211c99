"""People of a commune, their habilitations, and what each may do at an instant (P-58, P-59)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from vms.keeper.arguments import Args, Identifier, Moment
from vms.keeper.gate.gate import Denied, Motive, Person, admit, by_precedence
from vms.keeper.protocol import Act
from vms.keeper.reads.spec import Nothing, Reader, ReadSpec, told
from vms.law.authorisation import purposes_of
from vms.law.facts import Habilitation
from vms.law.habilitation import conventions_lapse, habilitation_lapse
from vms.law.rulebook import rulebook

# What a motive must say besides its purpose is for the moment of asking; here it is taken as said (P-73).
FITTING: Final = "PV 1"


class Rights(Args):
    """Whose rights, and at which instant (now by default)."""

    person: Identifier
    at_us: Moment | None = None


class OwnRights(Args):
    """At which instant."""

    at_us: Moment | None = None


def people(reader: Reader, _: Nothing) -> dict[str, Any]:
    """The dated list of habilitated persons (P-59)."""
    facts = reader.commune.facts
    by_person: dict[str, list[Habilitation]] = defaultdict(list)
    for one in facts.habilitations:
        by_person[one.person].append(one)
    labels = reader.labels(set(by_person))
    listed = [
        {
            "person": person,
            "label": labels.get(person, ""),
            "holder": person in reader.commune.holders,
            "habilitations": [_told(reader, one) for one in by_precedence(some)],
        }
        for person, some in by_person.items()
    ]
    return {"at_us": reader.now_us, "people": sorted(listed, key=lambda one: str(one["label"]))}


def rights(reader: Reader, args: Rights) -> dict[str, Any]:
    """What a person may do at an instant, each refusal with its rule and its way out."""
    return _rights(reader, args.person, reader.now_us if args.at_us is None else args.at_us)


def whoami_rights(reader: Reader, args: OwnRights) -> dict[str, Any]:
    """What the reader may do."""
    return _rights(reader, reader.person.id, reader.now_us if args.at_us is None else args.at_us)


def _rights(reader: Reader, person: str, at_us: int) -> dict[str, Any]:
    acts = {act.value: _right(reader, person, act, at_us) for act in Act}
    mine = reader.commune.facts.habilitations_of(person)
    valid = {one.role for one in mine if habilitation_lapse(one, at_us) is None}
    other = sorted(name for name, rule in rulebook().act.items() if rule.roles & valid)
    return {
        "person": person,
        "label": reader.labels({person}).get(person, ""),
        "at_us": at_us,
        "roles": sorted(valid),
        "images": acts,
        "acts": other,
        "habilitations": [_told(reader, one) for one in by_precedence(mine)],
    }


def _right(reader: Reader, person: str, act: Act, at_us: int) -> dict[str, Any]:
    """The cameras a person may do ``act`` on with some purpose of each, and the first refusal met."""
    facts = reader.commune.facts
    allowed: list[str] = []
    refusal: Denied | None = None
    for camera in facts.cameras.values():
        purposes = sorted(purposes_of(camera, facts.order_of(camera, at_us)))
        motive = Motive(purposes[0] if purposes else "", FITTING)
        verdict = admit(facts, Person(person), act, [camera.id], None, motive, at_us)
        if isinstance(verdict, Denied):
            refusal = refusal or verdict
        else:
            allowed.append(camera.id)
    return {"cameras": allowed, "refusal": told(refusal)}


def _told(reader: Reader, one: Habilitation) -> dict[str, Any]:
    facts = reader.commune.facts
    lapse = habilitation_lapse(one, reader.now_us) or conventions_lapse(facts, one, reader.now_us)
    role = rulebook().role[one.role]
    return {
        "id": one.id,
        "role": one.role,
        "role_fr": role.fr,
        "role_en": role.en,
        "category": one.category,
        "decision_ref": one.decision_ref,
        "signed_by": one.signed_by,
        "cameras": None if one.cameras is None else sorted(one.cameras),
        "acts": sorted(one.acts),
        "from_us": one.from_us,
        "until_us": one.until_us,
        "training_us": one.training_us,
        "pooled": one.pooled,
        "basis_ref": one.basis_ref,
        "basis_until_us": one.basis_until_us,
        "withdrawn_us": one.withdrawn_us,
        "withdrawn_motive": one.withdrawn_motive,
        "suspended": one.suspension(reader.now_us) is not None,
        "suspensions": [{"from_us": s.from_us, "until_us": s.until_us, "motive": s.motive} for s in one.suspensions],
        "document_sha256": one.document_sha256,
        "service": one.service,
        "level": one.level,
        "lapse": told(lapse),
    }


READS: Final = {
    "people": ReadSpec(Nothing, people),
    "rights": ReadSpec(Rights, rights),
    "whoami_rights": ReadSpec(OwnRights, whoami_rights),
}
