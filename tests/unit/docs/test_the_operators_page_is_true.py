"""docs/operating.md has every metric and every setting of the operator, and no other."""

import re
from pathlib import Path

import msgspec

from moorage_operator.settings import SettingsFile

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operating.md").read_text()
SOURCE = ROOT / "operator" / "moorage_operator" / "running" / "operator_metrics.py"


def test_every_metric_is_on_the_page() -> None:
    on_page = set(re.findall(r"^\| `(moorage_operator_\w+)` \|", PAGE, re.MULTILINE))
    in_code = set(re.findall(r'"(moorage_operator_\w+)"', SOURCE.read_text()))
    assert in_code
    assert {name.removesuffix("_total") for name in on_page} == in_code


def test_every_setting_is_on_the_page() -> None:
    section = PAGE.partition("## The operator's settings")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    on_page = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert on_page == {field.encode_name for field in msgspec.structs.fields(SettingsFile)}
