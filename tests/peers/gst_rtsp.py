#!/usr/bin/python3
"""GStreamer's RTSP server as a peer that nobody here wrote; run by the system's Python, which has its bindings.

    /usr/bin/python3 tests/peers/gst_rtsp.py --clip FILE.mp4 --mounts 8 --counts COUNTS.json

Streams the H.264 of an MP4 in an endless loop on /s0 … /sN without transcoding (rtph264pay config-interval=1), each
client a pipeline of its own from the first frame. First line of output: ``{"event": "ready", "urls": […]}``. Once a
second COUNTS.json says, per client, how many access units the payloader has handed to the network (last RTP packet
of each counted); unit n of a client is unit n modulo the clip's, whose slices have the SHA-256 in ``digests``. Without
``--counts`` nothing is counted: to count costs this server more than all that GStreamer does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found,unused-ignore]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found,unused-ignore]  # noqa: E402

START_CODE = re.compile(b"\x00\x00\x00?\x01")
QUEUE_BYTES = 1 << 20
COUNTS_INTERVAL_MS = 1000
CAPS = "video/x-h264,stream-format=byte-stream,alignment=au"


def slices_digest(unit: bytes) -> str:
    """SHA-256 of the slice NAL units (types 1 to 5), each preceded by its length in 32 bits."""
    digest = hashlib.sha256()
    for nal in START_CODE.split(unit):
        nal = nal.rstrip(b"\x00") if nal else nal
        if nal and 1 <= nal[0] & 0x1F <= 5:
            digest.update(len(nal).to_bytes(4, "big") + nal)
    return digest.hexdigest()


class LoopedClip:
    """The access units of an MP4, in memory."""

    def __init__(self, path: str) -> None:
        launch = f'filesrc location="{path}" ! qtdemux ! h264parse ! {CAPS} ! appsink name=sink sync=false'
        pipeline = Gst.parse_launch(launch)
        sink = pipeline.get_by_name("sink")
        pipeline.set_state(Gst.State.PLAYING)
        self.units: list[bytes] = []
        self.caps = None
        while (sample := sink.emit("pull-sample")) is not None:
            buffer = sample.get_buffer()
            self.units.append(buffer.extract_dup(0, buffer.get_size()))
            self.caps = sample.get_caps()
        pipeline.set_state(Gst.State.NULL)
        if not self.units or self.caps is None:
            raise SystemExit(f"{path}: no H.264 in it")
        _, numerator, denominator = self.caps.get_structure(0).get_fraction("framerate")
        self.frame_ns = Gst.SECOND * denominator // max(1, numerator)
        self.digests = [slices_digest(unit) for unit in self.units]


class Client:
    """One client's pipeline: feeds it and counts what leaves the payloader."""

    def __init__(self, clip: LoopedClip, mount: str) -> None:
        self.clip = clip
        self.mount = mount
        self.pushed = 0
        self.units = 0
        self.packets = 0
        self.ended = False

    def attach(self, media: Any, *, counting: bool) -> None:
        """Wire the callbacks into a media that is being set up."""
        element = media.get_element()
        source = element.get_by_name_recurse_up("source")
        source.set_property("caps", self.clip.caps)
        source.connect("need-data", self.feed)
        if counting:
            payloader = element.get_by_name_recurse_up("pay0")
            kinds = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST
            payloader.get_static_pad("src").add_probe(kinds, self.count)
        media.connect("unprepared", self.end)

    def feed(self, source: Any, length: int) -> None:
        """Push the next access unit."""
        clip = self.clip
        buffer = Gst.Buffer.new_wrapped(clip.units[self.pushed % len(clip.units)])
        buffer.pts = buffer.dts = self.pushed * clip.frame_ns
        buffer.duration = clip.frame_ns
        self.pushed += 1
        source.emit("push-buffer", buffer)

    def count(self, pad: Any, info: Any) -> Any:
        """Count RTP packets, and units by their marker bit."""
        buffers = []
        if info.type & Gst.PadProbeType.BUFFER_LIST:
            packets = info.get_buffer_list()
            buffers = [packets.get(number) for number in range(packets.length())]
        else:
            buffers = [info.get_buffer()]
        for buffer in buffers:
            self.packets += 1
            self.units += bool(buffer.extract_dup(1, 1)[0] & 0x80)
        return Gst.PadProbeReturn.OK

    def end(self, media: Any) -> None:
        """The client is gone."""
        self.ended = True

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON data."""
        return {"mount": self.mount, "units": self.units, "packets": self.packets, "ended": self.ended}


class Peer:
    """The server, its mounts and its counts."""

    def __init__(self, clip: LoopedClip, mounts: int, address: str, counts: Path | None) -> None:
        self.clip = clip
        self.counts = counts
        self.clients: list[Client] = []
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address(address)
        self.server.set_service("0")
        self.mounts = [f"/s{number}" for number in range(mounts)]
        for mount in self.mounts:
            factory = GstRtspServer.RTSPMediaFactory()
            factory.set_launch(
                f"( appsrc name=source format=time block=true max-bytes={QUEUE_BYTES} ! h264parse "
                "! rtph264pay name=pay0 pt=96 config-interval=1 )"
            )
            factory.set_shared(False)
            factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
            factory.connect("media-configure", self.configure, mount)
            self.server.get_mount_points().add_factory(mount, factory)
        self.server.attach(None)

    def configure(self, factory: Any, media: Any, mount: str) -> None:
        """A client asked for a mount."""
        client = Client(self.clip, mount)
        client.attach(media, counting=self.counts is not None)
        self.clients.append(client)

    def write_counts(self, counts: Path) -> bool:
        """Replace the counts file; True keeps the timer running."""
        told = {"digests": self.clip.digests, "clients": [client.to_dict() for client in self.clients]}
        unfinished = counts.with_suffix(".tmp")
        unfinished.write_text(json.dumps(told))
        os.replace(unfinished, counts)
        return True


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", required=True)
    parser.add_argument("--mounts", type=int, default=1)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--counts", type=Path)
    arguments = parser.parse_args()
    Gst.init(None)
    peer = Peer(LoopedClip(arguments.clip), arguments.mounts, arguments.address, arguments.counts)
    port = peer.server.get_bound_port()
    urls = [f"rtsp://{arguments.address}:{port}{mount}" for mount in peer.mounts]
    loop = GLib.MainLoop()
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    if arguments.counts is not None:
        GLib.timeout_add(COUNTS_INTERVAL_MS, peer.write_counts, arguments.counts)
        peer.write_counts(arguments.counts)
    print(json.dumps({"event": "ready", "urls": urls}), flush=True)
    loop.run()
    if arguments.counts is not None:
        peer.write_counts(arguments.counts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
