"""A certificate is judged as gateway pods would: what they cannot load is told in a condition."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from moorage_operator.cluster.secret_reader import SecretContent
from moorage_operator.cluster.tls_secret import judge_tls_secret
from moorage_operator.planning.snapshot import ObservedTlsSecret

NOW = datetime(2026, 11, 24, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certificate(key: Key, days: int = 10) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mcp.example.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(NOW - timedelta(days=20))
    built = builder.not_valid_after(NOW + timedelta(days=days)).sign(key, hashes.SHA256())
    return built.public_bytes(Encoding.PEM)


def pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def judged(certificate_pem: bytes, key_pem: bytes) -> ObservedTlsSecret:
    data = {"tls.crt": certificate_pem, "tls.key": key_pem}
    return judge_tls_secret(SecretContent("u", "1", "kubernetes.io/tls", None, {}, data), NOW)


EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize("key", [EC, RSA], ids=["ec", "rsa"])
def test_a_pair_that_fits_is_present(key: Key) -> None:
    assert judged(certificate(key), pem(key)) == ObservedTlsSecret("Present")


@pytest.mark.parametrize(
    ("certificate_pem", "key_pem", "why"),
    [
        (certificate(SHORT), pem(SHORT), "key too small"),
        (certificate(EC), pem(RSA), "tls.key is not the key of tls.crt"),
        (certificate(EC, days=-1), pem(EC), "expired on 2026-11-23"),
        (b"odd", pem(EC), "no PEM certificate"),
        (certificate(EC), b"odd", "no PEM private key"),
    ],
    ids=["short", "mismatch", "expired", "no certificate", "no key"],
)
def test_what_pods_would_not_take_is_told(certificate_pem: bytes, key_pem: bytes, why: str) -> None:
    observed = judged(certificate_pem, key_pem)

    assert observed.state == "Unfit"
    assert why in observed.why
