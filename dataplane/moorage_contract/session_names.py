"""What logs call a session of an endpoint: the gateway's and the bridge's lines name it alike."""

from hashlib import sha256

HEX_DIGITS = 12


def upstream_session_name(session_id: bytes) -> str:
    """First 12 hex digits of SHA-256 of the session id that the endpoint gave out."""
    return sha256(session_id).hexdigest()[:HEX_DIGITS]
