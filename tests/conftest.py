"""What holds for all tests: those that need a cluster are skipped where there is none."""

import pytest

from fakes.kubectl import no_cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needy = [item for item in items if item.get_closest_marker("cluster")]
    if needy and (reason := no_cluster()):
        for item in needy:
            item.add_marker(pytest.mark.skip(reason=reason))
