"""Metric families of a gateway pod's ties to the cluster."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from moorage_gateway.reporting.cluster_facts import (
    CertificateFacts,
    ChannelFacts,
    ClusterFacts,
    WatchTotals,
)

_LABELS = ("resource",)


def cluster_families(facts: ClusterFacts | None) -> Iterator[Metric]:
    """Every family of this file; docs/metrics.md explains each. None outside a cluster."""
    if facts is None:
        return
    yield from _watch_families(facts.totals)
    yield CounterMetricFamily(
        "moorage_tables_refused",
        "Published tables that could not be put in force.",
        value=facts.tables_refused_total,
    )
    yield CounterMetricFamily(
        "moorage_keys_refused",
        "Readings of the key Secret that failed.",
        value=facts.keys_refused_total,
    )
    if facts.certificate is not None:
        yield from _certificate_families(facts.certificate)
    if facts.channel is not None:
        yield from _channel_families(facts.channel)


def _watch_families(totals: tuple[WatchTotals, ...]) -> Iterator[Metric]:
    relists = CounterMetricFamily(
        "moorage_watch_relists", "Lists that replaced all that was known.", labels=_LABELS
    )
    errors = CounterMetricFamily(
        "moorage_watch_errors", "Lists and watches that failed.", labels=_LABELS
    )
    age = GaugeMetricFamily(
        "moorage_watch_age_seconds",
        "Time since the API server was heard, of the watch that is silent for longest.",
        labels=_LABELS,
    )
    for each in totals:
        relists.add_metric((each.kind,), each.relists)
        errors.add_metric((each.kind,), each.errors)
        age.add_metric((each.kind,), each.age_seconds)
    yield relists
    yield errors
    yield age


def _certificate_families(certificate: CertificateFacts) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "moorage_tls_certificate_expiry_timestamp_seconds",
        "When the listener's certificate ends, Unix time.",
        value=certificate.expires_at,
    )
    yield CounterMetricFamily(
        "moorage_tls_certificates_refused",
        "Changed certificate files that could not be used.",
        value=certificate.refused,
    )


def _channel_families(channel: ChannelFacts) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "moorage_report_channel_up", "1 while the operator's leader listens.", channel.connected
    )
    yield GaugeMetricFamily(
        "moorage_report_channel_guided",
        "1 while sessions are opened by the operator's guidance.",
        channel.sharing == "guided",
    )
    yield CounterMetricFamily(
        "moorage_report_channel_connects", "Connections to a leader.", channel.connects
    )
    yield CounterMetricFamily(
        "moorage_report_channel_failures",
        "Attempts and connections that ended by a failure.",
        channel.failures,
    )
