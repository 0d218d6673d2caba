"""Documents made to hurt end in findings, quickly."""

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.cr_documents import findings_in, gateway_document, group_document, route
from fakes.reference_page import EXAMPLES

CPU_SECONDS = 1.0
"""Each takes less than 0.1 s; reading without bounds takes many seconds."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def mutated(value: Any, draw: Any) -> Any:
    """A copy with something in it replaced, renamed or dropped."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(value)))
        rest = {key: member for key, member in value.items() if key != name}
        changed = mutated(value[name], draw)
        return {**rest, draw(st.just(name) | st.text(max_size=5)): changed}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        return [*value[1:], mutated(value[0], draw)]
    return draw(JSON)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_document_is_read_or_refused_with_findings(data: st.DataObject) -> None:
    document = mutated(data.draw(st.sampled_from(EXAMPLES)), data.draw)
    for finding in findings_in(document):
        assert finding.message and finding.remedy
        assert str(finding).isprintable()
        assert len(str(finding)) < 1_000


def deep(levels: int) -> object:
    value: object = "x"
    for _ in range(levels):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize(
    "document",
    [
        gateway_document(routes=[route(f"/r{number}", "t") for number in range(100_000)]),
        gateway_document(routes=[route("/" + "a/" * 5_000, "t" * 50_000)] * 1_024),
        gateway_document(**{f"unknown{number}": number for number in range(50_000)}),
        gateway_document(**{"u" * 1_000_000: 1}),
        gateway_document(replicas=10**5_000),
        gateway_document(listener={"hostnames": ["a." * 500_000]}),
        group_document(sessions=deep(5_000)),
        group_document(source={"stdio": {"command": ["a" * 4_096] * 64, "volumes": [deep(500)]}}),
        group_document(source={"external": {"endpoints": [{"url": "http://" + "[" * 100_000}]}}),
        group_document(source={"stdio": {"command": ["a"], "nodeSelector": {"a" * 10**6: "b"}}}),
        group_document("a" * 1_000_000 + "!"),
    ],
    ids=lambda document: document["kind"],
)
def test_hostile_documents_cost_little(document: dict[str, Any]) -> None:
    started = time.process_time()
    findings_in(document)
    assert time.process_time() - started < CPU_SECONDS


def test_the_largest_gateway_is_read_quickly() -> None:
    routes = [route(f"/team-{number}/mcp", f"team-{number}") for number in range(1_024)]
    started = time.process_time()
    assert findings_in(gateway_document(routes=routes)) == ()
    assert time.process_time() - started < CPU_SECONDS
