"""``kubectl explain`` reads like documentation: sentences, with the defaults in them."""

import pytest

from fakes.crd_schema import CRDS, Field, fields
from fakes.kubectl import kubectl


def _is_named(field: Field) -> bool:
    """Whether ``kubectl explain`` has a place for it: items and values of plain types have none."""
    plain = field.path.endswith(("[]", "{}")) and "properties" not in field.schema
    return not plain and field.path != "metadata"


DESCRIBED = [field for field in fields() if _is_named(field)]


def each_field(chosen: list[Field]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("field", chosen, ids=lambda field: f"{field.kind}:{field.path}")


@each_field(DESCRIBED)
def test_every_field_is_described_in_sentences(field: Field) -> None:
    description = field.schema["description"]
    assert description[0].isupper() and description.endswith(".")
    assert "  " not in description and "\n" not in description


@each_field([field for field in DESCRIBED if "default" in field.schema])
def test_defaults_are_told(field: Field) -> None:
    default = field.schema["default"]
    if default != {}:
        told = str(default).lower() if isinstance(default, bool) else str(default)
        assert f"Defaults to {told}." in field.schema["description"]


@pytest.mark.parametrize("kind", CRDS)
def test_columns_are_described(kind: str) -> None:
    (version,) = CRDS[kind]["spec"]["versions"]
    for column in version["additionalPrinterColumns"]:
        assert column["description"].endswith(".")


@pytest.mark.cluster
@pytest.mark.parametrize("kind", CRDS)
def test_kubectl_explains_every_field(kind: str, crds_in_force: None) -> None:
    told = kubectl("explain", kind, "--recursive")
    names = {name for field in DESCRIBED if field.kind == kind for name in _last_name(field)}
    assert names
    assert not {name for name in names if f"{name}\t<" not in told}
    source = kubectl("explain", "mug.spec.source.workload.tls")
    assert "how they prove who they are" in " ".join(source.split())


def _last_name(field: Field) -> list[str]:
    name = field.path.rpartition(".")[2].removesuffix("[]")
    return [name] if name else []
