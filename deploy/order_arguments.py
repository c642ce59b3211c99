"""The arguments of each kind of provisioning order, checked before anything is done; no account in clear."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from vms.services.new_certificate import Place
from vms.services.profile_choice import Framing

ADDRESSES_MAX: Final = 256


class _Args(BaseModel):
    model_config = ConfigDict(extra="ignore")


class DiscoverArgs(_Args):
    """Which declared prefixes to search, all when empty; ``addresses`` are tried even if they do not answer Probes."""

    prefixes: list[dict[str, Any] | str] = Field(default=[], max_length=64)
    addresses: list[str] = Field(default=[], max_length=ADDRESSES_MAX)


class NamedArgs(_Args):
    """What a new camera is called, how it is framed, and the account that a person typed, sealed."""

    name: str = Field(min_length=1, max_length=80)
    place: str = Field(default="", max_length=160)
    number: int = Field(ge=1, le=999)
    narrow: bool = False
    fast_flows: bool = False
    credential_sealed: str = Field(default="", max_length=8192)

    @property
    def framing(self) -> Framing:
        """The framing declared (T-04, T-06)."""
        return Framing(self.narrow, self.fast_flows)


class EnrolArgs(NamedArgs):
    """A device that a search found; ``new_certificate``: a person has seen that it is the camera it was (A-01)."""

    found_id: str = Field(min_length=1, max_length=64)
    new_certificate: bool = False


class DeclareArgs(NamedArgs):
    """A source without ONVIF."""

    url: str
    sub_url: str = ""


class LookArgs(_Args):
    """A camera whose certificates are to be seen (A-01)."""

    camera: str = Field(min_length=1, max_length=64)


class CertificateArgs(LookArgs):
    """The certificates that a person confirmed, SHA-256 in hex, of its services and streams."""

    seen: dict[Place, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(min_length=1)


class RotateArgs(_Args):
    """A camera whose passwords change."""

    camera: str = Field(min_length=1, max_length=64)
