"""How the other processes speak to the keeper: one small class per audience, each method one operation.

Every method raises the GuetError that the keeper answered, or Unavailable when it is away; callers of
pictures treat Unavailable as a refusal (no permit, no pixels).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from vms.errors import Damaged
from vms.keeper.clients.account import PASSWORD_WAIT_S, PROVIDER_WAIT_S, KeeperForAccounts
from vms.keeper.gate.statement import open_plan
from vms.keeper.protocol import (
    BY_PORT,
    Act,
    Admitted,
    CameraRetention,
    DestructionTime,
    PastSpan,
    Plan,
    ProvisioningOrderView,
    Session,
)
from vms.settings import Settings
from vms.wire import WireClient
from vms.wire_tls import TlsAddress, machine_identity

JOURNAL_WORK_S: Final = 120.0  # what is drawn from a whole journal takes its time


class KeeperForWeb:
    """What the web process may ask; ``accounts`` is the door and people's own accounts."""

    def __init__(self, address: Path | TlsAddress) -> None:
        self._wire = WireClient(address)
        self.accounts = KeeperForAccounts(self._wire)

    async def _call(self, op: str, **args: Any) -> dict[str, Any]:
        return (await self._wire.call(op, args))[0]

    async def sign_in(
        self, login: str, password: str, workstation: str, code: str = "", post: str = "", key: str = "",
        address: str = "",
    ) -> Session:  # fmt: skip
        """A new session; Unauthenticated (one sentence whatever was wrong), SecondFactorNeeded without an account's
        ``code``, TooManyRequests while backing off. ``post`` is a workstation's secret, ``key`` its page's public key,
        without which the session opens nothing (``vms.keeper.identity.signed_request``),
        ``address`` whom the back-off counts.
        """
        args = {"login": login, "password": password, "workstation": workstation, "code": code, "post": post}
        args |= {"key": key, "address": address}
        return Session.model_validate((await self._wire.call("sign_in", args, timeout_s=PASSWORD_WAIT_S))[0])

    async def sign_out(self, token: str) -> str:
        """End the session and every view it opened; where to sign out of the identity provider too, or nothing."""
        return str((await self._wire.call("sign_out", {"token": token}, timeout_s=PROVIDER_WAIT_S))[0]["leave"])

    async def session(self, token: str) -> Session:
        """The session as it stands; does not count as activity."""
        return Session.model_validate(await self._call("session", token=token))

    async def act_for(self, token: str, commune: str, purpose: str, motive: str = "") -> Session:
        """Act for one commune from now on (P-62); views opened for another end at their next renewal."""
        answer = await self._call("act_for", token=token, commune=commune, purpose=purpose, motive=motive)
        return Session.model_validate(answer)

    async def step_up(self, token: str, password: str) -> Session:
        """Give the password again: decisions, extractions and validations are possible for five minutes."""
        args = {"token": token, "password": password}
        return Session.model_validate((await self._wire.call("step_up", args, timeout_s=PASSWORD_WAIT_S))[0])

    async def extend(self, token: str) -> Session:
        """Count as activity; the absolute end does not move."""
        return Session.model_validate(await self._call("extend", token=token))

    async def unlock(
        self, token: str, commune: str, passphrase: str = "", answer: dict[str, Any] | None = None, secret: str = ""
    ) -> dict[str, Any]:
        """A holder opens the commune's private key; ``{"commune", "unlocked": true}``. By passphrase, or by a passkey's
        ``answer`` and ``secret`` (base64); with all three, that passkey opens it too from now on.
        """
        args = {"token": token, "commune": commune, "passphrase": passphrase, "answer": answer, "secret": secret}
        return (await self._wire.call("unlock", args, timeout_s=30))[0]

    async def drill_key(self, token: str, commune: str, passphrase: str) -> dict[str, Any]:
        """A holder shows that the passphrase opens the commune's key; nothing is unlocked (A-14)."""
        args = {"token": token, "commune": commune, "passphrase": passphrase}
        return (await self._wire.call("drill_key", args, timeout_s=30))[0]

    async def admit(
        self,
        token: str,
        act: Act | str,
        cameras: Sequence[str],
        from_us: int | None = None,
        to_us: int | None = None,
        motive: str | None = None,
        request: str | None = None,
        statement: str = "",
    ) -> Admitted:
        """A permit, journalled before it is returned; Refused names the rule. ``request`` is needed for an
        export; ``statement`` is the page's signed wish for all of this.
        """
        answer = await self._call(
            "admit",
            token=token,
            act=str(act),
            cameras=list(cameras),
            from_us=from_us,
            to_us=to_us,
            motive=motive,
            request=request,
            statement=statement,
        )
        return Admitted.model_validate(answer)

    async def permit_key(self) -> bytes:
        """The raw Ed25519 public key that permits are signed with."""
        return base64.b64decode((await self._call("permit_key"))["key"])

    async def commune_key(self, commune: str) -> bytes:
        """A commune's public key, to which its packages' keys are wrapped."""
        return base64.b64decode((await self._call("permit_key", commune=commune))["commune_key"])

    async def public_page(self, commune: str) -> dict[str, Any]:
        """What a commune tells everyone (P-28, P-81); NotFound when it is not here."""
        return await self._call("public_page", commune=commune)

    async def file_access(self, commune: str, address: str, asked: dict[str, Any]) -> dict[str, Any]:
        """A filmed person's request, with the follow-up code told this once; TooManyRequests, Refused or BadInput."""
        return await self._call("file_access", commune=commune, address=address, asked=asked)

    async def follow_access(self, commune: str, address: str, code: str) -> dict[str, Any]:
        """The state of the request that a follow-up code belongs to; NotFound for any other code."""
        return await self._call("follow_access", commune=commune, address=address, code=code)

    async def prolong(self, permit_id: str, statement: str) -> None:
        """Let a view last some minutes more, on a fresh signed wish of its page."""
        await self._call("prolong", permit=permit_id, statement=statement)

    async def renew(self, permit_ids: Sequence[str]) -> dict[str, str | dict[str, Any]]:
        """A fresh token for each permit that still holds, ``{"refused": {…}}`` for each that does not."""
        answer = await self._call("renew", ids=list(permit_ids))
        permits: dict[str, str | dict[str, Any]] = answer["permits"]
        return permits

    async def end(self, permit_ids: Sequence[str]) -> None:
        """Close consultations in the journal (P-41)."""
        await self._call("end", ids=list(permit_ids))

    async def key_window(
        self,
        permit_id: str,
        camera: str,
        page_public: bytes,
        segments: Sequence[dict[str, Any]],
        from_us: int,
        to_us: int,
        statement: str = "",
    ) -> bytes:
        """Exactly the group keys asked for, HPKE-sealed to the page (``enc ‖ ct``), journalled first.

        ``segments`` is ``[{"name": str, "groups": [int, …]}]``; the window is five minutes at most (an
        export has its request's span instead). Plaintext: ``{"keys": [{"segment": name, "groups": {"0": b64
        key}}]}``. Refused, BadInput, or Unavailable while the commune is locked. ``statement`` is the page's signed
        wish for this window and this key of its own; an extraction's windows want none.
        """
        args = {
            "permit": permit_id,
            "camera": camera,
            "segments": list(segments),
            "from_us": from_us,
            "to_us": to_us,
            "statement": statement,
        }
        _, sealed = await self._wire.call("key_window", args, body=page_public)
        return sealed

    async def put_package_key(self, permit_id: str, package: str, wrapped: bytes) -> None:
        """Leave the key of a package just extracted, wrapped to the commune; needs the export permit."""
        await self._wire.call("put_package_key", {"permit": permit_id, "package": package}, body=wrapped)

    async def open_package(self, permit_id: str, page_public: bytes) -> tuple[str, bytes]:
        """The package's name and its key sealed to the page (``enc ‖ ct``), journalled first; needs an export permit.

        NotFound once it was destroyed, Unavailable while the commune is locked.
        """
        answer, sealed = await self._wire.call("open_package", {"permit": permit_id}, body=page_public)
        return str(answer["package"]), sealed

    async def act(self, token: str, name: str, args: dict[str, Any], statement: str = "") -> dict[str, Any]:
        """Any other act that changes a fact; gated by role, journalled with its motive. It wants the page's signed wish
        (``act_classes.UNSIGNED_ACTS`` are the exceptions), many a step-up too.
        """
        return await self._call("act", token=token, name=name, args=args, statement=statement)

    async def prove_destruction(self, token: str, day: str, camera: str = "") -> bytes:
        """The file of a destruction certificate of the commune acted for; gated by role, journalled (P-29)."""
        args = {"token": token, "day": day, "camera": camera}
        return (await self._wire.call("prove_destruction", args, timeout_s=JOURNAL_WORK_S))[1]

    async def make_document(self, token: str, kind: str, asked: dict[str, Any], measured: bytes) -> bytes:
        """A document's data (JSON, ``docs/formats/document.md``); gated by role, journalled by its digest (P-29).

        ``asked`` is ``day``, ``first`` and ``last``, ``year`` or ``order``; ``measured`` what recorders measured.
        """
        args = {"token": token, "kind": kind, "asked": asked}
        return (await self._wire.call("make_document", args, body=measured, timeout_s=JOURNAL_WORK_S))[1]

    async def sign_export(self, token: str, log: str) -> tuple[int, str]:
        """(how many entries, the signed note) of a log's tables for the CNIL; gated by role, journalled (D-13)."""
        answer, _ = await self._wire.call("sign_export", {"token": token, "log": log}, timeout_s=JOURNAL_WORK_S)
        return int(answer["size"]), str(answer["note"])

    async def read(self, token: str, name: str, args: dict[str, Any] | None = None) -> dict[str, Any]:
        """A read of the commune acted for; gated by role."""
        return await self._call("read", token=token, name=name, args=args or {})


