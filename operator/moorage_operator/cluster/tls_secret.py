"""Whether a Secret can serve as a listener's certificate."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from moorage_operator.cluster.private_key_form import may_be_read
from moorage_operator.cluster.secret_reader import SecretContent
from moorage_operator.planning.snapshot import ObservedTlsSecret

TLS_TYPE = "kubernetes.io/tls"
CERTIFICATE = "tls.crt"
PRIVATE_KEY = "tls.key"
FILE_BYTES = 64 * 1024
"""More than any chain has. Whoever writes the Secret says what the leader's loop reads."""


def judge_tls_secret(secret: SecretContent | None, now: datetime) -> ObservedTlsSecret:
    """What a plan must know of the Secret; nothing of its content stays."""
    if secret is None:
        return ObservedTlsSecret("Missing")
    if secret.type != TLS_TYPE:
        why = f"its type is {secret.type or 'empty'}, not {TLS_TYPE}"
        return ObservedTlsSecret("WrongType", why)
    why = _unfit(secret, now)
    return ObservedTlsSecret("Unfit", why) if why else ObservedTlsSecret("Present")


def _unfit(secret: SecretContent, now: datetime) -> str:
    missing = [name for name in (CERTIFICATE, PRIVATE_KEY) if not secret.data.get(name)]
    if missing:
        return f"it has no {' and no '.join(missing)}"
    large = [name for name in (CERTIFICATE, PRIVATE_KEY) if len(secret.data[name]) > FILE_BYTES]
    if large:
        return f"its {' and its '.join(large)} has more than {FILE_BYTES:,} bytes"
    return _unfit_pair(secret.data[CERTIFICATE], secret.data[PRIVATE_KEY], now)


def _unfit_pair(certificate_pem: bytes, key_pem: bytes, now: datetime) -> str:
    try:
        certificate = x509.load_pem_x509_certificates(certificate_pem)[0]
    except (ValueError, IndexError):
        return f"{CERTIFICATE} is no PEM certificate"
    if not may_be_read(key_pem):
        kinds = "RSA, EC, Ed25519 or Ed448"
        return f"{PRIVATE_KEY} is no PEM private key without password, of {kinds}"
    try:
        # To prove primes takes minutes of the loop where they are large; it is OpenSSL's word below
        # that counts, as in the pods.
        key = load_pem_private_key(key_pem, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
        return f"{PRIVATE_KEY} is no PEM private key that OpenSSL can read"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        return f"{PRIVATE_KEY} is not the key of {CERTIFICATE}"
    if certificate.not_valid_after_utc <= now:
        return f"{CERTIFICATE} expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    return _refused_by_openssl(certificate_pem, key_pem)


def _refused_by_openssl(certificate_pem: bytes, key_pem: bytes) -> str:
    """Gateway pods load it by the same library: it takes no short keys and no old digests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with _as_file(certificate_pem) as certificate_file, _as_file(key_pem) as key_file:
        try:
            context.load_cert_chain(certificate_file, key_file, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            reason = error.reason if isinstance(error, ssl.SSLError) else "a part has a password"
            why = (reason or "unknown").lower().replace("_", " ")
            return f"OpenSSL does not take {CERTIFICATE} with {PRIVATE_KEY}: {why}"
    return ""


def _no_password() -> str:
    # Without this OpenSSL would ask for one on the terminal.
    raise ValueError


@contextmanager
def _as_file(octets: bytes) -> Iterator[str]:
    """OpenSSL reads files only, and no disk should see a key."""
    descriptor = os.memfd_create("moorage")
    try:
        os.write(descriptor, octets)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
