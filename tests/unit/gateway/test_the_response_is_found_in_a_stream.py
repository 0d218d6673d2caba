"""A stream has answered its request once the response was there, however its bytes were cut."""

import pytest

from moorage_gateway.relaying.answer_id import ResponseWatch
from moorage_wire.sse import encode_event

NOTICE = encode_event(
    b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"id":5,"a":1}}'
)
OTHER = encode_event(b'{"jsonrpc":"2.0","id":6,"result":{}}')


def watched(raw_id: bytes, stream: bytes, piece: int) -> bool:
    watch = ResponseWatch(raw_id, 1024)
    for start in range(0, len(stream), piece):
        watch.feed(stream[start : start + piece])
    return watch.seen


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("raw_id", "response"),
    [
        (b"5", b'{"jsonrpc":"2.0","id":5,"result":{}}'),
        (b"5", b'{"jsonrpc": "2.0", "id" : 5, "result": {}}'),
        (b"5", b'{"result":{},"jsonrpc":"2.0","id":5}'),
        (b'"\xc3\xa9"', b'{"jsonrpc":"2.0","id":"\\u00e9","result":{}}'),
        (b"5", b'{"jsonrpc":"2.0","id":5,"error":{"code":1,"message":"no"}}'),
    ],
)
def test_a_response_is_seen(raw_id: bytes, response: bytes, piece: int) -> None:
    assert watched(raw_id, NOTICE + OTHER + encode_event(response), piece)


@pytest.mark.parametrize("piece", [1, 1000])
@pytest.mark.parametrize("stream", [b"", NOTICE, OTHER, NOTICE + OTHER, b'data: {"id":5,'])
def test_what_is_no_response_to_it_is_not(stream: bytes, piece: int) -> None:
    assert not watched(b"5", stream, piece)
