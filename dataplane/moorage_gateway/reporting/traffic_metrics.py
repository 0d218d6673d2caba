"""Metric families of what went through: requests, time, bytes, streams, sessions, refusals."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString

from moorage_gateway.reporting.snapshot import HistogramSnapshot, Snapshot

BYTES_PER_TOKEN = 4
"""Within 15 % of a real tokenizer on text and on tools/list, at a thousandth of its cost."""


def traffic_families(snapshot: Snapshot) -> Iterator[Metric]:
    """Every family of this file; docs/metrics.md explains each."""
    yield _requests(snapshot)
    yield _refusals(snapshot)
    yield _request_seconds(snapshot)
    yield _relay_seconds(snapshot)
    yield _upstream_seconds(snapshot)
    yield from _bytes(snapshot)
    yield _estimated_tokens(snapshot)
    yield _events(snapshot)
    yield _streams(snapshot)
    yield _sessions(snapshot)


def _requests(snapshot: Snapshot) -> Metric:
    family = CounterMetricFamily(
        "moorage_requests",
        "Requests by route, MCP method and outcome.",
        labels=("route", "method", "outcome"),
    )
    for labels, count in snapshot.requests:
        family.add_metric(labels, count)
    return family


def _refusals(snapshot: Snapshot) -> Metric:
    family = CounterMetricFamily(
        "moorage_refused", "What the gateway refused, by reason.", labels=("reason",)
    )
    for reason, count in snapshot.refusals:
        family.add_metric((reason,), count)
    return family


def _request_seconds(snapshot: Snapshot) -> Metric:
    family = HistogramMetricFamily(
        "moorage_request_seconds",
        "Time from a request's head read to its answer's last byte written.",
        labels=("route",),
        unit="seconds",
    )
    for row in snapshot.routes:
        family.add_metric((row.route,), _buckets(row.seconds), row.seconds.total)
    return family


def _relay_seconds(snapshot: Snapshot) -> Metric:
    return HistogramMetricFamily(
        "moorage_relay_seconds",
        "Time a request spent in the gateway itself.",
        buckets=_buckets(snapshot.relaying),
        sum_value=snapshot.relaying.total,
        unit="seconds",
    )


def _upstream_seconds(snapshot: Snapshot) -> Metric:
    return HistogramMetricFamily(
        "moorage_upstream_seconds",
        "Time from a request's last byte sent to its endpoint to the first byte of the answer.",
        buckets=_buckets(snapshot.upstream),
        sum_value=snapshot.upstream.total,
        unit="seconds",
    )


def _buckets(histogram: HistogramSnapshot) -> list[tuple[str, float]]:
    names = [*map(floatToGoString, histogram.bounds), "+Inf"]
    return list(zip(names, accumulate(histogram.counts), strict=True))


def _bytes(snapshot: Snapshot) -> Iterator[Metric]:
    received = CounterMetricFamily(
        "moorage_received_bytes",
        "Bytes of request bodies received from clients.",
        labels=("route",),
        unit="bytes",
    )
    sent = CounterMetricFamily(
        "moorage_sent_bytes",
        "Bytes of answer bodies and events sent to clients.",
        labels=("route",),
        unit="bytes",
    )
    for row in snapshot.routes:
        received.add_metric((row.route,), row.received_bytes)
        sent.add_metric((row.route,), row.sent_bytes)
    yield received
    yield sent


def _estimated_tokens(snapshot: Snapshot) -> Metric:
    family = CounterMetricFamily(
        "moorage_estimated_tokens",
        "Model tokens that the bodies amount to, estimated as bytes / 4.",
        labels=("route", "direction"),
    )
    for row in snapshot.routes:
        family.add_metric((row.route, "in"), row.received_bytes // BYTES_PER_TOKEN)
        family.add_metric((row.route, "out"), row.sent_bytes // BYTES_PER_TOKEN)
    return family


def _events(snapshot: Snapshot) -> Metric:
    family = CounterMetricFamily(
        "moorage_events_relayed", "Server-sent events relayed to clients.", labels=("route",)
    )
    for row in snapshot.routes:
        family.add_metric((row.route,), row.events)
    return family


def _streams(snapshot: Snapshot) -> Metric:
    family = GaugeMetricFamily(
        "moorage_streams", "Open event streams to clients.", labels=("route", "kind")
    )
    for labels, count in snapshot.streams:
        family.add_metric(labels, count)
    return family


def _sessions(snapshot: Snapshot) -> Metric:
    family = GaugeMetricFamily("moorage_sessions", "Live sessions by group.", labels=("group",))
    for group, count in snapshot.sessions:
        family.add_metric((group,), count)
    return family
