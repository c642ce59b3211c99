"""The provisioner before the real keeper: only what a person with the right signed is done, and it is journalled."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.provisioner import run_order
from tests.fakes.camera_town import PREFIX, camera, farm
from tests.fakes.provisioning_town import order_town
from tests.integration.keeper_town import MAYOR, town
from vms.clock import SystemClock
from vms.db.engine import write
from vms.model import ProvisioningOrder
from vms.onvif import sweep
from vms.services import camera_clock


async def test_an_order_of_a_person_makes_a_camera_enrolled(
    short_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PROBES_PER_SECOND", 200)
    monkeypatch.setattr(sweep, "ANSWER_WAIT_S", 0.4)
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    async with farm(camera(7)) as cameras, order_town(short_home, cameras.discovery.port) as net, town(tmp_path) as law:
        await net.prefix(PREFIX)

        async def carry_out(kind: str, args: dict[str, object], *, alter: bool = False) -> ProvisioningOrder:
            signed = await law.act(MAYOR, "order_provisioning", kind=kind, args=args)
            token = signed["order"][:-6] + "AAAAAA" if alter else signed["order"]
            async with write(net.engine) as session:
                session.add(
                    ProvisioningOrder(
                        id=signed["id"], commune_id="valclair", kind=kind, token=token, created_us=0, updated_us=0
                    )
                )
            await run_order(net.settings, net.engine, SystemClock(), law.provisioner, signed["id"])
            return await net.order(signed["id"])

        assert (await carry_out("discover", {}, alter=True)).error["kind"] == "refused"
        search = await carry_out("discover", {})
        [found] = await net.found(search.id)
        named = {"found_id": found.id, "name": "Halle", "place": "Mât 1", "number": 7}
        enrolled = await carry_out("enrol", named)
        assert (enrolled.status, enrolled.camera_id) == ("done", "valclair-c07"), enrolled.error
        known = await law.web.read(law.tokens[MAYOR], "cameras")
        assert [(c["id"], c["state"]) for c in known["cameras"]] == [("valclair-c07", "enrolled")]
        again = await carry_out("enrol", named)
        assert again.status == "done", again.error
        declared = await carry_out("declare_rtsp", {"url": cameras["cam-7"].rtsp_url("main"), "name": "X", "number": 8})
        assert declared.error["kind"] == "conflict"
