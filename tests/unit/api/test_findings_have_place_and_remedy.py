"""Every mistake of a document is told at once: where, what, and what to do."""

import pytest

from fakes.cr_documents import findings_in, gateway_document, group_document, reasons_in, route
from moorage_operator.api.findings import (
    FINDINGS_PER_DOCUMENT,
    SpecError,
    SpecFinding,
    field_path,
    quoted,
)
from moorage_operator.api.resources import read_resource


def test_all_findings_come_at_once() -> None:
    document = {
        "apiVersion": "moorage.dev/v1",
        "kind": "McpGateway",
        "metadata": {"name": "Agents", "nmaespace": "desk"},
        "spec": {
            "replicas": 0,
            "listener": {"port": "8080", "hostnames": ["*.example.com"]},
            "routes": [{"path": "tickets", "upstream": {}}, route("/a/../b", "tickets")],
            "limits": [{"per": "Nobody", "tokensPerSecond": 1}],
        },
    }
    assert reasons_in(document) == {
        "apiVersion": "UnknownKind",
        "metadata.name": "InvalidValue",
        "metadata.nmaespace": "UnknownField",
        "spec.replicas": "OutOfBounds",
        "spec.listener.port": "WrongType",
        "spec.listener.hostnames[0]": "InvalidValue",
        "spec.routes[0].path": "InvalidValue",
        "spec.routes[0].upstream": "MissingField",
        "spec.routes[1].path": "InvalidValue",
        "spec.limits": "NotSupportedYet",
        "spec.limits[0].per": "InvalidValue",
        "spec.limits[0]": "MissingField",
    }


def test_a_finding_reads_as_one_sentence() -> None:
    (finding,) = findings_in(gateway_document(replicas=0))
    assert str(finding) == "spec.replicas: 0 is not in 1 to 100; use 1 to 100"


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"rotues": []}, 'did you mean "routes"?'),
        (
            {"zzz": 1},
            "known here: authentication, limits, routes, replicas, listener",
        ),
        ({"listener": {"prot": 1}}, 'did you mean "port"?'),
    ],
)
def test_unknown_fields_are_told_with_the_nearest_known(
    change: dict[str, object], remedy: str
) -> None:
    (finding,) = findings_in(gateway_document(**change))
    assert (finding.reason, finding.message) == ("UnknownField", "no such field")
    assert sorted(finding.remedy) == sorted(remedy)


def test_misspelt_choices_are_told_with_the_nearest() -> None:
    (finding,) = findings_in(group_document(sessions={"onPodLoss": "replay"}))
    assert (finding.message, finding.remedy) == (
        '"replay" is not known here',
        'did you mean "Replay"?',
    )


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (None, "document"),
        ([], "document"),
        ("McpGateway", "document"),
        ({}, "document"),
        ({**gateway_document(), "kind": "McpGatway"}, "kind"),
        ({**gateway_document(), "kind": 1}, "kind"),
        ({**gateway_document(), "metadata": []}, "metadata"),
        ({**gateway_document(), "spec": None}, "document"),
        ({**gateway_document(), "spec": "routes"}, "spec"),
        ({**gateway_document(), "apiVersion": 1}, "apiVersion"),
    ],
)
def test_no_document_at_all(document: object, place: str) -> None:
    assert {field_path(finding.path) for finding in findings_in(document)} == {place}


def test_a_wrong_mapping_is_told_once_and_not_member_by_member() -> None:
    assert reasons_in(gateway_document(routes=[5])) == {"spec.routes[0]": "WrongType"}
    assert reasons_in(group_document(source="stdio")) == {"spec.source": "WrongType"}


def test_repeated_routes_and_hostnames_name_the_first() -> None:
    twice = [route("/a", "b"), route("/c", "b"), route("/a", "d")]
    (finding,) = findings_in(gateway_document(routes=twice))
    assert str(finding) == (
        'spec.routes[2].path: "/a" is at spec.routes[0].path already; remove one of them'
    )
    names = ["a.example", "b.example", "a.example"]
    assert reasons_in(gateway_document(listener={"hostnames": names})) == {
        "spec.listener.hostnames[2]": "Duplicate"
    }


def test_findings_are_bounded() -> None:
    unknown = {f"field-{number}": number for number in range(10_000)}
    findings = findings_in(gateway_document(**unknown))
    assert len(findings) == FINDINGS_PER_DOCUMENT + 1
    assert findings[-1].reason == "TooManyFindings"


def test_the_error_prints_every_finding() -> None:
    with pytest.raises(SpecError) as caught:
        read_resource(gateway_document(replicas=0, listener={"port": 0}))
    assert len(str(caught.value).splitlines()) == len(caught.value.findings) == 2


def test_text_of_others_stays_on_one_line_and_short() -> None:
    hostile = "a\n\x1b[31m\u202e" + "x" * 1000
    assert quoted(hostile).isprintable() and len(quoted(hostile)) < 140
    path = field_path(("spec", hostile, 0))
    assert path.isprintable() and len(path) < 160
    (finding,) = findings_in(gateway_document(**{hostile: 1}))
    assert str(finding).isprintable()


def test_ordinary_text_is_quoted_as_it_is() -> None:
    assert quoted("Grüße") == '"Grüße"'
    assert (
        field_path(("metadata", "labels", "example.com/team")) == "metadata.labels.example.com/team"
    )
    assert str(SpecFinding((), "WrongType", "a", "b")) == "document: a; b"
