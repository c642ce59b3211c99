"""The same frames between machines: TLS 1.3, both sides known by certificates of the operator's own authority.

A machine's certificate bears its name (``VMS_MACHINE``) as a DNS name; whoever calls checks that it reached the machine
it meant, whoever is called that the caller is one of the operator's machines. What a caller may see is still decided by
a permit (P-40): a certificate opens no picture.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vms.errors import BadInput

if TYPE_CHECKING:  # a worker that only speaks to its parent needs no settings
    from vms.settings import Settings


@dataclass(frozen=True, slots=True)
class MachineIdentity:
    """Where a machine's certificate, its key and the authority's certificate lie (PEM)."""

    certificate: Path
    key: Path
    authority: Path

    def server_context(self) -> ssl.SSLContext:
        """For listening: a caller without a certificate of the authority is turned away. BadInput for bad files."""
        return self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    def client_context(self) -> ssl.SSLContext:
        """For calling: the other side's certificate must bear the name that is called. BadInput for bad files."""
        return self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def _loaded(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_cert_chain(self.certificate, self.key)
            context.load_verify_locations(self.authority)
        except (OSError, ssl.SSLError) as error:
            raise BadInput(
                "Le certificat de cette machine, sa clé ou l’autorité ne se lisent pas.",
                where=str(self.certificate),
                todo="Vérifiez VMS_MACHINE_CERTIFICATE, VMS_MACHINE_KEY et VMS_MACHINE_AUTHORITY.",
            ) from error
        return context


@dataclass(frozen=True, slots=True)
class TlsAddress:
    """A process on another machine: where it listens, the machine's name, and how we make ourselves known."""

    host: str
    port: int
    name: str
    context: ssl.SSLContext


def machine_identity(settings: Settings) -> MachineIdentity:
    """This machine's certificate; BadInput when it has none."""
    certificate, key, authority = settings.machine_certificate, settings.machine_key, settings.machine_authority
    if certificate is None or key is None or authority is None:
        raise BadInput(
            "Cette machine n’a pas de quoi se faire connaître des autres.",
            where="VMS_MACHINE_CERTIFICATE",
            todo="Donnez VMS_MACHINE_CERTIFICATE, VMS_MACHINE_KEY et VMS_MACHINE_AUTHORITY.",
        )
    return MachineIdentity(certificate, key, authority)
