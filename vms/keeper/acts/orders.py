"""Prefectural orders, the CNIL engagement, declared prefixes (P-20…P-26, A-01, A-02)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from vms.errors import BadInput, Conflict, Refused
from vms.keeper.acts.spec import ActSpec, one_of, refuse
from vms.keeper.arguments import Args, Cameras, Digest, Identifier, Moment, MomentEnd, Name, Text
from vms.keeper.communes import Change, new_id
from vms.keeper.files.records import COMMUNE_ID, CommuneRecord, NetPrefix
from vms.law.authorisation import record_lapse
from vms.law.facts import Order
from vms.law.lapse import Lapse

ADDRESSES_LIMIT: Final = 65_536
PREFIXES_LIMIT: Final = 64


def _written_alike(cidr: str) -> str:
    """A prefix in its one spelling, so that what was typed and what was noted are the same; anything else as it is."""
    try:
        return str(ip_network(cidr.strip(), strict=True))
    except ValueError:
        return cidr


class DeclarePrefix(Args):
    """A prefix of the commune's camera network; ``trusted`` says its path is *maîtrisé* (A-01)."""

    cidr: Annotated[str, AfterValidator(_written_alike)] = Field(max_length=64)
    trusted: bool = False


class RecordOrder(Args):
    """A prefectural authorisation, as its text says (P-25)."""

    reference: Name
    prefect: Name
    from_: Moment = Field(alias="from")
    until: MomentEnd
    max_days: int
    min_days: int | None = None
    purposes: tuple[str | int, ...] = Field(min_length=1, max_length=11)
    allowed_roles: tuple[Identifier, ...] = ()
    cameras: Cameras | tuple[()] = ()
    provisional: bool = False
    event_end: MomentEnd | None = None
    ground: str = Field(default="", max_length=16)
    recipients: tuple[Identifier, ...] = ()
    modalities: Text = ""
    regime: Identifier = "voie_publique"
    replaces: Identifier | None = None
    document_sha256: Digest = ""


class WithdrawOrder(Args):
    """The préfet takes an authorisation back, by a decision and from a date (P-27)."""

    order: Identifier
    reference: Name
    date: Moment


class RecordCnil(Args):
    """The engagement of conformity addressed to the CNIL (P-23)."""

    reference: Name
    date: Moment


def declare_prefix(change: Change, args: DeclarePrefix) -> dict[str, Any]:
    """Declare a prefix; discovery never leaves the declared ones (A-02, O-22)."""
    network = _network(args.cidr)
    known = change.records.all(change.tx.db, "prefix", NetPrefix)
    if len(known) >= PREFIXES_LIMIT and str(network) not in known:
        raise BadInput(f"Au plus {PREFIXES_LIMIT} préfixes par commune.", where="cidr")
    change.put("prefix", str(network), NetPrefix(str(network), args.trusted, change.now_us))
    seq = change.modified("declare_prefix", cidr=str(network), trusted=args.trusted)
    return {"cidr": str(network), "trusted": args.trusted, "journal": seq}


