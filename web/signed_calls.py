"""Which calls of the API a page signs, and for which act: the one table of routes, pages, command line (decision 0032).

The contract carries it (``contract_marks.mark`` adds ``x-act`` to each operation), the pages' own copy is made from the
contract when they are built (``ui/scripts/acts.mjs``), and the command line reads it here.
"""

from __future__ import annotations

from typing import Final

_COMMUNE: Final = "/communes/{commune}"
_CAMERA: Final = "/cameras/{camera_id}"
ORDER: Final = "order_provisioning"

# Address → act, for a POST. What the address names and what the body says are the act's arguments; the commune stands
# apart, and ``camera_id`` is the argument ``camera``.
SIGNED: Final = {
    f"{_COMMUNE}/people": "add_person",
    f"{_COMMUNE}/habilitations": "grant",
    "/habilitations/{habilitation}/withdraw": "withdraw",
    "/habilitations/{habilitation}/suspend": "suspend",
    "/habilitations/{habilitation}/resume": "resume",
    f"{_COMMUNE}/people/{{person}}/invitation": "invite_again",
    f"{_COMMUNE}/people/{{person}}/recovery": "approve_recovery",
    f"{_COMMUNE}/people/{{person}}/end-sessions": "end_sessions",
    "/account/workstation": "name_workstation",
    f"{_COMMUNE}/authorisations": "record_order",
    f"{_COMMUNE}/authorisations/{{order}}/withdraw": "withdraw_order",
    f"{_COMMUNE}/cameras/{{camera_id}}/changes": "declare_change",
    f"{_COMMUNE}/groupings": "record_grouping",
    f"{_COMMUNE}/groupings/{{grouping}}/consent": "consent",
    f"{_COMMUNE}/cnil": "record_cnil",
    f"{_COMMUNE}/information": "inform_public",
    f"{_COMMUNE}/conventions": "record_convention",
    f"{_COMMUNE}/retention/confirm-time": "confirm_time",
    f"{_COMMUNE}/emergencies": "ask_emergency",
    f"{_COMMUNE}/emergencies/persons": "name_emergency_persons",
    f"{_COMMUNE}/emergencies/confirm": "confirm_emergency",
    f"{_COMMUNE}/emergencies/close": "close_emergency",
    f"{_CAMERA}/authorise": "authorise_camera",
    f"{_CAMERA}/framing-class": "declare_framing_class",
    f"{_CAMERA}/framing/open": "open_framing",
    f"{_CAMERA}/framing/close": "close_framing",
    f"{_CAMERA}/zones": "draw_zones",
    f"{_CAMERA}/zones/{{zone_set}}/validate": "validate_zones",
    f"{_CAMERA}/panel": "post_panel",
    f"{_CAMERA}/prefect": "inform_prefect",
    f"{_CAMERA}/commission": "commission_camera",
    f"{_CAMERA}/service": "put_in_service",
    f"{_CAMERA}/suspend": "suspend_camera",
    f"{_CAMERA}/retire": "retire_camera",
    f"{_COMMUNE}/cameras/{{camera_id}}/position": "place_camera",
    f"{_COMMUNE}/cameras/{{camera_id}}/objective": "set_objective",
    f"{_COMMUNE}/cameras/{{camera_id}}/panel-photo": "post_panel_photo",
    f"{_COMMUNE}/site-plans": "file_site_plan",
    f"{_COMMUNE}/prefixes": "declare_prefix",
    f"{_COMMUNE}/discover": ORDER,
    f"{_COMMUNE}/enrol": ORDER,
    f"{_COMMUNE}/declare-rtsp": ORDER,
    f"{_COMMUNE}/rotate": ORDER,
    f"{_COMMUNE}/certificates/look": ORDER,
    f"{_COMMUNE}/certificates": ORDER,
    f"{_COMMUNE}/requests": "register_request",
    f"{_COMMUNE}/collections": "collect",
    "/requests/{request}/complete": "complete_request",
    "/requests/{request}/decision": "decide",
    "/requests/{request}/identity": "check_identity",
    "/requests/{request}/extension": "extend_answer",
    "/requests/{request}/receipt": "receive_package",
    f"{_COMMUNE}/holds": "place_hold",
    "/holds/{hold}/release": "release_hold",
    f"{_COMMUNE}/pending-acts/{{pending}}/confirm": "confirm_act",
    f"{_COMMUNE}/pending-acts/{{pending}}/stop": "stop_act",
    # No acts of the rulebook, but signed: what they say is in docs/formats/wish.md.
    "/requests/{request}/extract": "export",
    "/requests/{request}/package/key": "export",
    "/account/passkeys": "passkey_register",
    "/account/providers/return": "provider_link",
}
# An order to the provisioner: which kind, beside what the body says.
ORDER_KINDS: Final = {
    f"{_COMMUNE}/discover": "discover",
    f"{_COMMUNE}/enrol": "enrol",
    f"{_COMMUNE}/declare-rtsp": "declare_rtsp",
    f"{_COMMUNE}/rotate": "rotate",
    f"{_COMMUNE}/certificates/look": "look_certificate",
    f"{_COMMUNE}/certificates": "renew_certificate",
}
# A camera's account goes sealed to the provisioner: it is in no wish, so that the keeper never reads it.
ACCOUNT: Final = ("username", "password")
# A file: the argument that its SHA-256 is, beside what the query says.
FILE_DIGESTS: Final = {
    f"{_COMMUNE}/cameras/{{camera_id}}/panel-photo": "sent_sha256",
    f"{_COMMUNE}/site-plans": "sha256",
}
