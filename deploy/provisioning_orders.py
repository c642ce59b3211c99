"""What each kind of order does: the services of ``vms.services`` wired to database, vault, keeper and network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy import certificate_orders
from deploy.camera_lock import camera_lock
from deploy.order_arguments import (
    CertificateArgs,
    DeclareArgs,
    DiscoverArgs,
    EnrolArgs,
    LookArgs,
    NamedArgs,
    RotateArgs,
)
from deploy.rtsp_describe import describe
from vms.clock import Clock
from vms.errors import BadInput, Conflict, Refused
from vms.keeper.clients.audiences import KeeperForProvisioner
from vms.keeper.protocol import ProvisioningOrderView
from vms.model import FoundDevice, ProvisioningOrder
from vms.onvif.soap import Credential
from vms.onvif.sweep import Progress
from vms.onvif.territory import DeclaredPrefix, Territory
from vms.services import declare_rtsp, enrol, rotate
from vms.services.declare_rtsp import Declaration, Declared
from vms.services.device_session import DeviceSessions
from vms.services.discover import Search, Sighting
from vms.services.enrol import Enrolled, Enrolment, EnrolRequest
from vms.services.identify import Identity, Match, compare
from vms.services.records import Records, found_id, update_order
from vms.services.steps import Steps
from vms.services.stream_certificate import encrypted_place
from vms.settings import Settings
from vms.vault.entry import USER, StoredAccount, VaultEntry
from vms.vault.files import CAMERA_ID, Vault
from vms.vault.handover import Intake, recorder_public, seal_for_recorder


@dataclass(frozen=True, slots=True)
class OrderContext:
    """One checked order and everything it may touch."""

    row: ProvisioningOrder
    view: ProvisioningOrderView
    settings: Settings
    clock: Clock
    engine: AsyncEngine
    records: Records
    vault: Vault
    intake: Intake
    keeper: KeeperForProvisioner

    @property
    def subject(self) -> str:
        """What may have one order at a time: a camera, or a commune's search."""
        camera, number = self.view.args.get("camera"), self.view.args.get("number")
        if (
            self.view.kind in ("rotate", "look_certificate", "renew_certificate")
            and isinstance(camera, str)
            and CAMERA_ID.fullmatch(camera)
        ):
            return camera
        if self.view.kind in ("enrol", "declare_rtsp") and isinstance(number, int):
            return camera_id(self.view.commune, number)
        return f"{self.view.commune}.{self.view.kind}"[:80]

    async def save_progress(self, progress: dict[str, Any]) -> None:
        """Show progress on the order's row."""
        await update_order(self.engine, self.clock, self.row.id, progress=progress)

    def steps(self, plan: tuple[tuple[str, str], ...]) -> Steps:
        """The order's steps, as an earlier run left them."""
        return Steps(plan, self.clock, self.save_progress, self.row.progress)

    def account(self, args: NamedArgs) -> Credential | None:
        """The account that a person typed, opened from its seal."""
        return self.intake.open(self.view.commune, args.credential_sealed) if args.credential_sealed else None

    def seal(self, camera: str, credential: Credential) -> bytes:
        """The camera's streaming account, sealed to the recorders."""
        return seal_for_recorder(recorder_public(self.settings.recorder_identity_dir), camera, credential)


def camera_id(commune: str, number: int) -> str:
    """The camera's id, e.g. ``valclair-c07``."""
    return f"{commune}-c{number:02d}"


async def carry_out(context: OrderContext) -> str:
    """Do what the order says; the id of the camera it made or changed, empty for a search."""
    try:
        match context.view.kind:
            case "discover":
                return await _discover(context, DiscoverArgs.model_validate(context.view.args))
            case "enrol":
                return await _enrol(context, EnrolArgs.model_validate(context.view.args))
            case "declare_rtsp":
                return await _declare(context, DeclareArgs.model_validate(context.view.args))
            case "rotate":
                return await _rotate(context, RotateArgs.model_validate(context.view.args))
            case "look_certificate":
                return await certificate_orders.look(context, LookArgs.model_validate(context.view.args))
            case "renew_certificate":
                return await certificate_orders.renew(context, CertificateArgs.model_validate(context.view.args))
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
        raise BadInput(
            f"Ordre incomplet : {fields}.", where=context.row.id, todo="Recommencez depuis la page."
        ) from error
    raise BadInput(f"Ordre inconnu : {context.view.kind[:40]}.", where=context.row.id)


