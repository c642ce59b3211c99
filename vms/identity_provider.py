"""An identity provider that the host declares (OpenID Connect): ProConnect, or one like Keycloak."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

PROCONNECT: Final = "ProConnect"
# What ProConnect calls two factors, weakest first; a service may ask for less, or for eidas2 and above only.
PROCONNECT_ACR: Final = ("eidas0-mfa", "eidas1-mfa", "eidas2", "eidas3")
PROCONNECT_SCOPES: Final = "openid given_name usual_name email siret"
SCOPES: Final = "openid profile email"


class IdentityProvider(BaseModel):
    """One entry of ``VMS_OIDC_PROVIDERS``; ``issuer`` is compared to the letter with what the provider says of itself.

    The client's secret stays in a file of its own that the keeper alone opens, and reads at each use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    kind: Literal["proconnect", "openid"] = "openid"
    label: str = Field(default="", max_length=60)
    issuer: str = Field(max_length=300)
    client_id: str = Field(min_length=1, max_length=200)
    secret_file: Path
    scopes: str = Field(default="", max_length=300)
    acr: tuple[str, ...] | None = Field(default=None, max_length=16)
    # Organisations whose members may enter, by SIRET; any when empty.
    sirets: tuple[str, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        parts = urlsplit(self.issuer)
        if not safe_address(self.issuer, loopback=True) or parts.query or parts.fragment:
            raise ValueError(f"VMS_OIDC_PROVIDERS {self.id}: the issuer must be an https address")
        if self.kind == "openid" and not self.label:
            raise ValueError(f"VMS_OIDC_PROVIDERS {self.id}: a label is needed, for its button")
        return self

    @property
    def name(self) -> str:
        """What people call it; ProConnect's own name is not the host's to choose."""
        return PROCONNECT if self.kind == "proconnect" else self.label

    @property
    def scope(self) -> str:
        """The scopes to ask for, with spaces between."""
        return self.scopes or (PROCONNECT_SCOPES if self.kind == "proconnect" else SCOPES)

    @property
    def levels(self) -> tuple[str, ...]:
        """The authentication levels (``acr``) of which one is required; none when empty."""
        if self.acr is not None:
            return self.acr
        return PROCONNECT_ACR if self.kind == "proconnect" else ()

    @property
    def on_loopback(self) -> bool:
        """Whether it runs on this very machine, where plain HTTP is allowed."""
        return not self.issuer.startswith("https:")


def safe_address(address: str, *, loopback: bool) -> bool:
    """Whether an address is HTTPS, or, with ``loopback``, plain HTTP on this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if parts.username is not None or parts.password is not None or not host:
            return False
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme == "https":
        return True
    return loopback and parts.scheme == "http" and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
