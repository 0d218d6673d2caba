"""Metric families of the endpoints: health, sessions and requests in flight."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from moorage_gateway.reporting.snapshot import Snapshot

_LABELS = ("group", "endpoint")


def endpoint_families(snapshot: Snapshot) -> Iterator[Metric]:
    """Every family of this file; docs/metrics.md explains each."""
    up = GaugeMetricFamily(
        "moorage_upstream_up", "1 while new sessions may go to the endpoint.", labels=_LABELS
    )
    sessions = GaugeMetricFamily(
        "moorage_endpoint_sessions", "Live sessions on the endpoint.", labels=_LABELS
    )
    in_flight = GaugeMetricFamily(
        "moorage_endpoint_requests_in_flight", "Requests the endpoint works on.", labels=_LABELS
    )
    for endpoint in snapshot.endpoints:
        labels = (endpoint.group, endpoint.uid)
        up.add_metric(labels, endpoint.up)
        sessions.add_metric(labels, endpoint.sessions)
        in_flight.add_metric(labels, endpoint.in_flight)
    yield up
    yield sessions
    yield in_flight
    yield _by_state(snapshot)


def _by_state(snapshot: Snapshot) -> Metric:
    family = GaugeMetricFamily(
        "moorage_endpoints", "Endpoints by group and state.", labels=("group", "state")
    )
    for labels, count in snapshot.endpoint_states:
        family.add_metric(labels, count)
    return family