async def _discover(context: OrderContext, args: DiscoverArgs) -> str:
    declared = await context.records.territory()
    wanted = [p if isinstance(p, str) else str(p.get("cidr", "")) for p in args.prefixes]
    territory = Territory(_chosen(declared, wanted)) if wanted else declared
    known = await context.records.known_cameras()

    async def on_sighting(sighting: Sighting) -> None:
        await context.records.save_found(_found_row(context, sighting))
        if sighting.state == "impostor" and sighting.camera is not None:
            await context.records.open_incident(
                "impostor",
                f"{sighting.what} Répond en {sighting.address}.",
                camera=sighting.camera.id if sighting.camera.commune == context.view.commune else "",
                todo=sighting.todo,
                rule="O-21",
            )

    async def on_progress(progress: Progress) -> None:
        await context.save_progress(
            {
                "steps": [],
                "done": progress.asked,
                "total": progress.total,
                "found": progress.found,
                "prefix": progress.prefix,
                "seconds_left": round(progress.seconds_left()),
                "dropped": dict(progress.dropped),
            }
        )

    await Search(
        territory,
        context.clock,
        known=known,
        on_sighting=on_sighting,
        on_progress=on_progress,
        port=context.settings.discovery_port,
        addresses=args.addresses,
        onvif_ports=context.settings.onvif_ports,
    ).run()
    return ""


def _chosen(declared: Territory, wanted: list[str]) -> list[DeclaredPrefix]:
    by_cidr = {str(prefix): prefix for prefix in declared.prefixes}
    missing = [cidr for cidr in wanted if cidr not in by_cidr]
    if missing:
        raise Refused(f"Le préfixe {missing[0][:50]} n’est pas déclaré.", todo="Déclarez-le d’abord.", rule="O-22")
    return [by_cidr[cidr] for cidr in wanted]


def _found_row(context: OrderContext, sighting: Sighting) -> FoundDevice:
    identity = sighting.identity
    ours = sighting.camera is not None and sighting.camera.commune == context.view.commune
    detail = {
        **sighting.detail,
        "what": sighting.what,
        "todo": sighting.todo,
        "rule": sighting.rule,
        "prefix": sighting.prefix,
        "trusted": sighting.trusted,
        "camera": sighting.camera.id if ours and sighting.camera is not None else "",
    }
    return FoundDevice(
        id=found_id(context.row.id, sighting.address, identity.endpoint_reference or sighting.url),
        order_id=context.row.id,
        commune_id=context.view.commune,
        address=sighting.address,
        onvif_url=sighting.url,
        endpoint_reference=identity.endpoint_reference,
        mac=identity.mac,
        serial=identity.serial,
        manufacturer=identity.manufacturer,
        model=identity.model,
        firmware=identity.firmware,
        state=sighting.state,
        detail=detail,
        found_us=context.clock.utc().us,
    )


async def _enrol(context: OrderContext, args: EnrolArgs) -> str:
    found = await context.records.found(args.found_id)
    if found.state in ("impostor", "duplicate"):
        raise Refused(str(found.detail.get("what") or "Imposteur possible."), todo="Vérifiez sur place.", rule="O-21")
    camera = camera_id(context.view.commune, args.number)
    known = await context.records.camera(camera)
    if known is not None and (known.endpoint_reference, known.address) != (found.endpoint_reference, found.address):
        raise Conflict(f"Le numéro {args.number} est déjà celui de {known.name}.", todo="Choisissez un autre numéro.")

    async def compared(identity: Identity) -> Match:
        match = compare(identity, found.address, await context.records.known_cameras())
        if match.verdict in ("impostor", "replaced") and match.camera is not None:
            await context.records.open_incident(
                "impostor",
                f"Un équipement en {found.address} se présente comme {match.camera.name}, ou en a pris l’adresse.",
                camera=match.camera.id if match.camera.commune == context.view.commune else "",
                todo="Rien n’a été modifié : vérifiez sur place lequel est le vrai.",
                rule="O-21",
            )
        return match

    async def inscribe(enrolled: Enrolled) -> str:
        await context.records.save_camera(camera, _camera_values(context, args, camera, found, enrolled))
        await context.keeper.camera_enrolled(
            context.row.token, camera, _facts(args, enrolled.main_profile, enrolled.sub_profile, "onvif")
        )
        await context.records.mark_enrolled(args.found_id, camera)
        return f"Caméra {args.number} inscrite : elle n’émet vers personne avant sa mise en service (P-24)."

    request = EnrolRequest(
        camera, found.address, found.onvif_url, found.endpoint_reference, context.account(args), args.framing,
        args.new_certificate,
    )  # fmt: skip
    # Two orders may name one device under two numbers: each would replace the other's accounts.
    with camera_lock(context.settings.vault_dir, f"at-{found.address}"):
        await Enrolment(
            request,
            territory=await context.records.territory(),
            vault=context.vault,
            clock=context.clock,
            steps=context.steps(enrol.PLAN),
            compare=compared,
            inscribe=inscribe,
        ).run()
    return camera


