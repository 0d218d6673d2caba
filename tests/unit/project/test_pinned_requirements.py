"""What is installed is pinned with hashes, names no registry, and covers what is asked for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PINNED = {
    "local": ["gateway", "local", "examples"],
    "dev": ["gateway", "local", "examples", "operator", "dev"],
    "gateway": ["gateway"],
    "operator": ["operator"],
}
INSTALLS_THE_PROJECT = {"local", "dev"}
IN_NO_GATEWAY = {"kopf", "kubernetes", "jinja2"}
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}")


def pins(name: str) -> dict[str, str]:
    """Version by name; every line is a pin or a hash of the pin before it."""
    found: dict[str, str] = {}
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    for entry in text.replace(" \\\n", "\n").replace("\n    ", "\0").splitlines():
        pin, *hashes = entry.split("\0")
        requirement = Requirement(pin)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==" and requirement.url is None, pin
        assert hashes and all(HASH.fullmatch(f"    {one}") for one in hashes), pin
        found[canonicalize_name(requirement.name)] = specifier.version
    return found


@pytest.mark.parametrize("name", PINNED)
def test_everything_that_is_asked_for_is_pinned(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    asked = [Requirement(text) for extra in PINNED[name] for text in extras[extra]]
    if name in INSTALLS_THE_PROJECT:
        asked += map(Requirement, project["build-system"]["requires"])
    pinned = pins(name)
    for requirement in asked:
        if requirement.name != "moorage":
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("name", PINNED)
def test_no_registry_is_named(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text and "index" not in text and "#" not in text


@pytest.mark.parametrize("name", ["local", "gateway", "operator"])
def test_development_runs_on_what_is_served(name: str) -> None:
    served, developed = pins(name), pins("dev")
    assert {one: developed[one] for one in served} == served


def test_the_gateway_image_holds_nothing_of_the_operator() -> None:
    assert not pins("gateway").keys() & IN_NO_GATEWAY
