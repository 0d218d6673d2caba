"""Every protocol version has one era; batches belong to one version."""

import pytest

from moorage_wire.eras import (
    DEFAULT_VERSION,
    LEGACY_VERSIONS,
    MODERN_VERSIONS,
    Era,
    allows_batches,
    era_of,
)


@pytest.mark.parametrize("version", LEGACY_VERSIONS)
def test_versions_with_initialize_are_legacy(version: str) -> None:
    assert era_of(version) is Era.LEGACY


@pytest.mark.parametrize("version", [*MODERN_VERSIONS, "2026-12-01", "2099-01-31"])
def test_versions_from_2026_07_28_on_are_modern(version: str) -> None:
    assert era_of(version) is Era.MODERN


@pytest.mark.parametrize(
    "version",
    [
        None,
        "",
        "2026-07-27",
        "2026-7-28",
        "2026-13-01",
        "2026-12-00",
        "2099-01-32",
        "latest",
        "9999",
        "2026-07-28 ",
        "2026-07-28\n",
        "DRAFT-2026-v1",
        "\uff12\uff10\uff12\uff16-07-28",
    ],
)
def test_absent_older_and_unreadable_versions_are_legacy(version: str | None) -> None:
    assert era_of(version) is Era.LEGACY


def test_only_2025_03_26_has_batches() -> None:
    versions = (*LEGACY_VERSIONS, *MODERN_VERSIONS)
    assert [version for version in versions if allows_batches(version)] == ["2025-03-26"]


def test_a_request_without_the_header_speaks_the_version_before_the_header() -> None:
    assert DEFAULT_VERSION in LEGACY_VERSIONS
    assert era_of(DEFAULT_VERSION) is Era.LEGACY
