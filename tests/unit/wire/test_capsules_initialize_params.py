"""The params of ``initialize`` travel in a session's capsule if they can be made small enough."""

import json
import random
import zlib
from typing import Any

import pytest

from moorage_wire.capsules import compress_initialize_params

TYPICAL = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"elicitation": {}, "sampling": {}},
    "clientInfo": {"name": "mcp", "version": "0.1.0"},
}


def noise(characters: int) -> str:
    """Text that does not compress below its entropy."""
    source = random.Random(characters)
    return "".join(chr(source.randrange(33, 127)) for _ in range(characters)).replace("\\", "/")


def params(**client_info: Any) -> bytes:
    return json.dumps({**TYPICAL, "clientInfo": {**TYPICAL["clientInfo"], **client_info}}).encode()  # type: ignore[dict-item]


def expanded(compressed: bytes | None) -> Any:
    assert compressed is not None
    assert len(compressed) <= 1024
    return json.loads(zlib.decompress(compressed))


def test_small_params_are_kept_byte_for_byte() -> None:
    text = params(icons=[{"src": "https://example.com/icon.png"}])
    compressed = compress_initialize_params(text)
    assert compressed is not None
    assert zlib.decompress(compressed) == text


def test_large_icons_are_left_out_and_nothing_else() -> None:
    text = params(icons=[{"src": "data:image/png;base64," + noise(3000)}], title="Zoë")
    assert expanded(compress_initialize_params(text)) == json.loads(params(title="Zoë"))


def test_raw_values_survive_the_loss_of_icons() -> None:
    text = params(icons=noise(3000)).replace(b'"sampling": {}', b'"sampling": {"x": 1.50e2}')
    compressed = compress_initialize_params(text)
    assert compressed is not None
    assert b'{"x": 1.50e2}' in zlib.decompress(compressed)


@pytest.mark.parametrize(
    "text",
    [
        params(title=noise(3000)),
        params(title=noise(3000), icons=[]),
        params(title=noise(3000), icons=noise(3000)),
        b'{"clientInfo": "' + noise(3000).replace('"', "'").encode() + b'"}',
        b"[" + b"1," * 40_000 + b"1]",
        b'"' + b" " * 70_000 + b'"',
    ],
    ids=["title", "no icons", "both", "client info is text", "array", "compresses too well"],
)
def test_params_that_stay_large_are_not_kept(text: bytes) -> None:
    assert compress_initialize_params(text) is None
