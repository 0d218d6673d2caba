"""Tests that render the chart are skipped, with one clear line, where helm is missing."""

import shutil

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("helm"):
        return
    for item in items:
        if item.get_closest_marker("helm"):
            item.add_marker(pytest.mark.skip(reason="needs helm on PATH"))
