"""The orders about a camera's certificate: what it shows now, and keeping what a person confirmed (A-01)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.camera_lock import camera_lock
from vms.errors import BadInput
from vms.model import Camera
from vms.services import new_certificate
from vms.services.identify import Identity, Match, compare

if TYPE_CHECKING:
    from deploy.order_arguments import CertificateArgs, LookArgs
    from deploy.provisioning_orders import OrderContext


async def look(context: OrderContext, args: LookArgs) -> str:
    """Show on the order's row what the camera is held to and what it shows; nothing changes."""
    camera = await _camera(context, args.camera)
    shown = await new_certificate.look(camera)
    await context.save_progress({"steps": [], "certificates": [one.plain() for one in shown]})
    return camera.id


async def renew(context: OrderContext, args: CertificateArgs) -> str:
    """Hold the camera to the certificates that a person confirmed, if it still shows them."""
    camera = await _camera(context, args.camera)

    async def compared(identity: Identity) -> Match:
        return compare(identity, camera.address, await context.records.known_cameras())

    with camera_lock(context.settings.vault_dir, f"at-{camera.address}"):
        values = await new_certificate.renew(
            camera,
            args.seen,
            vault=context.vault,
            clock=context.clock,
            steps=context.steps(new_certificate.PLAN),
            compare=compared,
        )
        await context.records.save_camera(camera.id, {"number": camera.number, **values})
    return camera.id


async def _camera(context: OrderContext, name: str) -> Camera:
    camera = await context.records.camera(name)
    if camera is None or camera.commune_id != context.view.commune:
        raise BadInput("Cette caméra n’est pas de cette commune.", where=name)
    (await context.records.territory()).require(camera.address)
    return camera
