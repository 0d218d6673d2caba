"""The schemas' rules are within what API servers down to Kubernetes 1.31 take.

Which functions a new CRD may use, and what a rule may cost, depends on the API server's version. A
newer one takes more, so this reads the text: `KUBECONFIG=… pytest tests/crds` asks a 1.31 itself.
"""

import pytest

from fakes.crd_schema import Field, Schema, fields

MAPS_OF_INT_OR_STRING = [
    field
    for field in fields()
    if field.schema.get("additionalProperties", {}).get("x-kubernetes-int-or-string")
]
RULES = [(field, rule) for field in fields() for rule in field.rules]
MOST_INT_OR_STRINGS = 15
"""Until 1.34 each counts as 3 MiB of text: to convert 15 twice is within a rule's 10,000,000."""
TOO_NEW = ("format.", "semver(", "isSemver(", "transformList(", "transformMap(")
"""A function of 1.N is for new CRDs from 1.N+1 on: isIP, of 1.30, is the newest one here."""


@pytest.mark.parametrize("field", MAPS_OF_INT_OR_STRING, ids=lambda field: field.path)
def test_maps_that_a_rule_converts_are_small(field: Field) -> None:
    assert field.schema["maxProperties"] <= MOST_INT_OR_STRINGS


def test_quantities_are_what_is_converted() -> None:
    assert {field.path.rpartition(".")[2] for field in MAPS_OF_INT_OR_STRING} == {
        "requests",
        "limits",
    }


@pytest.mark.parametrize(
    ("field", "rule"), RULES, ids=[f"{field.kind}:{field.path}" for field, _ in RULES]
)
def test_rules_use_what_new_crds_may_use_in_1_31(field: Field, rule: Schema) -> None:
    for word in TOO_NEW:
        assert word not in rule["rule"]


@pytest.mark.parametrize(
    ("field", "rule"), RULES, ids=[f"{field.kind}:{field.path}" for field, _ in RULES]
)
def test_no_rule_makes_text_of_an_int_or_string(field: Field, rule: Schema) -> None:
    """``string(…)`` of a value whose type is open costs four times too much before 1.34."""
    assert "string(" not in rule["rule"]
