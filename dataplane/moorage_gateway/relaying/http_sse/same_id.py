"""Equal JSON-RPC ids have one spelling here, however their senders wrote them (pure)."""

import msgspec


def id_key(raw_id: bytes | None) -> bytes:
    """``"\\u00e9"`` and ``"é"`` name the same request; ``1`` and ``"1"`` do not."""
    if raw_id is None or raw_id.isdigit():
        return raw_id or b"null"
    try:
        return msgspec.json.encode(msgspec.json.decode(raw_id))
    except msgspec.DecodeError:
        return raw_id
