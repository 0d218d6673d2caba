"""Filters are read strictly, compared by what they want, and say what may pass under them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage_gateway.errors import MalformedRequest
from moorage_gateway.relaying.listens.subscription_filter import (
    LIST_CHANGES,
    SubscriptionFilter,
    honoured_by_all,
    read_filter,
)
from moorage_wire.jsonrpc import Message, read_message

FILTERS = st.builds(
    SubscriptionFilter,
    st.frozensets(st.sampled_from(sorted(LIST_CHANGES))),
    st.frozensets(st.text(max_size=8), max_size=4),
    st.frozensets(st.text(max_size=8), max_size=4),
    st.frozensets(st.tuples(st.sampled_from(("x/a", "x/b")), st.sampled_from((b"1", b'"z"')))),
)


def notification(method: str, params: bytes = b"{}") -> Message:
    return read_message(b'{"jsonrpc":"2.0","method":"%b","params":%b}' % (method.encode(), params))


def test_equal_wishes_are_equal_values() -> None:
    one = read_filter(b'{"toolsListChanged":true,"resourceSubscriptions":["b","a","b"]}')
    other = read_filter(
        b'{"resourceSubscriptions":["a","b"],"promptsListChanged":false,"toolsListChanged":true,'
        b'"taskIds":null}'
    )
    assert one == other and hash(one) == hash(other)
    assert one.as_params() == {"toolsListChanged": True, "resourceSubscriptions": ["a", "b"]}


def test_members_of_extensions_pass_as_they_were_written() -> None:
    read = read_filter(b'{"x/a": {"b" : 1.50} }')
    assert msgspec.json.encode(read.as_params()) == b'{"x/a":{"b" : 1.50}}'


@pytest.mark.parametrize(
    "raw", [None, b"null", b"1", b"[]", b'{"taskIds":[null]}', b'{"toolsListChanged":"true"}']
)
def test_what_is_no_filter_is_refused(raw: bytes | None) -> None:
    with pytest.raises(MalformedRequest) as refused:
        read_filter(raw)
    assert refused.value.reason == "BadSubscriptionFilter"
    assert refused.value.message.startswith("params.notifications")


@given(st.lists(FILTERS, min_size=1, max_size=5))
def test_what_all_honour_is_in_each_but_tasks_which_live_at_one(
    filters: list[SubscriptionFilter],
) -> None:
    all_of_them = honoured_by_all(filters)
    for each in filters:
        assert all_of_them.changes <= each.changes
        assert all_of_them.resources <= each.resources
        assert all_of_them.extensions <= each.extensions
        assert all_of_them.tasks >= each.tasks
    assert honoured_by_all(reversed(filters)) == all_of_them


@pytest.mark.parametrize(
    ("raw", "method", "params", "passes"),
    [
        (b'{"toolsListChanged":true}', "notifications/tools/list_changed", b"{}", True),
        (b'{"toolsListChanged":true}', "notifications/prompts/list_changed", b"{}", False),
        (b'{"toolsListChanged":true}', "notifications/message", b"{}", False),
        (b'{"resourceSubscriptions":["a"]}', "notifications/resources/updated", b"{}", True),
        (b'{"taskIds":["t"]}', "notifications/tasks", b'{"taskId":"t"}', True),
        (b'{"taskIds":["t"]}', "notifications/tasks", b'{"taskId":"u"}', False),
        (b'{"taskIds":["t"]}', "notifications/tasks", b'{"taskId":1}', False),
        (b'{"taskIds":["t"]}', "notifications/resources/updated", b"{}", False),
        (b'{"x/prices":true}', "notifications/x/price", b"{}", True),
        (b'{"x/prices":true}', "notifications/tools/list_changed", b"{}", False),
    ],
)
def test_only_what_was_honoured_may_pass(
    raw: bytes, method: str, params: bytes, passes: bool
) -> None:
    assert read_filter(raw).covers(notification(method, params)) is passes
