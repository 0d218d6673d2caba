"""The names of a session in logs: they tell two sessions apart and open neither (pure)."""

from hashlib import blake2b

from moorage_contract.session_names import upstream_session_name

HEX_DIGITS = 12


def session_names(session_id: str, upstream_session_id: bytes | None, key: bytes) -> bytes:
    """Members of an access log line: the session's hash, and how its bridge's log calls it."""
    members = b',"session":"%b"' % session_hash(session_id.encode("ascii"), key).encode("ascii")
    if upstream_session_id is None:
        return members
    upstream = upstream_session_name(upstream_session_id).encode("ascii")
    return b'%b,"upstream_session":"%b"' % (members, upstream)


def session_hash(session_id: bytes, key: bytes) -> str:
    """First 12 hex digits of BLAKE2b keyed with ``key`` (1 to 64 bytes).

    Replicas with the same key give the same name; without the key nobody can test a guess.
    """
    if not 1 <= len(key) <= 64:
        raise ValueError(f"the key of session hashes has {len(key)} bytes; give 1 to 64")
    return blake2b(session_id, key=key, digest_size=32).hexdigest()[:HEX_DIGITS]
