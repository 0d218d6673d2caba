"""Whom we believe to be an endpoint, where it speaks TLS, and what is said of others."""

import ssl
from functools import lru_cache

from moorage_gateway.connecting import trusted_authorities
from moorage_gateway.errors import EndpointUnreachable


@lru_cache(maxsize=256)
def trusting(ca_pem: str | None) -> ssl.SSLContext:
    """One context for all endpoints that these authorities sign; None means the system's.

    Raises ssl.SSLError where the text holds no certificate.
    """
    try:
        return trusted_authorities.trusting(ca_pem)
    except (TypeError, ValueError):  # not even ASCII
        raise ssl.SSLError(1, "the certificate authority is no PEM text") from None


def certificate_refused(error: ssl.SSLError) -> EndpointUnreachable:
    """The refusal after a failed handshake; nothing was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return EndpointUnreachable(
            f"the endpoint's certificate is not accepted: {error.verify_message}",
            reason="EndpointCertificateRefused",
            remedy="check the server name and the certificate authority of the group's TLS",
            retry_after_seconds=5,
        )
    why = getattr(error, "reason", None) or error.strerror or "no reason given"
    return EndpointUnreachable(
        f"the TLS handshake with the endpoint failed ({why})",
        reason="EndpointTlsFailed",
        remedy="check that the endpoint speaks TLS, and the group's certificate authority",
        retry_after_seconds=5,
    )
