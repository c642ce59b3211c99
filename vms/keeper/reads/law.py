"""Orders, conventions, and the closed lists of the rulebook (P-01, P-20…P-25, P-61, P-72)."""

from __future__ import annotations

from typing import Any, Final

from vms.keeper.files.records import NetPrefix
from vms.keeper.reads.spec import Nothing, Reader, ReadSpec, told
from vms.law.authorisation import order_end, order_lapse, renewal
from vms.law.facts import CommuneFacts, Modification, Order
from vms.law.grouping import agreed, rests_on
from vms.law.habilitation import habilitation_lapse
from vms.law.rulebook import rulebook


def orders(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Authorisations with their end, the CNIL engagement, and what is to be renewed soon (P-21)."""
    facts, commune, now_us = reader.commune.facts, reader.commune.record, reader.now_us
    listed = [_order(facts, order, now_us) for order in facts.orders.values()]
    cnil = {"reference": facts.cnil_ref, "date_us": facts.cnil_us} if facts.cnil_ref else None
    prefixes = reader.commune.records.all(reader.commune.store.reader, "prefix", NetPrefix).values()
    return {
        "orders": listed,
        "cnil": cnil,
        "public": {"controller": commune.controller, "officer": commune.officer, "rights": commune.rights},
        "prefixes": [{"cidr": p.cidr, "trusted": p.trusted, "declared_us": p.declared_us} for p in prefixes],
        "modifications": [_modification(one) for one in facts.modifications if one.settled_us is None],
    }


def _order(facts: CommuneFacts, order: Order, now_us: int) -> dict[str, Any]:
    book = rulebook()
    covered = [c.id for c in facts.cameras.values() if (held := facts.order_of(c, now_us)) and held.id == order.id]
    dates = renewal(order, now_us, replaced=any(one.replaces == order.id for one in facts.orders.values()))
    return {
        "id": order.id,
        "reference": order.reference,
        "prefect": order.prefect,
        "from_us": order.from_us,
        "until_us": order.until_us,
        "ends_us": order_end(order),
        "max_days": order.max_days,
        "min_days": order.min_days,
        "purposes": sorted(order.purposes, key=int),
        "allowed_roles": sorted(order.allowed_roles),
        "cameras": sorted(order.cameras),
        "provisional": order.provisional,
        "covered": sorted(covered),
        "lapse": told(order_lapse(order, now_us)),
        "renew": dates is not None and dates[0] <= now_us,
        "renew_from_us": dates[0] if dates else None,
        "file_by_us": dates[1] if dates else None,
        "ground": order.ground,
        "ground_fr": book.provisional_ground[order.ground].fr if order.ground else "",
        "recipients": [{"id": r, **book.recipient[r].model_dump()} for r in sorted(order.recipients)],
        "modalities": order.modalities,
        "regime": order.regime,
        "replaces": order.replaces,
        "withdrawn_us": order.withdrawn_us,
        "withdrawn_ref": order.withdrawn_ref,
        "document_sha256": order.document_sha256,
    }


def _modification(one: Modification) -> dict[str, Any]:
    words = rulebook().modification[one.kind]
    return {
        "id": one.id,
        "camera": one.camera,
        "kind": one.kind,
        "fr": words.fr,
        "en": words.en,
        "declared_us": one.declared_us,
    }


def conventions(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Conventions with their dates (P-61)."""
    book = rulebook().convention
    listed = [
        {
            "id": one.id,
            "kind": one.kind,
            "kind_fr": book[one.kind].fr,
            "reference": one.reference,
            "parties": one.parties,
            "from_us": one.from_us,
            "until_us": one.until_us,
            "valid": one.from_us <= reader.now_us < one.until_us,
            "form": one.form,
            "form_fr": rulebook().pooling_form[one.form].fr if one.form else "",
        }
        for one in reader.commune.facts.conventions
    ]
    return {"conventions": listed, "kinds": {kind: rule.fr for kind, rule in book.items()}}


def groupings(reader: Reader, _: Nothing) -> dict[str, Any]:
    """Bodies that acquire or pool for the commune, each with its consent, and whose rights fall when it ends (P-60)."""
    book, now_us = rulebook(), reader.now_us
    facts = reader.commune.facts
    pooled = {
        one.person
        for one in facts.habilitations
        if one.pooled and book.role[one.role].by_grouping and habilitation_lapse(one, now_us) is None
    }
    names = sorted(reader.labels(pooled).values())
    listed = [
        {
            "id": one.id,
            "kind": one.kind,
            "kind_fr": book.grouping[one.kind].fr,
            "kind_en": book.grouping[one.kind].en,
            "article": book.grouping[one.kind].article,
            "may_pool": book.grouping[one.kind].may_pool,
            "name": one.name,
            "reference": one.reference,
            "members": sorted(one.members),
            "chair": one.chair,
            "consent_ref": one.consent_ref,
            "consent_us": one.consent_us,
            "consent_ended_us": one.consent_ended_us,
            "consents": agreed(one, now_us),
            "stops": names if rests_on(facts, one, now_us) else [],
        }
        for one in facts.groupings
    ]
    return {"groupings": listed, "kinds": {kind: rule.fr for kind, rule in book.grouping.items()}}


def purposes(reader: Reader, _: Nothing) -> dict[str, Any]:
    """The eleven purposes, and which of them this commune's orders allow now (P-01, P-02)."""
    facts = reader.commune.facts
    allowed: set[str] = set()
    for order in facts.orders.values():
        if order_lapse(order, reader.now_us) is None:
            allowed |= order.purposes
    return {"purposes": [one.model_dump() | {"authorised": one.id in allowed} for one in rulebook().purposes]}


def legal_frames(_: Reader, __: Nothing) -> dict[str, Any]:
    """Legal frames with their fields, and the legal grounds of a refusal (P-72, P-74, P-83)."""
    book = rulebook()
    return {
        "frames": {name: frame.model_dump(mode="json") for name, frame in book.legal_frame.items()},
        "grounds": {
            name: {"fr": ground.fr, "en": ground.en, "frames": sorted(ground.frames), "rule": ground.rule}
            for name, ground in book.refusal_ground.items()
        },
        "hold_procedures": dict(book.hold_procedure),
    }


READS: Final = {
    "orders": ReadSpec(Nothing, orders),
    "conventions": ReadSpec(Nothing, conventions),
    "groupings": ReadSpec(Nothing, groupings),
    "purposes": ReadSpec(Nothing, purposes),
    "legal_frames": ReadSpec(Nothing, legal_frames),
}