def _camera_values(
    context: OrderContext, args: EnrolArgs, camera: str, found: FoundDevice, enrolled: Enrolled
) -> dict[str, Any]:
    identity = enrolled.identity
    return {
        "number": args.number,
        "name": args.name,
        "place": args.place,
        "kind": "onvif",
        "endpoint_reference": identity.endpoint_reference,
        "mac": identity.mac,
        "serial": identity.serial,
        "manufacturer": identity.manufacturer,
        "model": identity.model,
        "firmware": identity.firmware,
        "address": found.address,
        "onvif_url": found.onvif_url,
        "main_url": enrolled.main_url,
        "sub_url": enrolled.sub_url,
        "main_profile": enrolled.main_profile,
        "sub_profile": enrolled.sub_profile,
        "hardened": enrolled.hardened,
        "tls": enrolled.tls,
        "clock_offset_ms": enrolled.clock_offset_ms,
        "credential_sealed": context.seal(camera, enrolled.user),
    }


def _facts(args: NamedArgs, main: dict[str, Any], sub: dict[str, Any], source: str) -> dict[str, Any]:
    """What the keeper is told of an enrolled camera: its name, place and streams, never an address or account."""
    profiles = [
        {
            "stream": stream,
            "codec": str(profile.get("codec", "")),
            "width": profile["width"],
            "height": profile["height"],
            "fps": profile["fps"] or None,
        }
        for stream, profile in (("main", main), ("sub", sub))
        if profile
    ]
    return {"name": args.name, "place": args.place, "profiles": profiles, "source": source}


async def _declare(context: OrderContext, args: DeclareArgs) -> str:
    camera = camera_id(context.view.commune, args.number)
    url, written = declare_rtsp.split_account(args.url)
    sub_url = declare_rtsp.split_account(args.sub_url)[0] if args.sub_url else ""
    known = await context.records.camera(camera)
    if known is not None and known.main_url != url:
        raise Conflict(f"Le numéro {args.number} est déjà celui de {known.name}.", todo="Choisissez un autre numéro.")
    if written is not None:
        raise BadInput(
            "Un compte est écrit dans l’adresse : il resterait lisible dans l’ordre.",
            todo="Retirez-le de l’adresse et donnez-le dans ses champs.",
            rule="A-05",
        )
    account = context.account(args)

    async def inscribe(declared: Declared) -> str:
        if account is not None:
            stored = StoredAccount(account.username, account.password)
            context.vault.write(VaultEntry(camera, accounts={USER: stored}, established=True))
        values = {
            "number": args.number,
            "name": args.name,
            "place": args.place,
            "kind": "rtsp",
            "address": declared.address,
            "main_url": declared.main_url,
            "sub_url": declared.sub_url,
            "main_profile": declared.main_profile,
            "sub_profile": declared.sub_profile,
            "hardened": False,
            "tls": encrypted_place(declared.main_url) is not None,
            "credential_sealed": context.seal(camera, account) if account is not None else b"",
        }
        await context.records.save_camera(camera, values)
        await context.keeper.camera_enrolled(
            context.row.token, camera, _facts(args, declared.main_profile, declared.sub_profile, "rtsp")
        )
        return f"Source {args.number} inscrite : elle n’émet vers personne avant sa mise en service (P-24)."

    await declare_rtsp.declare(
        Declaration(camera, url, sub_url, account, args.framing),
        territory=await context.records.territory(),
        steps=context.steps(declare_rtsp.PLAN),
        describe=describe,
        owner=context.records.stream_owner,
        inscribe=inscribe,
    )
    return camera


async def _rotate(context: OrderContext, args: RotateArgs) -> str:
    camera = await context.records.camera(args.camera)
    if camera is None or camera.commune_id != context.view.commune:
        raise BadInput("Cette caméra n’est pas de cette commune.", where=args.camera)
    territory = await context.records.territory()
    territory.require(camera.address)
    steps = context.steps(rotate.PLAN)
    entry = context.vault.read(camera.id)
    session = DeviceSessions(camera.onvif_url, context.clock, entry.certificate if entry is not None else "")
    session.clock_offset_us = camera.clock_offset_ms * 1000
    with camera_lock(context.settings.vault_dir, f"at-{camera.address}"):
        user = await rotate.rotate(session, context.vault, camera.id, steps)
    async with steps.step("handover") as step:
        sealed = context.seal(camera.id, user)
        await context.records.save_camera(camera.id, {"number": camera.number, "credential_sealed": sealed})
        step["detail"] = "Les enregistreurs ont le nouveau compte ; l’ancien n’ouvre plus rien."
    return camera.id
