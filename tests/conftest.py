"""What holds for all tests: what they need is fetched, or they are skipped, before they run."""

from contextlib import suppress
from subprocess import TimeoutExpired

import pytest

from conformance.node_tools import NodeToolsMissing, find_node_tools
from fakes.kubectl import no_cluster

OF_NODE = ("conformance", "typescript")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needy = [item for item in items if item.get_closest_marker("cluster")]
    if needy and (reason := no_cluster()):
        for item in needy:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish(session: pytest.Session) -> None:
    """An install takes minutes, which no test has; one that needs it tells what went wrong."""
    needy = any(item.get_closest_marker(name) for item in session.items for name in OF_NODE)
    if needy and not session.config.option.collectonly:
        with suppress(NodeToolsMissing, TimeoutExpired):
            find_node_tools()
