"""A group withdraws from a gateway that serves it by a table of before."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from fakes.kubectl import kubectl, namespace
from integration.operator import small_table_operator
from integration.operator.resources import apply, condition, deployment, gateway, group, published
from integration.operator.running_operator import RunningOperator, wait_until

pytestmark = pytest.mark.cluster

SOON_SECONDS = 2.0
ALL = {"namespaces": {"from": "All"}}


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with namespace("x-elsewhere") as name:
        yield name


@pytest.mark.parametrize("way", ["not allowed any more", "deleted"])
def test_what_only_the_published_table_names_is_taken_from_it_soon(
    way: str, home: str, elsewhere: str, tmp_path: Path
) -> None:
    operator = RunningOperator(tmp_path, home, "one", elsewhere)
    try:
        operator.lead((small_table_operator.__file__,))
        apply(deployment(elsewhere, "tickets"), _group(elsewhere), _gateway(home, elsewhere))
        wait_until(lambda: _is_served(home), 20, operator.log)
        # Names that hardly compress, and no route to the group any more.
        apply(gateway(home, "agents", *(f"g{token_hex(16)}" for _ in range(200))))
        wait_until(lambda: _accepted(home) == "TableTooLarge", 10, operator.log)
        assert _is_served(home)

        if way == "deleted":
            kubectl("delete", "mcpupstreamgroup", "tickets", "-n", elsewhere, "--wait=false")
        else:
            apply(group(elsewhere, "tickets"))

        wait_until(lambda: not _is_served(home), SOON_SECONDS, operator.log)
    finally:
        operator.kill()


def _group(elsewhere: str) -> dict[str, Any]:
    document = group(elsewhere, "tickets")
    document["spec"]["allowedGateways"] = ALL
    return document


def _gateway(home: str, elsewhere: str) -> dict[str, Any]:
    document = gateway(home, "agents", "tickets")
    document["spec"]["routes"][0]["upstream"]["namespace"] = elsewhere
    return document


def _accepted(home: str) -> str:
    return str(condition("mcpgateway", home, "agents", "Accepted").get("reason"))


def _is_served(home: str) -> bool:
    return any(not entry.unresolved for entry in published(home, "agents"))
