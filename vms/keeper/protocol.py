"""What the keeper speaks: acts, roles, the closed list of operations per audience, and the messages' shapes.

Three audiences, three sockets (design §3): the web process, the recorders, the provisioner; a fourth socket
is for the host's own start-up (``vms init``) and its e-mail outbox. An operation not listed for an audience
does not exist there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from vms.law.masks import Mask


class Act(StrEnum):
    """The acts that open pictures; each is a right of its own in an habilitation (P-58)."""

    LIVE = "live"
    REPLAY = "replay"
    FRAMING = "framing"
    EXPORT = "export"
    SNAPSHOT = "snapshot"


class Role(StrEnum):
    """What a person may be in a commune; roles come from habilitations only (P-50…P-58)."""

    OFFICER = "officer"
    CHIEF = "chief"
    MAYOR = "mayor"
    DEPUTY = "deputy"
    STATE_AGENT = "state_agent"
    SECRETARY = "secretary"
    CSU_OPERATOR = "csu_operator"
    INSTALLER = "installer"
    AUDITOR = "auditor"
    INSPECTOR = "inspector"
    HOST_ADMIN = "host_admin"


class Use(StrEnum):
    """What a passkey's challenge is for; an answer to one is no answer to another."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    UNLOCK = "unlock"


class LegalState(StrEnum):
    """A camera's life (P-24, design §8)."""

    FOUND = "found"
    ENROLLED = "enrolled"
    AUTHORISED = "authorised"
    FRAMED = "framed"
    COMMISSIONED = "commissioned"
    IN_SERVICE = "in_service"
    SUSPENDED = "suspended"
    RETIRED = "retired"


WEB_SOCKET: Final = "k-web.sock"
RECORDER_SOCKET: Final = "k-rec.sock"
PROVISIONER_SOCKET: Final = "k-prov.sock"
HOST_SOCKET: Final = "k-adm.sock"
# Between machines each audience has a port of its own: VMS_KEEPER_PORT, and those above it in this order.
BY_PORT: Final = (RECORDER_SOCKET, WEB_SOCKET, PROVISIONER_SOCKET, HOST_SOCKET)

WEB_OPS: Final = frozenset(
    {
        "sign_in", "sign_out", "session", "act_for", "step_up", "extend", "unlock", "unlock_options", "drill_key",
        "add_token", "remove_token",
        "admit", "prolong", "renew", "end", "key_window", "put_package_key", "open_package", "act", "read",
        "permit_key",
        "public_page", "file_access", "follow_access",
        "passkey_options", "passkey_sign_in", "passkey_step_up", "passkey_register", "passkey_remove", "account",
        "prove_destruction", "sign_export", "make_document",
        "second_factor_begin", "second_factor_confirm", "second_factor_remove", "change_password",
        "end_session", "recover", "stop_recovery", "accept_invitation",
        "providers", "provider_begin", "provider_sign_in", "provider_link", "identity_remove",
    }
)  # fmt: skip
RECORDER_OPS: Final = frozenset(
    {
        "plan",
        "put_hour_key",
        "put_heads",
        "retention",
        "destruction_time",
        "report_gap",
        "report_erased",
        "permit_key",
        "packages",
        "past_plan",
        "report_recovered",
        "report_masks",
    }
)
PROVISIONER_OPS: Final = frozenset({"check_order", "camera_enrolled"})
HOST_OPS: Final = frozenset(
    {
        "init_commune", "add_host_admin", "mandate_recovery", "outbox", "outbox_sent", "tell_auditors",
        "uncosigned", "consistency", "put_cosignatures", "prove_destruction", "unstamped", "put_stamp",
    }
)  # fmt: skip

ACT_NAMES: Final = frozenset(
    {
        "declare_prefix", "record_order", "record_cnil", "authorise_camera", "declare_framing_class", "open_framing",
        "inform_public",
        "close_framing", "draw_zones", "validate_zones", "post_panel", "post_panel_photo", "inform_prefect",
        "commission_camera",
        "put_in_service", "suspend_camera", "retire_camera", "add_person", "grant", "withdraw", "record_convention",
        "end_sessions", "approve_recovery", "invite_again", "name_workstation",
        "name_emergency_persons", "ask_emergency", "confirm_emergency", "close_emergency",
        "place_camera", "file_site_plan", "set_objective",
        "confirm_time", "place_hold", "release_hold", "register_request", "collect", "decide",
        "complete_request",
        "check_identity", "extend_answer", "sign_manifest",
        "certify_export", "record_package", "receive_package", "purge_package", "order_provisioning",
        "withdraw_order", "declare_change", "suspend", "resume", "record_grouping", "consent",
        "confirm_act", "stop_act",
    }
)  # fmt: skip
READ_NAMES: Final = frozenset(
    {
        "people", "person_access", "orders", "cameras", "zone_sets",
        "journal", "journal_tile", "journal_checkpoint", "journal_proof", "journal_records", "journal_review",
        "documents",
        "holds", "retention", "requests", "request", "applicant",
        "seal", "whoami_rights", "rights", "communes", "purposes",
        "conventions", "legal_frames", "provisioning_orders", "groupings", "emergencies", "explain", "explain_mine",
        "pending_acts",
    }
)  # fmt: skip

