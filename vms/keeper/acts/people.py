"""Habilitations and conventions: who may, from when, by which decision (P-51…P-53, P-58, P-61)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from pydantic import Field

from vms.errors import BadInput, Refused
from vms.keeper.acts.spec import ActSpec, one_of, refuse
from vms.keeper.arguments import Args, Digest, Identifier, Moment, MomentEnd, MotiveText, Name, Text
from vms.keeper.communes import Change, new_id
from vms.law.dates import add_months
from vms.law.facts import Convention, Habilitation, Suspension
from vms.law.habilitation import grant_lapse, habilitation_lapse
from vms.law.ladder import MAYORAL
from vms.law.rulebook import rulebook

# Only the mayor or a deputy gives these, and so every quality that may approve for another (``law.ladder``); the others
# may be entered by the head of service (P-52: the mayor habilitates, the head of service records the decision that the
# mayor signed). A State agent is habilitated by their own chief of service; the mayor records it (P-50).
GIVEN_BY_MAYOR: Final = frozenset({"mayor", "deputy", "chief", "auditor", "inspector", "state_agent"})


class Scope(Args):
    """What an habilitation covers: cameras (``all`` or a list) and acts, each a right of its own."""

    cameras: tuple[Identifier, ...] | str = "all"
    acts: tuple[str, ...] = ()


class Basis(Args):
    """The deed besides the decision: the préfet's approval (P-53) or the delegation (P-51)."""

    reference: Name
    from_: Moment | None = Field(default=None, alias="from")
    until: MomentEnd | None = None


class Grant(Args):
    """An habilitation to record."""

    person: Identifier
    role: Identifier
    category: Identifier | None = None
    decision_ref: Name
    signed_by: Name
    scope: Scope = Scope()
    from_: Moment = Field(alias="from")
    until: MomentEnd
    training_date: Moment | None = None
    pooled: bool = False
    basis: Basis | None = None
    document_sha256: Digest = ""
    service: str = Field(default="", max_length=32)
    level: str = Field(default="", max_length=32)


class Withdraw(Args):
    """An habilitation to withdraw, now."""

    habilitation: Identifier
    motive: MotiveText = Field(min_length=1)


class Suspend(Args):
    """An habilitation to let rest, now and until a date or until it is resumed (P-53)."""

    habilitation: Identifier
    motive: MotiveText = Field(min_length=1)
    until: MomentEnd | None = None


class Resume(Args):
    """A suspended habilitation that may serve again."""

    habilitation: Identifier


class RecordConvention(Args):
    """A convention to record (P-61…P-63); ``form`` is the way of pooling agents."""

    kind: Identifier
    reference: Name
    parties: Text = ""
    from_: Moment = Field(alias="from")
    until: MomentEnd
    form: str = Field(default="", max_length=32)


def grant(change: Change, args: Grant) -> dict[str, Any]:
    """Record an habilitation; nobody habilitates oneself, and only a mayor or deputy names their peers (P-58)."""
    if args.person == change.author.person:
        raise Refused("Nul ne s’habilite soi-même.", todo="Demandez au maire.", rule="P-58")
    if args.role in GIVEN_BY_MAYOR and change.author.role not in MAYORAL:
        raise Refused("Cette qualité est donnée par le maire ou son délégué.", todo="Demandez au maire.", rule="P-58")
    if args.role == "mayor" and change.author.role != "mayor" and _mayors(change):
        raise Refused("Un maire est en fonction.", todo="Lui seul enregistre qui lui succède.", rule="P-51")
    if args.training_date is not None and args.training_date > change.now_us:
        raise BadInput("Cette formation n’a pas eu lieu.", where="training_date", todo="Notez-la une fois suivie.")
    made = replace(_habilitation(args), granted_by=change.author.person, granted_us=change.now_us)
    refuse(grant_lapse(made), args.role)
    cameras = made.cameras or frozenset()
    if any(camera not in change.facts.cameras for camera in cameras):
        raise Refused("Une caméra de la portée n’est pas de cette commune.", todo="Retirez-la.", rule="P-62")
    change.put("habilitation", made.id, made)
    served: dict[str, Any] = {"service": made.service, "level": made.level} if made.service else {}
    seq = change.modified(
        "grant",
        habilitation=made.id,
        person=made.person,
        role=made.role,
        category=made.category,
        decision=made.decision_ref,
        acts=sorted(made.acts),
        from_us=made.from_us,
        until_us=made.until_us,
        **served,
    )
    return {"habilitation": made.id, "journal": seq}


def withdraw(change: Change, args: Withdraw) -> dict[str, Any]:
    """Withdraw at once: running views go dark at their next renewal, within five seconds (P-53, P-58)."""
    found = {one.id: one for one in change.facts.habilitations}.get(args.habilitation)
    one = one_of("habilitation", found, args.habilitation)
    if one.withdrawn_us is not None:
        return {"habilitation": one.id, "withdrawn_us": one.withdrawn_us}
    if one.role in GIVEN_BY_MAYOR and change.author.role not in MAYORAL:
        raise Refused("Cette qualité est retirée par le maire ou son délégué.", todo="Demandez au maire.", rule="P-58")
    _keep_a_mayor(change, one)
    change.put("habilitation", one.id, replace(one, withdrawn_us=change.now_us, withdrawn_motive=args.motive))
    seq = change.modified("withdraw", motive=args.motive, habilitation=one.id, person=one.person)
    return {"habilitation": one.id, "withdrawn_us": change.now_us, "journal": seq}


