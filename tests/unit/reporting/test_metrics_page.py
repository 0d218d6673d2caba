"""The metrics page: what scrapers read is what was counted, and the docs name all of it."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families

from moorage_gateway.reporting.cells import Cells, EndpointSample
from moorage_gateway.reporting.cluster_facts import (
    CertificateFacts,
    ChannelFacts,
    ClusterFacts,
    WatchTotals,
)
from moorage_gateway.reporting.gateway_metrics import GatewayMetrics, ProcessFacts
from moorage_gateway.reporting.snapshot import MAX_ENDPOINTS

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; q=0.8,text/plain;q=0.5"

Labels = dict[str, str]


FACTS = ClusterFacts(
    table="0123456789abcdef",
    key_ids=("00ff00ff",),
    api_age_seconds=1.5,
    table_refused="",
    keys_refused="",
    tables_refused_total=2,
    keys_refused_total=3,
    watches=(),
    totals=(WatchTotals("ConfigMap", 4, 5, 1.5), WatchTotals("EndpointSlices", 1, 0, 60.0)),
    certificate=CertificateFacts(expires_at=1.8e9, refused=1, why=""),
    channel=ChannelFacts(connected=True, connects=2, failures=1, why="", sharing="guided"),
)


def busy_cells() -> Cells:
    cells = Cells()
    cells.request_finished("/a/mcp", "tools/call", "ok", 0.02, 403, 1001)
    cells.request_finished("/a/mcp", "tools/list", "client_gone", 400.0, 0, 0)
    cells.relay_latency(0.0002)
    cells.upstream_seconds(0.019)
    cells.events_relayed("/a/mcp", 5)
    cells.refused("BodyTooLarge")
    cells.stream_opened("/a/mcp", "listen")
    cells.session_opened("tickets")
    cells.endpoint_states = lambda: [
        EndpointSample("tickets", "uid-1", "ready", 3, 2),
        EndpointSample("tickets", "uid-2", "down", 1, 0),
    ]
    cells.cluster = lambda: FACTS
    return cells


def metrics_of(cells: Cells) -> GatewayMetrics:
    return GatewayMetrics(cells, ProcessFacts("1.2.3", lambda: 0.25, lambda: 9))


def openmetrics_families(text: str) -> list[Metric]:
    return list(parse_openmetrics(text))  # type: ignore[no-untyped-call]


async def scrape(
    cells: Cells,
    accept: str = "",
    parse: Callable[[str], Iterable[Metric]] = text_string_to_metric_families,
) -> dict[str, Metric]:
    _, text = await metrics_of(cells).render(accept)
    return {family.name: family for family in parse(text.decode())}


def values(family: Metric, suffix: str = "") -> list[tuple[Labels, float]]:
    return [(s.labels, s.value) for s in family.samples if s.name == family.name + suffix]


async def test_counters_carry_what_was_counted() -> None:
    families = await scrape(busy_cells())
    assert values(families["moorage_requests"], "_total") == [
        ({"route": "/a/mcp", "method": "tools/call", "outcome": "ok"}, 1),
        ({"route": "/a/mcp", "method": "tools/list", "outcome": "client_gone"}, 1),
    ]
    assert values(families["moorage_refused"], "_total") == [({"reason": "BodyTooLarge"}, 1)]
    assert values(families["moorage_received_bytes"], "_total") == [({"route": "/a/mcp"}, 403)]
    assert values(families["moorage_sent_bytes"], "_total") == [({"route": "/a/mcp"}, 1001)]
    assert values(families["moorage_events_relayed"], "_total") == [({"route": "/a/mcp"}, 5)]
    assert values(families["moorage_estimated_tokens"], "_total") == [
        ({"route": "/a/mcp", "direction": "in"}, 100),
        ({"route": "/a/mcp", "direction": "out"}, 250),
    ]


async def test_gauges_carry_what_is_open_now() -> None:
    cells = busy_cells()
    cells.stream_opened("/a/mcp", "listen")
    cells.stream_closed("/a/mcp", "listen")
    families = await scrape(cells)
    assert values(families["moorage_streams"]) == [({"route": "/a/mcp", "kind": "listen"}, 1)]
    assert values(families["moorage_sessions"]) == [({"group": "tickets"}, 1)]
    assert values(families["moorage_loop_lag_seconds"]) == [({}, 0.25)]
    assert values(families["moorage_access_log_dropped"], "_total") == [({}, 9)]


async def test_endpoints_show_health_and_load() -> None:
    families = await scrape(busy_cells())
    first = {"group": "tickets", "endpoint": "uid-1"}
    second = {"group": "tickets", "endpoint": "uid-2"}
    assert values(families["moorage_upstream_up"]) == [(first, 1), (second, 0)]
    assert values(families["moorage_endpoint_sessions"]) == [(first, 3), (second, 1)]
    assert values(families["moorage_endpoint_requests_in_flight"]) == [(first, 2), (second, 0)]
    assert values(families["moorage_endpoints"]) == [
        ({"group": "tickets", "state": "ready"}, 1),
        ({"group": "tickets", "state": "down"}, 1),
    ]


async def test_ties_to_the_cluster_are_told() -> None:
    families = await scrape(busy_cells())
    tables, slices = {"resource": "ConfigMap"}, {"resource": "EndpointSlices"}
    assert values(families["moorage_watch_relists"], "_total") == [(tables, 4), (slices, 1)]
    assert values(families["moorage_watch_errors"], "_total") == [(tables, 5), (slices, 0)]
    assert values(families["moorage_watch_age_seconds"]) == [(tables, 1.5), (slices, 60)]
    assert values(families["moorage_tables_refused"], "_total") == [({}, 2)]
    assert values(families["moorage_keys_refused"], "_total") == [({}, 3)]
    assert values(families["moorage_tls_certificate_expiry_timestamp_seconds"]) == [({}, 1.8e9)]
    assert values(families["moorage_tls_certificates_refused"], "_total") == [({}, 1)]


async def test_outside_a_cluster_there_are_none() -> None:
    assert not [name for name in await scrape(Cells()) if "watch" in name or "tls" in name]


async def test_histogram_buckets_are_cumulative_and_end_with_the_count() -> None:
    family = (await scrape(busy_cells()))["moorage_request_seconds"]
    buckets = {labels["le"]: value for labels, value in values(family, "_bucket")}
    assert (buckets["0.01"], buckets["0.025"], buckets["300.0"], buckets["+Inf"]) == (0, 1, 1, 2)
    assert values(family, "_count") == [({"route": "/a/mcp"}, 2)]
    [(_, total)] = values(family, "_sum")
    assert total == pytest.approx(400.02)


async def test_build_info_names_the_version() -> None:
    families = await scrape(busy_cells())
    [(labels, value)] = values(families["moorage_build_info"])
    assert (labels["version"], value) == ("1.2.3", 1)


async def test_process_metrics_are_there() -> None:
    families = await scrape(busy_cells())
    [(_, resident_bytes)] = values(families["process_resident_memory_bytes"])
    assert resident_bytes > 1_000_000


async def test_a_scraper_that_asks_for_openmetrics_gets_valid_openmetrics() -> None:
    content_type, text = await metrics_of(busy_cells()).render(OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    names = {family.name for family in openmetrics_families(text.decode())}
    assert {"moorage_requests", "moorage_build"} <= names


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "text/html", "application/openmetrics-text; version=9.9.9\r\nX: y", "version=x"],
)
async def test_the_content_type_never_echoes_the_accept_header(accept: str) -> None:
    content_type, _ = await metrics_of(busy_cells()).render(accept)
    assert re.fullmatch(
        r"[a-z/-]+; version=(0\.0\.4|1\.0\.0); charset=utf-8(; escaping=\w+)?", content_type
    )


async def test_label_values_that_would_break_a_line_are_escaped() -> None:
    cells = Cells()
    route = 'a"b\\c\nmoorage_requests_total 666'
    cells.request_finished(route, "ping", "ok", 0.1, 1, 1)
    families = await scrape(cells)
    [(labels, value)] = values(families["moorage_requests"], "_total")
    assert (labels["route"], value) == (route, 1)


async def test_endpoints_past_the_bound_are_told_together() -> None:
    cells = Cells()
    cells.endpoint_states = lambda: (
        EndpointSample("g", f"uid-{n}", "ready" if n != MAX_ENDPOINTS + 1 else "down", 2, 1)
        for n in range(MAX_ENDPOINTS + 3)
    )
    families = await scrape(cells)
    up = values(families["moorage_upstream_up"])
    overflow = {"group": "overflow", "endpoint": "overflow"}
    assert len(up) == MAX_ENDPOINTS + 1
    assert up[-1] == (overflow, 0)
    assert values(families["moorage_endpoint_sessions"])[-1] == (overflow, 6)
    assert ({"group": "g", "state": "ready"}, MAX_ENDPOINTS + 2) in values(
        families["moorage_endpoints"]
    )


def documented() -> dict[str, set[str]]:
    """Metric name to label names, from the tables of the docs."""
    rows = re.findall(r"^\| `((?:moorage|process)_\w+)` \| ([^|]*) \|", DOCS.read_text(), re.M)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


async def test_the_docs_name_every_metric_with_its_labels_and_no_other() -> None:
    families = await scrape(busy_cells(), OPENMETRICS, openmetrics_families)
    suffix = {"counter": "_total", "info": "_info"}
    served = {
        family.name + suffix.get(family.type, ""): {
            label for sample in family.samples for label in sample.labels if label != "le"
        }
        for family in families.values()
    }
    assert documented() == served