def way_to_keeper(settings: Settings, audience: str) -> Path | TlsAddress:
    """Where an audience (one of ``BY_PORT``) finds the keeper: here, or at ``VMS_KEEPER_AT`` over mutual TLS."""
    if settings.has_keeper:
        return settings.run_dir / audience
    host, _, port = settings.keeper_at.rpartition(":")
    return TlsAddress(host, int(port) + BY_PORT.index(audience), host, machine_identity(settings).client_context())


class KeeperForRecorder:
    """What a recorder may ask: what the law lets it do, and where keys, heads and reports go."""

    def __init__(self, address: Path | TlsAddress) -> None:
        self._wire = WireClient(address)

    async def plan(self, known_version: str = "", trusted_key: bytes | None = None) -> tuple[Plan, str] | None:
        """The plan and its signed form for a cache, or None when ``known_version`` is still right.

        ``trusted_key`` is the keeper's raw Ed25519 key when the recorder knows one already (else the first
        is trusted); Damaged when the signature does not hold.
        """
        answer, _ = await self._wire.call("plan", {"known": known_version})
        if answer.get("unchanged"):
            return None
        note = answer.get("plan")
        if not isinstance(note, str):
            raise Damaged("Le gardien a répondu sans plan.", where="k-rec.sock")
        return open_plan(note, trusted_key), note

    async def permit_key(self) -> bytes:
        """The raw Ed25519 public key that permits, plans and orders are signed with."""
        answer, _ = await self._wire.call("permit_key", {})
        return base64.b64decode(answer["key"])

    async def put_hour_key(self, commune: str, camera: str, key_id: str, hour_us: int, wrapped: bytes) -> bool:
        """Hand over a wrapped camera-hour key; repeatable. False when the hour is due already and nothing
        was kept.
        """
        args = {"commune": commune, "camera": camera, "key_id": key_id, "hour_us": hour_us}
        answer, _ = await self._wire.call("put_hour_key", args, body=wrapped)
        return bool(answer["stored"])

    async def put_heads(self, heads: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Hand over chain heads ``{"camera", "stream", "sequence", "link" (hex), "segment"}``; each comes
        back signed.
        """
        answer, _ = await self._wire.call("put_heads", {"heads": list(heads)})
        signed: list[dict[str, Any]] = answer["heads"]
        return signed

    async def retention(self, commune: str) -> list[CameraRetention]:
        """Each camera's retention and holds."""
        answer, _ = await self._wire.call("retention", {"commune": commune})
        return [CameraRetention.model_validate(one) for one in answer["cameras"]]

    async def destruction_time(self, commune: str) -> DestructionTime:
        """By what time the commune's footage may be destroyed (P-30)."""
        answer, _ = await self._wire.call("destruction_time", {"commune": commune})
        return DestructionTime.model_validate(answer)

    async def packages(self, commune: str) -> set[str]:
        """The packages whose key is still there; the files of all others are to be destroyed (P-33)."""
        answer, _ = await self._wire.call("packages", {"commune": commune})
        return set(answer["packages"])

    async def report_gap(self, commune: str, gaps: Sequence[dict[str, Any]]) -> None:
        """Journal recording starts, stops, absences (*collecte*, P-41): ``{"camera", "from_us", "to_us", "cause"}``."""
        await self._wire.call("report_gap", {"commune": commune, "gaps": list(gaps)})

    async def report_recovered(self, commune: str, spans: Sequence[dict[str, Any]]) -> None:
        """Journal footage brought back from a card (*collecte*): ``{"camera", "stream", "from_us", "to_us"}``."""
        await self._wire.call("report_recovered", {"commune": commune, "spans": list(spans)})

    async def past_plan(self, commune: str, camera: str, from_us: int, to_us: int) -> list[PastSpan]:
        """What the law let a recorder keep of a camera over a past range, and keep now (P-11, P-24, P-30)."""
        args = {"commune": commune, "camera": camera, "from_us": from_us, "to_us": to_us}
        answer, _ = await self._wire.call("past_plan", args)
        return [PastSpan.model_validate(one) for one in answer["spans"]]

    async def report_erased(self, commune: str, erased: Sequence[dict[str, Any]]) -> None:
        """Journal destroyed bytes (*effacement*): ``{"camera", "from_us", "to_us", "mode", "count", "bytes"}``."""
        await self._wire.call("report_erased", {"commune": commune, "erased": list(erased)})

    async def report_masks(self, told: dict[str, Any]) -> None:
        """Tell what a camera reports of its own masks (O-44), as ``ReportMasks`` of ``mask_desk`` has it."""
        await self._wire.call("report_masks", told)


class KeeperForProvisioner:
    """What the provisioner may ask."""

    def __init__(self, address: Path | TlsAddress) -> None:
        self._wire = WireClient(address)

    async def check_order(self, order: str) -> ProvisioningOrderView:
        """The order behind a signed token; Refused when forged, expired or no longer covered by its
        author's rights.
        """
        answer, _ = await self._wire.call("check_order", {"order": order})
        return ProvisioningOrderView.model_validate(answer)

    async def camera_enrolled(self, order: str, camera: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Tell that a camera is enrolled, its kept profile first.

        ``facts`` is ``{"name", "place", "source": "onvif"|"rtsp", "profiles": [{"stream", "codec", "width", "height",
        "fps"}]}``; a camera id starts with its commune's id.
        """
        answer, _ = await self._wire.call("camera_enrolled", {"order": order, "camera": camera, "facts": facts})
        return answer
