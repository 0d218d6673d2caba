"""One line in the log for each reconcile that wrote something, none for those that did not."""

import logging

import pytest

from fakes.kubectl import kubectl
from integration.operator.conftest import NewStepwise
from integration.operator.resources import apply, deployment, group

pytestmark = pytest.mark.cluster

RECONCILER = "moorage_operator.running.reconciler"


async def test_what_was_written_is_told_in_one_line(
    home: str, stepwise: NewStepwise, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, RECONCILER)
    apply(deployment(home, "tickets"), group(home, "tickets"))
    operator = await stepwise()
    lines = []
    for change in (None, None, f"delete service tickets-upstream -n {home}", None):
        if change is not None:
            kubectl(*change.split())
            operator.children.left.forget(operator.place("Service", "tickets-upstream"))
        caplog.clear()
        await operator.group("tickets")
        lines.append([each.getMessage() for each in caplog.records if each.name == RECONCILER])

    (first,), second, (third,), fourth = lines
    start = f"McpUpstreamGroup {home}/tickets, generation 1: wrote "
    assert first.startswith(f"{start}Role, Service, status in ")
    assert third.startswith(f"{start}Service in ")
    assert (second, fourth) == ([], [])
