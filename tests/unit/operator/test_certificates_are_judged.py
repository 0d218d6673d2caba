"""A certificate is judged as gateway pods would: what they cannot load is told in a condition."""

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from moorage_operator.cluster.secret_reader import SecretContent
from moorage_operator.cluster.tls_secret import judge_tls_secret
from moorage_operator.planning.snapshot import ObservedTlsSecret

NOW = datetime(2026, 11, 24, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
EdwardsKey = ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


def certificate(key: Key, days: int = 10) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mcp.example.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(NOW - timedelta(days=20))
    built = builder.not_valid_after(NOW + timedelta(days=days)).sign(key, hashes.SHA256())
    return built.public_bytes(Encoding.PEM)


def pem(key: Key | EdwardsKey | dsa.DSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def judged(certificate_pem: bytes, key_pem: bytes) -> ObservedTlsSecret:
    data = {"tls.crt": certificate_pem, "tls.key": key_pem}
    return judge_tls_secret(SecretContent("u", "1", "kubernetes.io/tls", None, {}, data), NOW)


EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)
DSA = dsa.generate_private_key(1024)


def with_password(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("key", [EC, RSA], ids=["ec", "rsa"])
def test_a_pair_that_fits_is_present(key: Key, form: PrivateFormat) -> None:
    key_pem = key.private_bytes(Encoding.PEM, form, NoEncryption())

    assert judged(certificate(key), key_pem) == ObservedTlsSecret("Present")


def test_other_parts_may_stand_beside_the_key() -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

    public = EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    beside = parameters + pem(EC) + certificate(EC) + public

    assert judged(certificate(EC), beside).state == "Present"


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey])
def test_a_key_of_an_edwards_curve_is_read(key: type[EdwardsKey]) -> None:
    read = pem(key.generate())

    assert judged(certificate(EC), read).why == "tls.key is not the key of tls.crt"


@pytest.mark.parametrize("label", [b"PRIVATE KEY", b"DSA PRIVATE KEY", b"PRIVATE  KEY"])
def test_a_key_whose_public_part_is_hard_to_find_costs_no_time(label: bytes) -> None:
    """13 kB, and three seconds of the leader's loop to raise one number to another; 27 kB: 25 s."""
    begun = time.process_time()

    why = judged(certificate(EC), of_a_long_modulus(20_000, label)).why

    assert "no PEM private key" in why
    assert time.process_time() - begun < 0.5


def test_parts_without_end_cost_no_time() -> None:
    """64 kB, of which each line was looked for in all that follows: 1.4 s."""
    begun = time.process_time()

    why = judged(certificate(EC), b"-----BEGIN A-----\n" * 3_600).why

    assert "no PEM private key" in why
    assert time.process_time() - begun < 0.2


def of_a_long_modulus(bits: int, label: bytes) -> bytes:
    """A DSA key in PKCS #8."""
    p, q, g = (1 << bits) - 3, (1 << (bits - 1)) - 1, (1 << (bits - 2)) - 5
    parameters = der(0x30, b"".join(map(integer, (p, q, g))))
    algorithm = der(0x30, bytes.fromhex("06072a8648ce380401") + parameters)
    secret = der(0x04, integer((1 << (bits - 3)) - 7))
    key = der(0x30, integer(0) + algorithm + secret)
    body = base64.encodebytes(key)
    return b"-----BEGIN " + label + b"-----\n" + body + b"-----END " + label + b"-----\n"


@pytest.mark.parametrize(
    ("certificate_pem", "key_pem", "why"),
    [
        (certificate(SHORT), pem(SHORT), "key too small"),
        (certificate(EC), pem(RSA), "tls.key is not the key of tls.crt"),
        (certificate(EC, days=-1), pem(EC), "expired on 2026-11-23"),
        (b"odd", pem(EC), "no PEM certificate"),
        (certificate(EC), b"odd", "no PEM private key"),
        (
            certificate(EC),
            pem(DSA),
            "without password, of RSA, EC, Ed25519 or Ed448",
        ),
        (certificate(EC), with_password(EC), "no PEM private key without password"),
    ],
    ids=["short", "mismatch", "expired", "no certificate", "no key", "dsa", "password"],
)
def test_what_pods_would_not_take_is_told(certificate_pem: bytes, key_pem: bytes, why: str) -> None:
    observed = judged(certificate_pem, key_pem)

    assert observed.state == "Unfit"
    assert why in observed.why


def test_a_key_whose_primes_are_hard_to_prove_costs_no_time() -> None:
    """Some 7 kB, and a minute of the leader's loop to prove them."""
    begun = time.process_time()

    why = judged(certificate(EC), of_two_primes(2**4253 - 1, 2**4423 - 1)).why

    assert why == "tls.key is not the key of tls.crt"
    assert time.process_time() - begun < 0.5


def of_two_primes(p: int, q: int) -> bytes:
    e = 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = (0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    body = b"".join(map(integer, numbers))
    text = base64.encodebytes(der(48, body))
    marks = (b"-----BEGIN RSA PRIVATE KEY-----\n", b"-----END RSA PRIVATE KEY-----\n")
    return text.join(marks)


def integer(number: int) -> bytes:
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def der(tag: int, content: bytes) -> bytes:
    """ITU-T X.690 §10.1: a length in as few bytes as there may be."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


@pytest.mark.parametrize("name", ["tls.crt", "tls.key"])
def test_what_is_larger_than_any_chain_is_not_read(name: str) -> None:
    pair = {"tls.crt": certificate(EC), "tls.key": pem(EC)}
    pair[name] += b"\n" * 65_536

    why = judged(pair["tls.crt"], pair["tls.key"]).why

    assert why == f"its {name} has more than 65,536 bytes"


def test_nobody_is_asked_for_the_password_of_a_chains_part() -> None:
    mark = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
    begin = b"-----BEGIN CERTIFICATE-----\n"
    second = certificate(EC).replace(begin, begin + mark)

    why = judged(certificate(EC) + second, pem(EC)).why

    assert "OpenSSL does not take tls.crt with tls.key: a part has a password" in why
