"""Whether a Secret can serve as a listener's certificate (pure)."""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from moorage_operator.cluster.secret_reader import SecretContent
from moorage_operator.planning.snapshot import ObservedTlsSecret

TLS_TYPE = "kubernetes.io/tls"
CERTIFICATE = "tls.crt"
PRIVATE_KEY = "tls.key"


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
    return _unfit_pair(secret.data[CERTIFICATE], secret.data[PRIVATE_KEY], now)


def _unfit_pair(certificate_pem: bytes, key_pem: bytes, now: datetime) -> str:
    try:
        certificate = x509.load_pem_x509_certificates(certificate_pem)[0]
    except (ValueError, IndexError):
        return f"{CERTIFICATE} is no PEM certificate"
    try:
        key = load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return f"{PRIVATE_KEY} is no PEM private key without password"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        return f"{PRIVATE_KEY} is not the key of {CERTIFICATE}"
    if certificate.not_valid_after_utc <= now:
        return f"{CERTIFICATE} expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    return ""
