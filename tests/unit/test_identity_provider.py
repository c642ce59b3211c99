"""What a host may declare as an identity provider, and what it may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from vms.identity_provider import IdentityProvider
from vms.settings import Settings

GOOD: dict[str, Any] = {
    "id": "mairie",
    "label": "Mairie",
    "issuer": "https://identite.example/realms/valclair",
    "client_id": "guet",
    "secret_file": "/etc/guet/mairie.secret",
}


@pytest.mark.parametrize(
    "issuer",
    [
        "http://identite.example",
        "http://127.0.0.1.example",
        "https://",
        "https://guet:secret@identite.example",
        "https://identite.example?realm=1",
        "https://identite.example:port",
        "file:///etc/passwd",
        "identite.example",
        "",
    ],
)
def test_an_issuer_that_is_not_safe_is_not_taken(issuer: str) -> None:
    with pytest.raises(ValidationError):
        IdentityProvider(**GOOD | {"issuer": issuer})


@pytest.mark.parametrize("change", [{"id": "Mairie"}, {"id": "a.b"}, {"label": ""}, {"secret": "x"}, {"kind": "saml"}])
def test_what_is_not_understood_is_not_taken(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IdentityProvider(**GOOD | change)


def test_proconnect_asks_for_two_factors_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pro = GOOD | {"id": "proconnect", "kind": "proconnect"}
    monkeypatch.setenv("VMS_OIDC_PROVIDERS", json.dumps([GOOD, pro, pro | {"id": "eidas", "acr": ["eidas2"]}]))
    mairie, proconnect, eidas = Settings(home=tmp_path).oidc_providers
    assert (mairie.levels, mairie.name, mairie.scope) == ((), "Mairie", "openid profile email")
    assert (proconnect.name, "eidas1" in proconnect.levels, "eidas1-mfa" in proconnect.levels) == (
        "ProConnect",
        False,
        True,
    )
    assert eidas.levels == ("eidas2",)
    monkeypatch.setenv("VMS_OIDC_PROVIDERS", json.dumps([GOOD, GOOD]))
    with pytest.raises(ValidationError, match="same id"):
        Settings(home=tmp_path)
