"""Every way in which a camera's stream can fail, as one tree; each class knows the cause of the absence it makes.

RtspError (Unavailable)
├── CameraUnreachable     camera-unreachable   no connection, or it was cut
├── StreamRefused         stream-refused       the camera answered, and said no
│   ├── NoVideo           stream-refused       the camera offers no picture we can record
│   ├── OtherCertificate  other-certificate    whoever answers shows another certificate than at enrolment (A-01)
│   └── Redirected        stream-refused       the camera says that the stream is elsewhere
├── WrongCredential       wrong-credential     the camera does not accept our account
├── StreamStalled         stream-stalled       connected, but no picture comes
├── StreamDamaged         stream-damaged       what comes is not what the protocol says
├── ParameterSetsMissing  parameter-sets-missing
└── KeyFrameAwaited       key-frame-awaited    pictures come, none that a decoder could start at

``where`` carries the peer's address, so that the message can be found in a capture.
"""

from __future__ import annotations

from typing import ClassVar, Final

from vms.errors import Unavailable

DUMP_LIMIT_BYTES: Final = 48


class RtspError(Unavailable):
    """A camera's stream cannot be had for now; ``cause`` is the cause that the absence will carry."""

    cause: ClassVar[str] = "camera-unreachable"


class CameraUnreachable(RtspError):
    """No connection to the camera, or the connection was cut."""


class StreamRefused(RtspError):
    """The camera answered and refused; ``status_code`` is its RTSP status, 0 when there was none."""

    cause = "stream-refused"

    def __init__(self, what: str, *, where: str = "", todo: str = "", status_code: int = 0) -> None:
        super().__init__(what, where=where, todo=todo)
        self.status_code = status_code


class NoVideo(StreamRefused):
    """The camera describes no H.264 or H.265 track."""


class OtherCertificate(StreamRefused):
    """Another certificate than at enrolment: an intruder, or a camera that was changed; dark until a person says."""

    cause = "other-certificate"


class Redirected(StreamRefused):
    """The camera sends us to another address, ``location``; followed only when that is the camera itself."""

    def __init__(self, what: str, *, where: str, todo: str, status_code: int, location: str) -> None:
        super().__init__(what, where=where, todo=todo, status_code=status_code)
        self.location = location


class WrongCredential(RtspError):
    """The camera does not accept the account, or asks for it in a way that would expose the password."""

    cause = "wrong-credential"


class StreamStalled(RtspError):
    """The connection stands but no access unit comes any more."""

    cause = "stream-stalled"


class StreamDamaged(RtspError):
    """The bytes break the protocol or a limit; the connection is not worth keeping."""

    cause = "stream-damaged"


class ParameterSetsMissing(RtspError):
    """Pictures come, but without the parameter sets that a decoder needs, or with unusable ones."""

    cause = "parameter-sets-missing"


class KeyFrameAwaited(RtspError):
    """Pictures come, but no key frame for too long."""

    cause = "key-frame-awaited"


def dump(data: bytes | bytearray | memoryview) -> str:
    """A peer's bytes for an error message: hexadecimal, at most 48 bytes."""
    head = bytes(data[:DUMP_LIMIT_BYTES])
    return head.hex(" ", 4) + (f" … ({len(data)} octets)" if len(data) > DUMP_LIMIT_BYTES else "")
