"""A commune's seal: an RSA key and its X.509 certificate, which public tools check (E-30, O-65, A-21, A-23).

The seal signs manifests (CMS) and issues one certificate for each extraction's own key, which signs the videos and is
forgotten with the worker that made it. RSA 3072 with PSS throughout: what ONVIF's export format takes without being
told, and what every openssl reads.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vms.clock import UtcTime
from vms.errors import BadInput, Damaged

KEY_BITS: Final = 3072
SIGNATURE_BYTES: Final = KEY_BITS // 8
EXPONENT: Final = 65_537
VALID_DAYS: Final = 10 * 365
PUBLIC_LIMIT_BYTES: Final = 1024
CERTIFICATE_LIMIT_BYTES: Final = 16 * 1024
# X.520's upper bound for a common name and an organisation, in characters.
NAME_LIMIT_CHARS: Final = 64
# What C2PA's certificate profile asks of a signer (2.2 §14.5.1): to sign claims; and e-mail, which is what the usual
# validator takes for that as long as nobody has told it another purpose (decision 0024).
SIGNER_PURPOSES: Final = (x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1"), ExtendedKeyUsageOID.EMAIL_PROTECTION)


@dataclass(frozen=True, slots=True)
class Seal:
    """A private key (PKCS #8, DER) and the certificate of its public half (DER)."""

    private: bytes
    certificate: bytes


def generate_key() -> tuple[bytes, bytes]:
    """A new RSA key pair: (private PKCS #8, public SubjectPublicKeyInfo), both DER. Takes a tenth of a second."""
    key = generate_private_key(EXPONENT, KEY_BITS)
    encryption = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, encryption)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public


def make_seal(commune: str, name: str, at: UtcTime) -> Seal:
    """A commune's new seal; its certificate is its own issuer, valid for ten years from ``at``."""
    private, public = generate_key()
    subject = _name(name, f"Cachet de {name}", commune)
    return Seal(private, _certificate(subject, subject, public, private, at, authority=True))


def issue(seal: Seal, public: bytes, title: str, at: UtcTime) -> bytes:
    """A certificate (DER) for an extraction's own key, called ``title``; BadInput for another kind of key."""
    checked_public(public)
    issuer = x509.load_der_x509_certificate(seal.certificate).subject
    names = {one.oid: str(one.value) for one in issuer}
    subject = _name(names[NameOID.ORGANIZATION_NAME], title, names[NameOID.ORGANIZATIONAL_UNIT_NAME])
    return _certificate(subject, issuer, public, seal.private, at, authority=False)


def checked_public(public: bytes) -> RSAPublicKey:
    """The RSA key in a SubjectPublicKeyInfo; BadInput for any other kind or length of key."""
    try:
        if len(public) > PUBLIC_LIMIT_BYTES:
            raise ValueError("too long")
        key = serialization.load_der_public_key(public)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput("Cette clé publique est illisible.", where="public") from error
    if not isinstance(key, RSAPublicKey) or key.key_size != KEY_BITS or key.public_numbers().e != EXPONENT:
        raise BadInput(f"Une clé de signature d’extraction est une clé RSA de {KEY_BITS} bits.", where="public")
    return key


def sign_digest(private: bytes, digest: bytes, salt_bytes: int) -> bytes:
    """The RSASSA-PSS signature of a message by its SHA-256, MGF1 with SHA-256."""
    return _private(private).sign(digest, padding.PSS(padding.MGF1(SHA256()), salt_bytes), Prehashed(SHA256()))


def verify_digest(certificate: x509.Certificate, digest: bytes, signature: bytes, salt_bytes: int) -> None:
    """Return when the signature of ``sign_digest`` holds for a certificate's key; Damaged otherwise."""
    key = certificate.public_key()
    try:
        if not isinstance(key, RSAPublicKey):
            raise InvalidSignature
        key.verify(signature, digest, padding.PSS(padding.MGF1(SHA256()), salt_bytes), Prehashed(SHA256()))
    except InvalidSignature as error:
        raise Damaged("La signature ne correspond pas au certificat.") from error


def read_certificate(der: bytes, issuer: x509.Certificate | None = None) -> x509.Certificate:
    """A certificate issued by ``issuer``, else by itself, with a seal's kind of key; Damaged otherwise."""
    try:
        if len(der) > CERTIFICATE_LIMIT_BYTES:
            raise ValueError("too long")
        found = _loaded(der)
        with _unwarned():
            found.verify_directly_issued_by(issuer or found)
            key = found.public_key()
        whole = found.public_bytes(serialization.Encoding.DER) == der
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise Damaged("Le certificat est illisible, ou n’est pas de l’émetteur attendu.") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS or not whole:
        raise Damaged(f"Le certificat n’est pas celui d’une clé RSA d’au moins {KEY_BITS} bits.")
    return found


def to_pem(der: bytes) -> bytes:
    """A certificate in the form that openssl reads by default."""
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


def from_pem(pem: bytes) -> bytes:
    """The DER of the one certificate in ``pem``; Damaged when it is none, or has another byte around it."""
    try:
        with _unwarned():
            der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
        _loaded(der)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise Damaged("Ce certificat est illisible.") from error
    if to_pem(der) != pem:
        raise Damaged("Ce certificat n’est pas sous sa forme canonique.")
    return der


def _loaded(der: bytes) -> x509.Certificate:
    """The certificate; ValueError for a serial number below one, which a CMS signature cannot name."""
    with _unwarned():
        found = x509.load_der_x509_certificate(der)
        if found.serial_number < 1:
            raise ValueError("serial number")
        return found


def _private(der: bytes) -> RSAPrivateKey:
    # Ours: made in this process, or kept under the keeper's checksum. Proving it prime again takes a tenth of a second.
    key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey):
        raise BadInput("La clé d’un cachet est une clé RSA.")
    return key


def _unwarned() -> warnings.catch_warnings[None]:
    """What is odd in a certificate is refused here in words, not told on the error output."""
    return warnings.catch_warnings(action="ignore", category=CryptographyDeprecationWarning)


def _name(organisation: str, title: str, commune: str) -> x509.Name:
    def part(kind: x509.ObjectIdentifier, value: str) -> x509.NameAttribute[str]:
        return x509.NameAttribute(kind, value[:NAME_LIMIT_CHARS])

    return x509.Name(
        [
            part(NameOID.COUNTRY_NAME, "FR"),
            part(NameOID.ORGANIZATION_NAME, organisation),
            part(NameOID.ORGANIZATIONAL_UNIT_NAME, commune),
            part(NameOID.COMMON_NAME, title),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, public: bytes, signer: bytes, at: UtcTime, *, authority: bool
) -> bytes:
    key = _private(signer)
    start = at.datetime().replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=authority, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(checked_public(public))
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(checked_public(public)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(SIGNER_PURPOSES), critical=False)
    made = builder.sign(key, SHA256(), rsa_padding=padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size))
    return made.public_bytes(serialization.Encoding.DER)
