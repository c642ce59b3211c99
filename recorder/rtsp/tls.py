"""RTSPS (RFC 7826 §4.2, port 322): TLS as a filter between bytes and bytes, so that reading stays the same."""

from __future__ import annotations

import ssl
from typing import Final

from recorder.rtsp.errors import CameraUnreachable, OtherCertificate
from vms.onvif.tls import CertificateChanged, pinned_context

READ_BYTES: Final = 256 * 1024


def camera_context(certificate: str = "") -> ssl.SSLContext:
    """TLS 1.2 or newer. Cameras make their own certificates, so that no authority vouches for them: what is held to is
    the one seen at enrolment, by its SHA-256 in hexadecimal (A-01). Without one the channel is only kept from
    listeners, and who the camera is rests on its declared prefix and its account (O-25).
    """
    if certificate:
        return pinned_context(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class TlsFilter:
    """One TLS connection without a socket."""

    def __init__(self, context: ssl.SSLContext, host: str, where: str) -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._where = where
        self._ready = False
        self._waiting = bytearray()
        self._try_handshake()

    @property
    def ready(self) -> bool:
        """Whether both have agreed, and what was to be said could be."""
        return self._ready

    def encrypt(self, data: bytes) -> bytes:
        """Bytes for the wire: those of ``data`` once the handshake is done, and whatever TLS itself has to say."""
        self._waiting += data
        if self._ready and self._waiting:
            self._object.write(bytes(self._waiting))
            self._waiting.clear()
        return self._out.read()

    def decrypt(self, data: bytes | memoryview) -> bytes:
        """Clear bytes out of what arrived; CameraUnreachable when TLS fails."""
        self._in.write(bytes(data))
        if not self._ready:
            self._try_handshake()
        clear = bytearray()
        while self._ready:
            try:
                part = self._object.read(READ_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as error:
                raise CameraUnreachable(f"Liaison TLS rompue : {error.reason}.", where=self._where) from error
            if not part:
                break
            clear += part
        return bytes(clear)

    def _try_handshake(self) -> None:
        try:
            self._object.do_handshake()
            self._ready = True
        except ssl.SSLWantReadError:
            return
        except CertificateChanged as error:
            raise OtherCertificate(
                "La caméra montre un autre certificat qu’à son enrôlement.",
                where=self._where,
                todo="Vérifiez sur place que c’est bien elle, puis enrôlez-la de nouveau.",
            ) from error
        except ssl.SSLError as error:
            raise CameraUnreachable(f"La caméra n’accepte pas TLS : {error.reason}.", where=self._where) from error
