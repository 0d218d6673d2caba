"""Makes the params of ``initialize`` small enough to travel in a session's capsule."""

import zlib

import msgspec

MAX_COMPRESSED_BYTES = 1024
MAX_PARAMS_BYTES = 65_536
"""Larger params are not kept, however well they compress: whoever expands them has a bound."""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def compress_initialize_params(params: bytes) -> bytes | None:
    """zlib form of the JSON ``params``, at most 1 KiB; None when it cannot be that small.

    ``clientInfo.icons`` are left out first: no server needs them to open a session anew.
    """
    compressed = _compress(params)
    if compressed is None:
        compressed = _compress(_without_icons(params))
    return compressed


def _compress(params: bytes) -> bytes | None:
    if len(params) > MAX_PARAMS_BYTES:
        return None
    compressed = zlib.compress(params, level=9)
    return compressed if len(compressed) <= MAX_COMPRESSED_BYTES else None


def _without_icons(params: bytes) -> bytes:
    try:
        members = _MEMBERS.decode(params)
        client_info = _MEMBERS.decode(members.get("clientInfo", b"{}"))
    except msgspec.DecodeError:
        return params
    if "icons" not in client_info:
        return params
    del client_info["icons"]
    return msgspec.json.encode(
        members | {"clientInfo": msgspec.Raw(msgspec.json.encode(client_info))}
    )
