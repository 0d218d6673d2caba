"""What the chart renders for each story, held to a file: a change of it is seen in review."""

import os
from pathlib import Path

import pytest
import yaml

from chart.rendering import STORIES, story

GOLDEN = Path(__file__).parent / "golden"
pytestmark = pytest.mark.helm


@pytest.mark.parametrize("name", ["default", *sorted(STORIES)])
def test_a_story_renders_what_its_golden_file_says(name: str) -> None:
    rendered = sorted(story(name), key=lambda one: (one["kind"], one["metadata"]["name"]))
    rendered.sort(key=lambda one: one["metadata"].get("namespace", ""))
    kept = GOLDEN / f"{name}.yaml"
    if os.environ.get("MOORAGE_WRITE_GOLDEN"):
        kept.write_text(yaml.safe_dump_all(rendered, sort_keys=False, width=100))
    assert rendered == list(yaml.safe_load_all(kept.read_text())), "make chart-golden"
