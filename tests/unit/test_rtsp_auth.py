"""Digest answers against the vectors of RFC 7616 and RFC 2617, and which challenges are taken up."""

from __future__ import annotations

import pytest

from recorder.rtsp.auth import Authenticator, Credentials, parse_challenges
from recorder.rtsp.errors import WrongCredential

# RFC 7616 §3.9.1
MUFASA = Credentials("Mufasa", "Circle of Life")
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def make(account: Credentials | None = MUFASA, *, secure: bool = False, cnonce: str = CNONCE) -> Authenticator:
    return Authenticator(account, where="cam:554", secure=secure, make_cnonce=lambda: cnonce)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc_7616(algorithm: str, response: str) -> None:
    auth = make()
    auth.challenged([RFC7616.format(algorithm)], answered=False)
    header = auth.header("GET", "/dir/index.html")
    assert header is not None
    assert f'response="{response}"' in header
    assert "nc=00000001" in header
    assert 'opaque="FQhe' in header
    assert f"algorithm={algorithm}" in header


def test_the_old_form_without_qop_of_rfc_2069() -> None:
    auth = make(Credentials("Mufasa", "CircleOfLife"))
    auth.challenged(['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'], answered=False)
    header = auth.header("GET", "/dir/index.html")
    assert header is not None
    assert "1949323746fe6a43ef61f9606e7febea" in header  # RFC 2069 §2.4, as corrected by erratum 749
    assert "qop" not in header
    assert "algorithm" not in header


def test_the_strongest_algorithm_is_chosen_across_fields() -> None:
    auth = make()
    auth.challenged(['Basic realm="x"', RFC7616.format("MD5"), RFC7616.format("SHA-256")], answered=False)
    assert "algorithm=SHA-256" in (auth.header("GET", "/") or "")


def test_nonce_uses_are_counted() -> None:
    auth = make()
    auth.challenged([RFC7616.format("MD5")], answered=False)
    assert "nc=00000001" in (auth.header("GET", "/") or "")
    assert "nc=00000002" in (auth.header("GET", "/") or "")


def test_basic_is_answered_over_tls_only() -> None:
    with pytest.raises(WrongCredential, match="sûre"):
        make().challenged(['Basic realm="cam"'], answered=False)
    auth = make(Credentials("a", "é:b"), secure=True)
    auth.challenged(['Basic realm="cam"'], answered=False)
    assert auth.header("GET", "/") == "Basic YTrDqTpi"


@pytest.mark.parametrize(
    "value",
    ["Negotiate", 'Digest realm="x"', 'Digest nonce="n", algorithm=FOO', 'Digest nonce="n", qop="token"', ""],
)
def test_a_challenge_that_cannot_be_answered_is_a_wrong_credential(value: str) -> None:
    with pytest.raises(WrongCredential) as caught:
        make(secure=True).challenged([value], answered=False)
    assert caught.value.cause == "wrong-credential"


def test_no_account_and_a_refused_account_are_told_apart() -> None:
    with pytest.raises(WrongCredential, match="aucun n’est déclaré"):
        make(None).challenged([RFC7616.format("MD5")], answered=False)
    auth = make()
    auth.challenged([RFC7616.format("MD5")], answered=False)
    with pytest.raises(WrongCredential, match="refuse le compte"):
        auth.challenged(['Digest realm="r", nonce="new"'], answered=True)


def test_a_stale_nonce_is_replaced() -> None:
    auth = make()
    auth.challenged([RFC7616.format("MD5")], answered=False)
    auth.challenged(['Digest realm="r", nonce="new", stale=TRUE'], answered=True)
    assert 'nonce="new"' in (auth.header("GET", "/") or "")


def test_a_nonce_that_expired_without_saying_stale_is_replaced_once() -> None:
    auth = make()
    auth.challenged(['Digest realm="r", nonce="one"'], answered=False)
    auth.accepted()
    auth.challenged(['Digest realm="r", nonce="two"'], answered=True)
    assert 'nonce="two"' in (auth.header("GET", "/") or "")
    with pytest.raises(WrongCredential):
        auth.challenged(['Digest realm="r", nonce="three"'], answered=True)


def test_challenges_with_commas_and_quotes_inside() -> None:
    found = parse_challenges([r'Digest realm="a, \"b\"", nonce=x, Basic realm=y'])
    assert [(item.scheme, item.params) for item in found] == [
        ("digest", {"realm": 'a, "b"', "nonce": "x"}),
        ("basic", {"realm": "y"}),
    ]


def test_a_password_is_never_printed() -> None:
    assert "Circle" not in repr(MUFASA)
