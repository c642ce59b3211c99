"""Writes the C2PA sidecar of each video into a package that is being built (E-20, E-22, E-23, decision 0024).

They come after all videos: the binding is the SHA-256 that the package's list has by then, so no byte is read again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from recorder.export.package_builder import PackageBuilder
from vms.evidence import c2pa
from vms.keys import seal

# An authority's TimeStampToken (DER) over some bytes.
Stamp = Callable[[bytes], Awaitable[bytes]]


async def add_sidecars(builder: PackageBuilder, by: seal.Seal, stamp: Stamp | None) -> None:
    """One for each video, signed by the extraction's own key, each with a token when there is an authority (E-11)."""
    draft = builder.draft()
    for stream in draft.streams:
        for video in stream.videos:
            signed = c2pa.sign(c2pa.Subject.of(draft, stream, video), by)
            token = await stamp(signed.to_stamp()) if stamp is not None else b""
            builder.add(c2pa.sidecar_of(video.path), signed.encode(token))
