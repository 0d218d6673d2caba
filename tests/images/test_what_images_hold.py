"""Each image holds what its process needs and no more, and runs restricted on a read-only root."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.kubectl import namespace
from images.running import GATEWAY_IMAGE, OPERATOR_IMAGE, run

pytestmark = pytest.mark.cluster
LOOK = Path(__file__).with_name("seen_from_inside.py").read_text()
MOST_MEGABYTES_OF_THE_GATEWAY = 60
"""What the gateway's image may add to its base."""
DATA_PLANE = [
    "moorage_contract",
    "moorage_wire",
    "moorage_site",
    "moorage_gateway",
    "moorage_sidecar",
]


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    with namespace("g-images", **labels) as name:
        yield name


def test_the_gateway_image_is_small_and_holds_the_data_plane_only(place: str) -> None:
    seen = json.loads(run(place, "gateway", GATEWAY_IMAGE, LOOK))
    print(f"the gateway image adds {seen['bytes'] / 1e6:.1f} MB to its base")
    assert seen["bytes"] <= MOST_MEGABYTES_OF_THE_GATEWAY * 1_000_000
    assert seen["modules"] == [*DATA_PLANE, "aiohttp", "uvloop"]
    assert seen["launcher_runs"] is True
    assert (seen["user"], seen["uncompiled"], seen["writable"]) == (65532, [], [])


def test_the_operator_image_holds_the_operator_only(place: str) -> None:
    seen = json.loads(run(place, "operator", OPERATOR_IMAGE, LOOK))
    needed = ["kopf", "kubernetes", "jinja2", "aiohttp"]
    assert seen["modules"] == ["moorage_contract", "moorage_operator", *needed]
    assert seen["launcher_runs"] is False
    assert (seen["user"], seen["uncompiled"], seen["writable"]) == (65532, [], [])
