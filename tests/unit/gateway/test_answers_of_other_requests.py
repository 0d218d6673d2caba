"""An answer is its request's own by its id, however an endpoint writes it."""

import pytest

from moorage_gateway.errors import BadAnswer
from moorage_gateway.relaying.answer_id import require_answer_to


@pytest.mark.parametrize(
    ("raw_id", "body"),
    [
        (b"1", b'{"jsonrpc":"2.0","id":1,"result":{}}'),
        (b"1", b'{"result":{},"jsonrpc":"2.0","id":1}'),
        (b"1", b' {"jsonrpc": "2.0", "id": 1, "result": {}}\n'),
        (b"-7", b'{"jsonrpc":"2.0","id": -7,"result":null}'),
        (b'"a"', b'{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":""}}'),
        (b'"a"', b'{"jsonrpc":"2.0","id":"\\u0061","result":{}}'),
        (b'"\\u00e9"', '{"jsonrpc":"2.0","id":"é","result":{}}'.encode()),
        (b"1", b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}'),
        (b"1", b'{"jsonrpc":"2.0","error":{"code":-32700,"message":"?"}}'),
    ],
)
def test_its_own_answer_passes(raw_id: bytes, body: bytes) -> None:
    require_answer_to(raw_id, body)


@pytest.mark.parametrize(
    ("raw_id", "body"),
    [
        (b"1", b'{"jsonrpc":"2.0","id":12,"result":{}}'),
        (b"1", b'{"jsonrpc":"2.0","id":"1","result":{}}'),
        (b'"1"', b'{"jsonrpc":"2.0","id":1,"result":{}}'),
        (b"1", b'{"jsonrpc":"2.0","id":21,"result":{}}'),
        (b"1", b'{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":""}}'),
        (b"1", b'{"jsonrpc":"2.0","id":null,"result":{}}'),
        (b"1", b'{"jsonrpc":"2.0","id":3,"method":"sampling/createMessage"}'),
        (b"1", b'{"jsonrpc":"2.0","method":"notifications/progress"}'),
        (b"1", b'[{"jsonrpc":"2.0","id":2,"result":{}}]'),
        (b"1", b'{"jsonrpc":"2.0","id":1,"result":{'),
        (b"1", b"<html>"),
        (b"1", b""),
    ],
)
def test_anything_else_is_a_bad_answer(raw_id: bytes, body: bytes) -> None:
    with pytest.raises(BadAnswer):
        require_answer_to(raw_id, body)