def suspend(change: Change, args: Suspend) -> dict[str, Any]:
    """Let an habilitation rest at once: its views go dark within five seconds (P-53)."""
    one = _known(change, args.habilitation)
    if one.suspension(change.now_us) is not None:
        return {"habilitation": one.id, "suspended": True}
    if args.until is not None and args.until <= change.now_us:
        raise BadInput("La suspension finit avant d’avoir commencé.", where="until", todo="Vérifiez la date.")
    _keep_a_mayor(change, one)
    suspensions = (*one.suspensions, Suspension(change.now_us, args.until, args.motive))
    change.put("habilitation", one.id, replace(one, suspensions=suspensions))
    seq = change.modified("suspend", motive=args.motive, habilitation=one.id, person=one.person, until_us=args.until)
    return {"habilitation": one.id, "suspended": True, "journal": seq}


def _mayors(change: Change) -> set[str]:
    """Whoever is mayor now: one, or two while a successor is being recorded."""
    return {
        one.person
        for one in change.facts.habilitations
        if one.role == "mayor" and habilitation_lapse(one, change.now_us) is None
    }


def _keep_a_mayor(change: Change, one: Habilitation) -> None:
    """Refused for what would put the mayor out: a deputy has their powers from them, and a commune keeps one (P-51)."""
    if one.role != "mayor" or one.person not in _mayors(change):
        return
    if change.author.role != "mayor":
        what = "La qualité de maire ne se retire ni ne se suspend par un adjoint."
        raise Refused(what, todo="Le nouveau maire le fait une fois enregistré.", rule="P-51")
    if _mayors(change) == {one.person}:
        raise Refused("La commune n’aurait plus de maire.", todo="Enregistrez d’abord qui lui succède.", rule="P-51")


def resume(change: Change, args: Resume) -> dict[str, Any]:
    """End the suspension in force; every other element of the habilitation must hold by itself (P-53, P-58)."""
    one = _known(change, args.habilitation)
    if one.person == change.author.person:
        raise Refused("Nul ne lève sa propre suspension.", todo="Demandez au maire.", rule="P-58")
    current = one.suspension(change.now_us)
    if current is None:
        return {"habilitation": one.id, "suspended": False}
    ended = tuple(replace(s, until_us=change.now_us) if s == current else s for s in one.suspensions)
    change.put("habilitation", one.id, replace(one, suspensions=ended))
    seq = change.modified("resume", habilitation=one.id, person=one.person)
    return {"habilitation": one.id, "suspended": False, "journal": seq}


def _known(change: Change, habilitation: str) -> Habilitation:
    """An habilitation that this person may suspend or give back (P-58)."""
    found = {one.id: one for one in change.facts.habilitations}.get(habilitation)
    one: Habilitation = one_of("habilitation", found, habilitation)
    if one.role in GIVEN_BY_MAYOR and change.author.role not in MAYORAL:
        raise Refused("Cette qualité relève du maire ou de son délégué.", todo="Demandez au maire.", rule="P-58")
    return one


def record_convention(change: Change, args: RecordConvention) -> dict[str, Any]:
    """Record a convention with its dates, and the legal form of a pooling (P-61…P-63)."""
    rule = rulebook().convention.get(args.kind)
    if rule is None:
        raise BadInput("Ce genre de convention n’existe pas.", where=args.kind, todo="Choisissez dans la liste.")
    if args.form and args.form not in rule.forms:
        raise BadInput("Cette forme ne va pas avec cette convention.", where="form", todo="Choisissez dans la liste.")
    months = rulebook().pooling_form[args.form].months if args.form else None
    if months is not None and args.until > add_months(args.from_, months):
        what = f"Cette mise en commun est limitée à {months} mois."
        raise Refused(what, where="until", todo="Reprenez les dates de l’arrêté du préfet.", rule="P-62")
    if not args.from_ < args.until:
        raise BadInput("La convention finit avant d’avoir commencé.", where="until", todo="Vérifiez les deux dates.")
    made = Convention(new_id("v"), args.kind, args.reference, args.parties, args.from_, args.until, args.form)
    change.put("convention", made.id, made)
    seq = change.modified(
        "record_convention", convention=made.id, kind=made.kind, reference=made.reference, until_us=made.until_us
    )
    return {"convention": made.id, "journal": seq}


def _habilitation(args: Grant) -> Habilitation:
    role = rulebook().role.get(args.role)
    category = args.category or (role.categories[0] if role and role.categories else "")
    if isinstance(args.scope.cameras, str) and args.scope.cameras != "all":
        raise BadInput("La portée est « all » ou une liste de caméras.", where="scope.cameras")
    basis = args.basis
    return Habilitation(
        id=new_id("h"),
        person=args.person,
        role=args.role,
        category=category,
        decision_ref=args.decision_ref,
        signed_by=args.signed_by,
        acts=frozenset(args.scope.acts),
        from_us=args.from_,
        until_us=args.until,
        cameras=None if isinstance(args.scope.cameras, str) else frozenset(args.scope.cameras),
        training_us=args.training_date,
        pooled=args.pooled,
        basis_ref=basis.reference if basis else "",
        basis_from_us=basis.from_ if basis else None,
        basis_until_us=basis.until if basis else None,
        document_sha256=args.document_sha256,
        service=args.service,
        level=args.level,
    )


ACTS: Final = {
    "grant": ActSpec(Grant, grant),
    "withdraw": ActSpec(Withdraw, withdraw),
    "suspend": ActSpec(Suspend, suspend),
    "resume": ActSpec(Resume, resume),
    "record_convention": ActSpec(RecordConvention, record_convention),
}
