"""The facts that the law's rules read: dated records of one commune, frozen, with no store behind them.

Every element carries its dates, so that each rule can be asked for any instant. Times are µs since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vms.law.masks import Mask, MaskDrift, SeenMasks
from vms.law.objective import Objective
from vms.law.siting import Position, SitePlan


@dataclass(frozen=True, slots=True)
class Order:
    """A prefectural authorisation (P-20…P-27); empty ``cameras`` or ``allowed_roles`` mean no restriction.

    ``ground`` says why a provisional one was given, ``replaces`` which order it renews, ``recipients`` which services
    of the State may be given a direct access and under which ``modalities`` (P-50). ``document_sha256`` is the digest
    of the signed text, kept at the town hall.
    """

    id: str
    reference: str
    prefect: str
    from_us: int
    until_us: int
    max_days: int
    purposes: frozenset[str]
    min_days: int | None = None
    allowed_roles: frozenset[str] = frozenset()
    cameras: frozenset[str] = frozenset()
    provisional: bool = False
    event_end_us: int | None = None
    ground: str = ""
    recipients: frozenset[str] = frozenset()
    modalities: str = ""
    regime: str = "voie_publique"
    replaces: str | None = None
    withdrawn_us: int | None = None
    withdrawn_ref: str = ""
    document_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Suspension:
    """A right that rests for a time; ``until_us`` None is until it is resumed (P-53)."""

    from_us: int
    until_us: int | None
    motive: str


@dataclass(frozen=True, slots=True)
class Habilitation:
    """What a person was individually given (P-58); ``cameras`` None means all of the commune's.

    ``basis_*`` is the deed that the role needs besides the decision: the préfet's approval of a CSU operator (P-53),
    the delegation of a deputy (P-51). ``pooled`` marks agents whom a convention puts at the commune's disposal (P-61).
    ``service`` and ``level`` are those of the chief of service who habilitated an agent of the State (P-50).
    ``granted_by`` is who recorded it, when (``granted_us``); empty for those that found a commune (P-58).
    """

    id: str
    person: str
    role: str
    category: str
    decision_ref: str
    signed_by: str
    acts: frozenset[str]
    from_us: int
    until_us: int
    cameras: frozenset[str] | None = None
    training_us: int | None = None
    pooled: bool = False
    basis_ref: str = ""
    basis_from_us: int | None = None
    basis_until_us: int | None = None
    withdrawn_us: int | None = None
    withdrawn_motive: str = ""
    suspensions: tuple[Suspension, ...] = ()
    document_sha256: str = ""
    service: str = ""
    level: str = ""
    granted_by: str = ""
    granted_us: int = 0

    def suspension(self, now_us: int) -> Suspension | None:
        """The suspension in force at an instant, if any."""
        for one in self.suspensions:
            if one.from_us <= now_us and (one.until_us is None or now_us < one.until_us):
                return one
        return None


@dataclass(frozen=True, slots=True)
class Convention:
    """An agreement between bodies, with its dates (P-61, P-63); ``form`` is the way of pooling agents (P-62)."""

    id: str
    kind: str
    reference: str
    parties: str
    from_us: int
    until_us: int
    form: str = ""


@dataclass(frozen=True, slots=True)
class Grouping:
    """The body that acquires and pools for the commune, and the commune's own consent with its dates (P-60).

    ``members`` are the kinds of its members, ``chair`` the kind of who presides.
    """

    id: str
    kind: str
    name: str
    reference: str
    members: frozenset[str]
    chair: str
    consent_ref: str = ""
    consent_us: int | None = None
    consent_ended_us: int | None = None


@dataclass(frozen=True, slots=True)
class Modification:
    """A change of what the order was given for, to be declared: the camera waits for its new order (P-27)."""

    id: str
    camera: str
    kind: str
    declared_us: int
    declared_by: str
    order: str | None = None
    settled_us: int | None = None
    settled_order: str | None = None


@dataclass(frozen=True, slots=True)
class Zones:
    """A zone set of a camera; it counts from ``validated_us`` on (P-10, P-11)."""

    id: str
    camera: str
    version: int
    polygons: tuple[Mapping[str, Any], ...]
    no_dwelling: bool
    author: str
    created_us: int
    validator: str | None = None
    validated_us: int | None = None
    sizes: tuple[Mapping[str, Any], ...] = ()
    # The camera's own masks when the set was validated; None when it could not tell, or was not asked (O-44).
    masks: tuple[Mask, ...] | None = None


@dataclass(frozen=True, slots=True)
class Framing:
    """A framing session: one camera, live, time-boxed, opened by a habilitated person (P-57)."""

    id: str
    camera: str
    opened_by: str
    from_us: int
    until_us: int
    closed_us: int | None = None


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera's legal side; ``states`` is its history, ``attached`` that of its orders, both oldest first.

    ``panel_photo`` is the SHA-256 (hex) of the photograph of its notice, empty while there is none (P-80).
    ``stop_motive`` is why it is suspended or retired, empty in any other state.
    """

    id: str
    commune: str
    name: str
    place: str
    states: tuple[tuple[int, str], ...]
    order: str | None = None
    purposes: frozenset[str] = frozenset()
    profiles: tuple[Mapping[str, Any], ...] = ()
    narrow: bool | None = None
    fast_flows: bool | None = None
    panel_us: int | None = None
    panel_place: str = ""
    panel_photo: str = ""
    panel_photo_us: int | None = None
    panel_photo_place: str = ""
    prefect_informed_us: int | None = None
    source: str = "onvif"
    regime: str = "voie_publique"
    attached: tuple[tuple[int, str], ...] = ()
    stop_motive: str = ""

    def state_at(self, now_us: int) -> str:
        """The legal state at an instant; ``found`` before anything was recorded."""
        return self.last_state(now_us)[1]

    def last_state(self, now_us: int) -> tuple[int | None, str]:
        """The legal state at an instant and since when; None and ``found`` before anything was recorded."""
        current: tuple[int | None, str] = (None, "found")
        for since_us, state in self.states:
            if since_us <= now_us:
                current = since_us, state
        return current


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: these cameras’ footage in ``[from_us, to_us)`` stays until it ends or is released (P-32, P-34).

    ``after``: the holds that kept something of it when this one was placed (``vms.law.holds.before``).
    """

    id: str
    cameras: frozenset[str]
    from_us: int
    to_us: int
    procedure: str
    authority: str
    reference: str
    requester: str
    placed_by: str
    placed_us: int
    until_us: int
    provisional: bool = False
    released_us: int | None = None
    request: str | None = None
    after: tuple[str, ...] = ()

    def active(self, now_us: int) -> bool:
        """Whether it holds at this instant; from its placing on, whatever a clock that was set back says since."""
        return now_us < self.until_us and (self.released_us is None or now_us < self.released_us)


@dataclass(frozen=True, slots=True)
class Request:
    """A request for footage and what became of it (P-72, P-74, P-33).

    ``habilitation`` is the one under which an agent of the State collects for themselves, without a decision (P-73).
    """

    id: str
    frame: str
    fields: Mapping[str, Any]
    cameras: frozenset[str]
    from_us: int
    to_us: int
    motive: str
    state: str
    registered_by: str
    registered_us: int
    answer_by_us: int | None = None
    hold: str | None = None
    decision: str = ""
    ground: str = ""
    comment: str = ""
    decided_by: str = ""
    decided_us: int | None = None
    escalated_us: int | None = None
    package: Mapping[str, Any] = field(default_factory=dict)
    number: str = ""
    # What was asked, when less was granted: ``cameras`` and the range above are always what may leave.
    asked: Mapping[str, Any] = field(default_factory=dict)
    # How a filmed person's request is granted (P-82), and when they come to see, µs UTC.
    outcome: str = ""
    appointment_us: int | None = None
    habilitation: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyPersons:
    """Who may sign exceptional openings, each with the instant of their naming, µs UTC (decision 0016)."""

    persons: tuple[tuple[str, int], ...]
    named_by: str

    def since_us(self, person: str) -> int | None:
        """When a person was named, None for anybody else."""
        return dict(self.persons).get(person)


@dataclass(frozen=True, slots=True)
class Emergency:
    """An exceptional opening: what the first person asked for, and once a second signed, until when (decision 0016)."""

    id: str
    cameras: frozenset[str]
    from_us: int
    to_us: int
    minutes: int
    motive: str
    asked_by: str
    asked_us: int
    confirmed_by: str = ""
    opened_us: int | None = None
    until_us: int | None = None
    closed_us: int | None = None
    closed_by: str = ""


@dataclass(frozen=True, slots=True)
class CommuneFacts:
    """Everything the gate reads about one commune at one moment."""

    id: str
    name: str
    cnil_ref: str = ""
    cnil_us: int | None = None
    orders: Mapping[str, Order] = field(default_factory=dict)
    habilitations: tuple[Habilitation, ...] = ()
    conventions: tuple[Convention, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    modifications: tuple[Modification, ...] = ()
    cameras: Mapping[str, CameraFacts] = field(default_factory=dict)
    zones: tuple[Zones, ...] = ()
    framings: tuple[Framing, ...] = ()
    holds: tuple[Hold, ...] = ()
    requests: Mapping[str, Request] = field(default_factory=dict)
    emergencies: tuple[Emergency, ...] = ()
    emergency_persons: EmergencyPersons | None = None
    positions: Mapping[str, Position] = field(default_factory=dict)
    site_plans: Mapping[str, SitePlan] = field(default_factory=dict)
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    drifts: tuple[MaskDrift, ...] = ()
    seen_masks: Mapping[str, SeenMasks] = field(default_factory=dict)

    def drift_at(self, camera: str, zone_set: str, at_us: int) -> MaskDrift | None:
        """The drift of the masks that came with this zone set, if it lasted at an instant (O-44)."""
        mine = (one for one in self.drifts if one.camera == camera and one.zone_set == zone_set)
        return next((one for one in mine if one.lasts(at_us)), None)

    def unmasked(self, camera: str, from_us: int, to_us: int) -> tuple[MaskDrift, ...]:
        """The drifts of a camera that touch a range: what was recorded in them stays shut (P-11)."""
        return tuple(one for one in self.drifts if one.camera == camera and one.touches(from_us, to_us))

    def active_zones(self, camera: str, now_us: int) -> Zones | None:
        """The zone set in force: the latest that was validated by ``now_us``."""
        mine = (z for z in self.zones if z.camera == camera)
        in_force = [z for z in mine if z.validated_us is not None and z.validated_us <= now_us]
        return max(in_force, key=lambda z: z.version, default=None)

    def open_framing(self, camera: str, now_us: int) -> Framing | None:
        """The framing session that is open on this camera, if any."""
        for one in self.framings:
            closed = one.closed_us is not None and one.closed_us <= now_us
            if one.camera == camera and one.from_us <= now_us < one.until_us and not closed:
                return one
        return None

    def order_of(self, camera: CameraFacts, at_us: int) -> Order | None:
        """The order that a camera is under at an instant: the one it was attached to, or the one that has replaced it
        since, so that a renewal recorded in time leaves no dark day (P-20, P-21).
        """
        name = camera.attached[0][1] if camera.attached else camera.order
        for since_us, attached in camera.attached:
            if since_us <= at_us:
                name = attached
        order = self.orders.get(name) if name else None
        for _ in self.orders:  # as many steps as there are orders at most
            found = self._successor(order, at_us)
            if found is None:
                break
            order = found
        return order

    def _successor(self, order: Order | None, at_us: int) -> Order | None:
        if order is not None:
            for one in self.orders.values():
                if one.replaces == order.id and one.from_us <= at_us:
                    return one
        return None

    def open_modification(self, camera: str, at_us: int) -> Modification | None:
        """The change of this camera that waits for a new order at an instant, if any (P-27)."""
        for one in self.modifications:
            settled = one.settled_us is not None and one.settled_us <= at_us
            if one.camera == camera and one.declared_us <= at_us and not settled:
                return one
        return None

    def habilitations_of(self, person: str) -> tuple[Habilitation, ...]:
        """All of a person's habilitations here, lapsed ones too."""
        return tuple(h for h in self.habilitations if h.person == person)
