"""Answers that the house itself gives carry the id exactly as its sender wrote it."""

import msgspec
import pytest
from mcp.types import JSONRPCError, JSONRPCResponse, jsonrpc_message_adapter

from moorage_wire.jsonrpc import (
    INVALID_REQUEST,
    PARSE_ERROR,
    error_response,
    read_message,
    result_response,
)


def test_an_error_without_data() -> None:
    answer = error_response(b'"a\\u0031"', INVALID_REQUEST, 'no "such" thing')
    assert answer == (
        b'{"jsonrpc":"2.0","id":"a\\u0031","error":{"code":-32600,"message":"no \\"such\\" thing"}}'
    )


def test_an_error_whose_id_is_unknown() -> None:
    answer = error_response(None, PARSE_ERROR, "not JSON")
    assert b'"id":null' in answer
    assert read_message(answer).id == b"null"


@pytest.mark.parametrize("data", [{"supported": ["2025-11-25"]}, [], 0, False, ""])
def test_data_is_given_even_if_it_is_empty(data: object) -> None:
    answer = error_response(b"1", -32022, "unsupported version", data)
    read = jsonrpc_message_adapter.validate_json(answer)
    assert isinstance(read, JSONRPCError)
    assert read.error.data == data


def test_a_result_copies_raw_parts() -> None:
    answer = result_response(b"7", {"tools": msgspec.Raw(b"[ 1.50 ]")})
    assert answer == b'{"jsonrpc":"2.0","id":7,"result":{"tools":[ 1.50 ]}}'
    assert isinstance(jsonrpc_message_adapter.validate_json(answer), JSONRPCResponse)