def _network(cidr: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(cidr.strip(), strict=True)
    except ValueError as error:
        raise BadInput(
            "Ce préfixe n’est pas une adresse de réseau.", where=cidr[:64], todo="Ex. : 10.42.0.0/24."
        ) from error
    if network.num_addresses > ADDRESSES_LIMIT:
        raise BadInput("Ce préfixe est trop large.", where=str(network), todo="Déclarez un /16 au plus.")
    if network.is_multicast or network.is_unspecified:
        raise BadInput("Ce préfixe ne peut pas porter de caméra.", where=str(network))
    return network


def _read_order(change: Change, args: RecordOrder) -> Order:
    """The authorisation as it would be recorded; its reference is unique in the commune."""
    if any(order.reference == args.reference for order in change.facts.orders.values()):
        raise Conflict("Un arrêté porte déjà cette référence.", where=args.reference, todo="Citez le nouvel arrêté.")
    order = Order(
        id=new_id("o"),
        reference=args.reference,
        prefect=args.prefect,
        from_us=args.from_,
        until_us=args.until,
        max_days=args.max_days,
        min_days=args.min_days,
        purposes=frozenset(str(code).removesuffix("°") for code in args.purposes),
        allowed_roles=frozenset(args.allowed_roles),
        cameras=frozenset(args.cameras),
        provisional=args.provisional,
        event_end_us=args.event_end,
        ground=args.ground,
        recipients=frozenset(args.recipients),
        modalities=args.modalities,
        regime=args.regime,
        replaces=args.replaces,
        document_sha256=args.document_sha256,
    )
    refuse(record_lapse(order), args.reference)
    refuse(_replace_lapse(change, order), args.reference)
    return order


def record_order(change: Change, args: RecordOrder) -> dict[str, Any]:
    """Record an authorisation."""
    order = _read_order(change, args)
    change.put("order", order.id, order)
    seq = change.modified(
        "record_order",
        order=order.id,
        reference=order.reference,
        from_us=order.from_us,
        until_us=order.until_us,
        max_days=order.max_days,
        purposes=sorted(order.purposes, key=int),
    )
    return {"order": order.id, "journal": seq}


def _shortens(change: Change, args: RecordOrder) -> bool:
    """Whether cameras of the order that it replaces would keep for less long: the rest is destroyed (P-30)."""
    order = _read_order(change, args)
    former = change.facts.orders.get(order.replaces or "")
    return former is not None and order.max_days < former.max_days


def _replace_lapse(change: Change, order: Order) -> Lapse | None:
    """An order replaces one that exists, that nothing has replaced yet, and that began before it (P-21)."""
    if order.replaces is None:
        return None
    former = one_of("arrêté", change.facts.orders.get(order.replaces), order.replaces)
    if any(one.replaces == former.id for one in change.facts.orders.values()):
        return Lapse("P-21", "Un autre arrêté remplace déjà celui-là.", "Citez le dernier en date.")
    if order.from_us <= former.from_us:
        return Lapse("P-21", "Un arrêté en remplace un plus ancien.", "Vérifiez les dates des deux arrêtés.")
    return None


def withdraw_order(change: Change, args: WithdrawOrder) -> dict[str, Any]:
    """Record that the préfet took an order back: from its date, live and recording stop for all its cameras (P-27)."""
    order = one_of("arrêté", change.facts.orders.get(args.order), args.order)
    if order.withdrawn_us is not None:
        raise Conflict("Cet arrêté est déjà retiré.", where=order.id, todo="Relisez la page.")
    if args.date <= order.from_us:
        what = "Le retrait précède le début de l’arrêté."
        raise BadInput(what, where="date", todo="Reprenez la date de la décision.")
    change.put("order", order.id, replace(order, withdrawn_us=args.date, withdrawn_ref=args.reference))
    seq = change.modified("withdraw_order", order=order.id, reference=args.reference, date_us=args.date)
    return {"order": order.id, "journal": seq}


def record_cnil(change: Change, args: RecordCnil) -> dict[str, Any]:
    """Record the engagement; a date in the future does not count until it has come (P-23)."""
    if args.date > change.now_us:
        raise Refused(
            "Cette date est dans l’avenir.", where="date", todo="Notez-la une fois l’envoi fait.", rule="P-23"
        )
    commune = change.records.get(change.tx.db, "commune", COMMUNE_ID, CommuneRecord)
    change.put("commune", COMMUNE_ID, replace(commune, cnil_ref=args.reference, cnil_us=args.date))
    return {"journal": change.modified("record_cnil", reference=args.reference, date_us=args.date)}


ACTS: Final = {
    "declare_prefix": ActSpec(DeclarePrefix, declare_prefix),
    "record_order": ActSpec(RecordOrder, record_order, second=_shortens),
    "withdraw_order": ActSpec(WithdrawOrder, withdraw_order),
    "record_cnil": ActSpec(RecordCnil, record_cnil),
}
