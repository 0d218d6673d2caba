"""The report channel's own certificate authority and server certificate."""

import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 90
RENEW_BEFORE_DAYS = 30
_AUTHORITY_RENEW_BEFORE_DAYS = 365
ENTRIES = ("ca.crt", "ca.key", "tls.crt", "tls.key")
"""The Secret's entries, in the order of ``ChannelCertificate``'s members."""
# Clocks of nodes differ.
_BACKDATED = timedelta(hours=1)


@dataclass(frozen=True)
class ChannelCertificate:
    """What the Secret ``moorage-operator-channel`` holds, as PEM."""

    ca_pem: str
    ca_key_pem: str
    certificate_pem: str
    key_pem: str

    def __repr__(self) -> str:
        return "ChannelCertificate(…)"


def channel_in(entries: Mapping[str, bytes]) -> ChannelCertificate | None:
    """What a Secret's entries hold; None if anything is missing or does not serve.

    It serves if OpenSSL takes the pair and the authority has signed it.
    """
    try:
        held = ChannelCertificate(*(entries[entry].decode("ascii") for entry in ENTRIES))
        load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), held)
        authority, authority_key = _authority_in(held)
        certificate = x509.load_pem_x509_certificate(held.certificate_pem.encode())
        certificate.verify_directly_issued_by(authority)
        _names_of(certificate)
    except Exception:
        # Parsers of PEM, ASN.1 and TLS have no common error, and whoever filled it chose which.
        return None
    return held if authority_key.public_key() == authority.public_key() else None


def load_certificate(context: ssl.SSLContext, held: ChannelCertificate) -> None:
    """Use the certificate from the next handshake on; raises ``ssl.SSLError``."""
    with tempfile.TemporaryDirectory(prefix="moorage-channel-") as folder:
        certificate, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
        certificate.write_text(held.certificate_pem)
        key.touch(mode=0o600)
        key.write_text(held.key_pem)
        context.load_cert_chain(certificate, key, password=_no_password)


def needs_renewal(held: ChannelCertificate | None, names: tuple[str, ...], now: datetime) -> bool:
    """Whether another certificate must be issued: none, not these names, or it ends soon."""
    if held is None:
        return True
    certificate = x509.load_pem_x509_certificate(held.certificate_pem.encode())
    if _names_of(certificate) != set(names):
        return True
    return certificate.not_valid_after_utc - now < timedelta(days=RENEW_BEFORE_DAYS)


def issue(
    held: ChannelCertificate | None, names: tuple[str, ...], now: datetime
) -> ChannelCertificate:
    """A fresh server certificate, by the held authority as long as that lasts."""
    authority, authority_key = _authority(held, now)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(names[0], now, CERTIFICATE_DAYS)
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return ChannelCertificate(
        ca_pem=_certificate_pem(authority),
        ca_key_pem=_key_pem(authority_key),
        certificate_pem=_certificate_pem(certificate),
        key_pem=_key_pem(key),
    )


def _authority(
    held: ChannelCertificate | None, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    if held is not None:
        certificate, key = _authority_in(held)
        if certificate.not_valid_after_utc - now > timedelta(days=_AUTHORITY_RENEW_BEFORE_DAYS):
            return certificate, key
    return _new_authority(now)


def _authority_in(
    held: ChannelCertificate,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = load_pem_private_key(held.ca_key_pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's key is not one that we make")
    return x509.load_pem_x509_certificate(held.ca_pem.encode()), key


def _names_of(certificate: x509.Certificate) -> set[str]:
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(alternative.value.get_values_for_type(x509.DNSName))


def _no_password() -> str:
    # Without this OpenSSL would ask the terminal for the password of an encrypted key.
    raise ValueError("the key is encrypted")


def _new_authority(now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder("moorage report channel", now, AUTHORITY_DAYS)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        builder.issuer_name(_name("moorage report channel"))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_signing_only(), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _signing_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(common_name: str, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