KEY_WINDOW_INFO: Final = b"guet/key-window/v1"
KEY_WINDOW_LIMIT_US: Final = 5 * 60 * 1_000_000
PACKAGE_WINDOW_INFO: Final = b"guet/package-window/v1"
PAGE_KEY_BYTES: Final = 32


class Message(BaseModel):
    """A message of the protocol: frozen, and nothing unknown is accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonView(Message):
    """Who is signed in."""

    id: str
    label: str
    login: str
    host_admin: bool = False


class CommuneChoice(Message):
    """One commune that a person may act for, or why not (P-62)."""

    id: str
    name: str
    role: str
    available: bool
    reason: str = ""
    rule: str = ""
    until_us: int | None = None
    purposes: tuple[str, ...] = ()


class Acting(Message):
    """The one commune of authority, with the purpose and motive that the journal will carry (P-02, P-40,
    P-62).
    """

    commune: str
    name: str = ""
    role: str
    purpose: str = ""
    motive: str = ""
    since_us: int


class Session(Message):
    """A signed-in person's session; ``token`` is the opaque bearer secret, known to the web process and the browser.

    It ends at ``expires_us`` whatever is done, at ``idle_expires_us`` if nothing is; ``extend`` moves the latter.
    ``id`` is public; ``moment`` is the keeper's instant, for the wishes that the page signs next.
    """

    token: str
    id: str = ""
    moment: str = ""
    person: PersonView
    expires_us: int
    idle_expires_us: int
    communes: tuple[CommuneChoice, ...] = ()
    acting: Acting | None = None
    step_up_until_us: int = 0
    unlocked: dict[str, bool] = Field(default_factory=dict)
    holder_of: tuple[str, ...] = ()
    unlocks_by_passkey: tuple[str, ...] = ()
    unlocks_by_token: tuple[str, ...] = ()
    has_passkey: bool = False


class Admitted(Message):
    """A permit's first token, the consultation's id and the number of its journal entry (P-40)."""

    permit: str
    id: str
    journal: int


class SegmentKeysAsked(Message):
    """Groups of one segment whose keys a page asks for."""

    name: str = Field(min_length=1, max_length=200)
    groups: tuple[int, ...] = Field(min_length=1, max_length=4096)


class ZoneView(Message):
    """The validated zone set that a recorder must burn in (P-11); ``sizes`` are the pictures it was validated on."""

    id: str
    version: int
    camera: str
    polygons: tuple[dict[str, Any], ...] = ()
    no_dwelling: bool = False
    author: str = ""
    validator: str | None = None
    created_us: int = 0
    validated_us: int | None = None
    sizes: tuple[dict[str, Any], ...] = ()


class MaskPlan(Message):
    """What the keeper knows of a camera's own masks (O-44): those that were validated with its zones (None: not known
    then), the digest of those it reported last (empty: never), whether it is cut because the former are missing.
    """

    validated: tuple[Mask, ...] | None = None
    seen: str = ""
    drift: bool = False


class CameraPlan(Message):
    """What the law lets a recorder do with one camera now; ``record_until_us`` holds even if the keeper is
    away.
    """

    camera: str
    commune: str
    legal_state: LegalState
    record: bool
    refusal_cause: Literal["", "not-authorised", "suspended", "mask-drift"] = ""
    record_until_us: int | None = None
    framing_until_us: int | None = None
    zone_set: ZoneView | None = None
    masks: MaskPlan = MaskPlan()
    retention_days: int | None = None
    min_days: int | None = None
    narrow: bool = False
    fast_flows: bool = False


class DestructionTime(Message):
    """By what time a commune's footage may be destroyed, and what the machine's time is doubted for, if it is."""

    now_us: int
    what: str = ""
    todo: str = ""


class PastSpan(Message):
    """A past range in which a camera might be recorded, with the zone set then in force (P-11)."""

    from_us: int
    to_us: int
    zone_set: ZoneView


class CommunePlan(Message):
    """A commune's name and the public key that hour keys are wrapped to (base64)."""

    name: str
    public_key: str


class Plan(Message):
    """The recorders' plan; ``permit_key`` (base64, raw Ed25519) verifies permits. Signed, so it can be
    cached.
    """

    version: str
    issued_us: int
    permit_key: str
    communes: dict[str, CommunePlan]
    cameras: tuple[CameraPlan, ...]


class HeldRange(Message):
    """A hold as a recorder needs it: footage in ``[from_us, to_us)`` of this camera stays (P-32)."""

    id: str
    from_us: int
    to_us: int
    until_us: int | None = None


class CameraRetention(Message):
    """How long a camera's footage may and must stay, and what is held."""

    camera: str
    max_days: int
    min_days: int | None = None
    holds: tuple[HeldRange, ...] = ()


class ProvisioningOrderView(Message):
    """What the provisioner may do, once the keeper's signature on the order is checked."""

    id: str
    commune: str
    kind: str
    args: dict[str, Any]
    person: str
    issued_us: int
    expires_us: int
