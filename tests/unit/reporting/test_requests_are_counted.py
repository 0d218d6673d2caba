"""Cells count what they are told, under labels that no input can multiply."""

import pytest

from moorage_gateway.reporting.cells import MAX_REASONS, MAX_ROUTES, Cells


def finish(
    cells: Cells, route: str = "/a/mcp", method: str = "tools/call", outcome: str = "ok"
) -> None:
    cells.request_finished(route, method, outcome, 0.02, 300, 500)


def test_a_request_is_counted_by_route_method_and_outcome() -> None:
    cells = Cells()
    finish(cells)
    finish(cells)
    finish(cells, outcome="refused")
    counts = {key: cell.count for key, cell in cells.requests.items()}
    assert counts == {("/a/mcp", "tools/call", "ok"): 2, ("/a/mcp", "tools/call", "refused"): 1}


def test_bytes_and_time_are_summed_over_the_methods_of_a_route() -> None:
    cells = Cells()
    finish(cells)
    finish(cells, method="tools/list")
    row = cells.routes["/a/mcp"]
    assert (row.received_bytes, row.sent_bytes) == (600, 1000)
    assert row.seconds.total == pytest.approx(0.04)
    assert sum(row.seconds.counts) == 2


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("tools/call", "tools/call"),
        ("tools/Call", "other"),
        ("x" * 10_000, "other"),
        ("", "none"),
        ("response", "response"),
    ],
)
def test_an_unknown_method_is_other(method: str, label: str) -> None:
    cells = Cells()
    finish(cells, method=method)
    assert list(cells.requests) == [("/a/mcp", label, "ok")]


def test_a_request_without_a_route_is_counted_under_none() -> None:
    cells = Cells()
    finish(cells, route="")
    assert list(cells.requests) == [("none", "tools/call", "ok")]
    assert list(cells.routes) == ["none"]


def test_an_unknown_outcome_is_other() -> None:
    cells = Cells()
    finish(cells, outcome="exploded")
    assert list(cells.requests) == [("/a/mcp", "tools/call", "other")]


def test_ten_thousand_method_names_make_one_series() -> None:
    cells = Cells()
    for number in range(10_000):
        finish(cells, method=f"method/{number}")
    assert {key: cell.count for key, cell in cells.requests.items()} == {
        ("/a/mcp", "other", "ok"): 10_000
    }


def test_routes_past_the_bound_share_one_label() -> None:
    cells = Cells()
    for number in range(MAX_ROUTES + 5):
        finish(cells, route=f"/{number}/mcp")
    assert len(cells.routes) == MAX_ROUTES + 1
    assert cells.requests["overflow", "tools/call", "ok"].count == 5
    assert cells.routes["overflow"].received_bytes == 5 * 300


def test_reasons_past_the_bound_share_one_label() -> None:
    cells = Cells()
    for number in range(MAX_REASONS + 7):
        cells.refused(f"Reason{number}")
    assert len(cells.refusals) == MAX_REASONS + 1
    assert cells.refusals["overflow"] == 7


def test_streams_and_sessions_go_down_under_the_label_they_went_up_under() -> None:
    cells = Cells()
    routes = [f"/{number}/mcp" for number in range(MAX_ROUTES + 3)]
    for route in routes:
        cells.stream_opened(route, "get")
        cells.session_opened(route)
    assert cells.streams["overflow", "get"] == 3
    for route in routes:
        cells.stream_closed(route, "get")
        cells.session_closed(route)
    assert set(cells.streams.values()) == {0}
    assert set(cells.sessions.values()) == {0}


def test_events_are_counted_before_and_after_the_first_request_of_a_route() -> None:
    cells = Cells()
    cells.events_relayed("/a/mcp", 3)
    finish(cells)
    cells.events_relayed("/a/mcp", 4)
    assert cells.routes["/a/mcp"].events == 7


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.00005, 0), (0.00006, 1), (0.5, 11), (0.6, 12)]
)
def test_a_latency_falls_into_the_bucket_whose_bound_it_does_not_pass(
    seconds: float, bucket: int
) -> None:
    cells = Cells()
    cells.relay_latency(seconds)
    assert cells.relaying.counts.index(1) == bucket
