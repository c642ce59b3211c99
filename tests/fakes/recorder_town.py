"""One whole recorder process with virtual cameras and a keeper of its own, for tests of the process."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.service import run
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig
from tests.fakes.recorder_keeper import COMMUNE, RecorderKeeper
from tests.fakes.small_clip import write_clip
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.model import Camera, CameraHealth, Commune, Segment
from vms.onvif.soap import Credential
from vms.settings import Settings
from vms.vault.handover import recorder_public, seal_for_recorder
from vms.wire import WireClient

CAMERA = "valclair-c01"
OTHER = "valclair-c02"
ZONE = {"points": [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]], "reason": "entrance"}
LIMIT_S = 90.0


def write_clips(folder: Path) -> dict[str, Path]:
    """The clips that a town's cameras stream."""
    return {
        "main": write_clip(folder / "main.mp4"),
        "sub": write_clip(folder / "sub.mp4", "h264", 160, 120),
        "h265": write_clip(folder / "h265.mp4", "h265"),
        "other-size": write_clip(folder / "other.mp4", "h264", 352, 288),
    }


@dataclass
class Town:
    """One recorder process of one town, with its keeper and cameras."""

    settings: Settings
    keeper: RecorderKeeper
    farm: Farm
    engine: AsyncEngine
    stop: asyncio.Event
    process: asyncio.Task[None]
    clock: SystemClock

    def client(self) -> WireClient:
        return WireClient(self.settings.run_dir / "rec-0.sock")

    async def rows(self, model: type[Any], camera: str = CAMERA) -> list[Any]:
        async with read(self.engine) as session:
            return list((await session.execute(select(model).where(col(model.camera_id) == camera))).scalars())

    async def every(self, model: type[Any]) -> list[Any]:
        async with read(self.engine) as session:
            return list((await session.execute(select(model))).scalars())

    async def until(self, met: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                while not await met():
                    assert not self.process.done(), "the process ended"
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not reached: {what}") from None

    async def recorded(self, camera: str = CAMERA, groups: int = 2, streams: int = 2) -> None:
        async def met() -> bool:
            rows = [row for row in await self.rows(Segment, camera) if row.groups >= groups]
            return len({row.stream for row in rows}) >= streams

        # Rows of open segments count their groups when they are sealed; on disk they show by size.
        async def on_disk() -> bool:
            folder = self.settings.store_dir / COMMUNE / camera
            files = [path for path in folder.rglob("*.seg") if path.stat().st_size > 10_000] if folder.exists() else []
            return len({path.name.split(".")[1] for path in files}) >= streams or await met()

        await self.until(on_disk, f"{camera} recorded")

    async def health(self, state: str, stream: str = "main", camera: str = CAMERA) -> None:
        async def met() -> bool:
            return any(row.stream == stream and row.state == state for row in await self.rows(CameraHealth, camera))

        await self.until(met, f"{camera} {state}")

    async def end(self) -> None:
        self.stop.set()
        await self.process


@asynccontextmanager
async def town(
    home: Path,
    clips: dict[str, Path],
    *,
    main: str = "main",
    cameras: int = 1,
    card: bool = False,
    masks: int = 0,
    **more: Any,
) -> AsyncIterator[Town]:
    """``more``: settings beyond the usual ones."""
    settings = Settings(home=home, recorders=1, **more)
    settings.make_dirs()
    users = (UserConfig(name="admin", password="x" * 12), UserConfig(name="viewer", password="v" * 12, level="User"))
    configs = tuple(
        CameraConfig(id=f"valclair-c{n:02d}", address=f"127.0.0.{n}", main=clips[main], sub=clips["sub"], users=users,
                     factory=False, onvif=card or masks > 0, card=card, masks=masks)
        for n in range(1, cameras + 1)
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        farm = await stack.enter_async_context(
            Farm(FarmConfig(cameras=configs, rtsp_port=0, http_port=0, control_port=0, discovery_port=0))
        )
        keeper = RecorderKeeper(settings.run_dir)
        await keeper.start()
        stack.push_async_callback(keeper.stop)
        engine = open_engine(settings.database_url)
        stack.push_async_callback(engine.dispose)
        await ensure_schema(engine)
        clock, stop = SystemClock(), asyncio.Event()
        process = asyncio.create_task(run(settings, 0, stop))
        made = Town(settings, keeper, farm, engine, stop, process, clock)

        async def identified() -> bool:
            return (settings.recorder_dir / "identity.pub").exists()

        await made.until(identified, "identity")
        await _declare(made, configs)
        try:
            yield made
        finally:
            await made.end()


async def _declare(made: Town, configs: tuple[CameraConfig, ...]) -> None:
    public = recorder_public(made.settings.recorder_dir)
    async with write(made.engine) as session:
        session.add(Commune(id=COMMUNE, name="Valclair"))
    async with write(made.engine) as session:
        for number, config in enumerate(configs, 1):
            camera = made.farm[config.id]
            session.add(
                Camera(
                    id=config.id, commune_id=COMMUNE, number=number, name=config.id,
                    main_url=camera.rtsp_url("main"), sub_url=camera.rtsp_url("sub"),
                    onvif_url=camera.device_url if config.onvif else "",
                    main_profile={"token": "profile-main"}, sub_profile={"token": "profile-sub"},
                    credential_sealed=seal_for_recorder(public, config.id, Credential("viewer", "v" * 12)),
                    created_us=1, updated_us=1,
                )
            )  # fmt: skip


def pictures(parts: list[bytes]) -> list[np.ndarray]:
    with av.open(io.BytesIO(b"".join(parts)), "r") as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


Watched = tuple[list[dict[str, Any]], list[bytes]]


async def watch(
    made: Town, seconds: float, *, act: str = "live", stream: str = "main", client: WireClient | None = None,
    parts: int = 0,
) -> Watched:  # fmt: skip
    """Watch for a while, and until ``parts`` messages of media came, renewing the permit; what was said, and the media.

    On a busy machine pictures come late; that they come is what counts.
    """
    said: list[dict[str, Any]] = []
    media: list[bytes] = []
    view = "ab" * 16
    permit = made.keeper.permit(CAMERA, made.clock.utc(), act, view=view)
    asked = {"permit": permit, "camera": CAMERA, "stream": stream}
    async with (client or made.client()).stream("live", asked) as channel:
        renewed = asyncio.get_running_loop().time()
        end = renewed + seconds
        while (now := asyncio.get_running_loop().time()) < end or len(media) < parts:
            assert now < end + LIMIT_S, f"{len(media)} parts of {parts}"
            if now - renewed > 1.3:
                renewed = now
                await channel.send({"renew": made.keeper.permit(CAMERA, made.clock.utc(), act, view=view)})
            try:
                async with asyncio.timeout(0.5):
                    data, body = await channel.receive()
            except TimeoutError:
                continue
            if body:
                media.append(body)
            elif data:
                said.append(data)
    return said, media
