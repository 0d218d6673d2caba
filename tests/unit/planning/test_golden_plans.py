"""Whole plans as people can read them; tests/golden/README.md says how to write them anew."""

import os

import pytest
import yaml

from fakes.golden_cases import CASES, output_path, plan_case, plan_document, read_case

REWRITE = bool(os.environ.get("MOORAGE_REWRITE_GOLDEN"))


@pytest.mark.parametrize("case", CASES)
def test_the_plan_is_the_golden_one(case: str) -> None:
    planned = plan_document(plan_case(read_case(case)))
    if REWRITE:
        output_path(case).write_text(yaml.safe_dump(planned, sort_keys=False, width=100))

    assert planned == yaml.safe_load(output_path(case).read_text())
