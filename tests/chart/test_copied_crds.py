"""The chart carries the CRDs of crds/, byte for byte."""

from chart.rendering import CHART, ROOT


def test_the_charts_crds_are_those_of_the_project() -> None:
    own = {path.name: path.read_bytes() for path in (ROOT / "crds").glob("*.yaml")}
    copied = {path.name: path.read_bytes() for path in (CHART / "files" / "crds").iterdir()}
    assert own == copied, "make chart-crds"


def test_no_crd_has_annotations_that_the_chart_would_double() -> None:
    for path in (ROOT / "crds").glob("*.yaml"):
        assert path.read_text().count("\nmetadata:\n") == 1
        assert "\n  annotations:\n" not in path.read_text()
