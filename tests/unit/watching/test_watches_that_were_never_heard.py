"""A watch that was never heard is silent since it began: it is not a fresh one."""

from moorage_gateway.reporting.cluster_facts import WatchTotals
from moorage_gateway.watching.watch_log import WatchLog, totals_of


def begun_at(seconds: float, kind: str = "EndpointSlices") -> WatchLog:
    return WatchLog(kind, "agents", began_at=seconds)


def test_its_age_is_counted_from_its_beginning() -> None:
    log = begun_at(100.0)
    log.failed("the API server answers HTTP 403", 130.0, refused=True)
    assert log.totals(220.0) == WatchTotals("EndpointSlices", 0, 1, 120.0)
    assert log.state(220.0).age_seconds is None


def test_once_heard_it_is_counted_from_then() -> None:
    log = begun_at(100.0)
    log.heard(200.0)
    assert log.totals(220.0).age_seconds == 20.0
    assert log.state(220.0).age_seconds == 20.0


def test_the_one_that_was_never_heard_is_the_age_of_its_kind() -> None:
    heard, unheard, table = begun_at(0.0), begun_at(50.0), begun_at(0.0, "ConfigMap")
    heard.heard(199.0)
    table.heard(198.0)
    heard.relists, unheard.errors = 3, 4
    told = totals_of(log.totals(200.0) for log in (heard, unheard, table))
    assert told == (WatchTotals("EndpointSlices", 3, 4, 150.0), WatchTotals("ConfigMap", 0, 0, 2.0))


def test_one_that_is_no_longer_needed_keeps_its_counts_and_no_age() -> None:
    log = begun_at(0.0)
    log.relists, log.errors = 2, 1
    assert log.retired() == WatchTotals("EndpointSlices", 2, 1, 0.0)
