"""What is written into a status, when, and which flips become Events."""

from typing import Any

import pytest

from moorage_operator.planning.snapshot import Condition
from moorage_operator.planning.status import (
    EVENT_MESSAGE_BYTES,
    EventText,
    differs,
    status_document,
    transitions,
)

EARLIER, NOW = "2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z"
FOREIGN = {
    "type": "example.com/Audited",
    "status": "True",
    "reason": "Passed",
    "message": "",
    "lastTransitionTime": EARLIER,
}


def condition(status: Any, reason: str = "Reason", message: str = "message") -> Condition:
    return Condition("Ready", status, reason, message)


def written(status: str, reason: str = "Reason", message: str = "message") -> dict[str, Any]:
    return {
        "type": "Ready",
        "status": status,
        "observedGeneration": 3,
        "lastTransitionTime": EARLIER,
        "reason": reason,
        "message": message,
    }


def previous(*conditions: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"observedGeneration": 3, "conditions": list(conditions), **members}


@pytest.mark.parametrize(
    ("before", "after", "since"),
    [
        ("True", "True", EARLIER),
        ("False", "False", EARLIER),
        ("True", "False", NOW),
        ("Unknown", "True", NOW),
    ],
)
def test_the_transition_time_changes_when_the_status_flips(
    before: str, after: str, since: str
) -> None:
    status = status_document(
        previous(written(before)), 4, [condition(after, "Other", "another text")], {}, NOW
    )

    assert status["conditions"] == [
        {
            "type": "Ready",
            "status": after,
            "observedGeneration": 4,
            "lastTransitionTime": since,
            "reason": "Other",
            "message": "another text",
        }
    ]


def test_a_first_status_begins_now_and_has_the_counts() -> None:
    status = status_document(None, 1, [condition("True")], {"sessions": 3}, NOW)

    assert (status["observedGeneration"], status["sessions"]) == (1, 3)
    assert "'lastTransitionTime': '2026-11-24T09:00:00Z'" in str(status["conditions"])


def test_nothing_is_written_over_a_newer_generation() -> None:
    newer = previous(written("True"), sessions=9)

    status = status_document(newer, 2, [condition("False")], {"sessions": 1}, NOW)

    assert status is newer
    assert not differs(newer, status)
    assert transitions(newer, status) == ()


def test_conditions_of_others_are_left_to_them() -> None:
    before = previous(FOREIGN, written("True"))

    status = status_document(before, 3, [condition("True")], {}, NOW)

    assert status["conditions"] == [written("True")]
    assert not differs(before, status)


@pytest.mark.parametrize(
    ("change", "counts", "is_different"),
    [
        (condition("True"), {"sessions": 1}, False),
        (condition("True", message="another"), {"sessions": 1}, True),
        (condition("False"), {"sessions": 1}, True),
        (condition("True"), {"sessions": 2}, True),
        (condition("True"), {"sessions": 1, "routes": 1}, True),
    ],
)
def test_a_status_is_written_when_it_says_something_new(
    change: Condition, counts: dict[str, Any], is_different: bool
) -> None:
    before = previous(FOREIGN, written("True"), sessions=1)

    assert differs(before, status_document(before, 3, [change], counts, NOW)) is is_different


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (written("True"), condition("True", "Other"), []),
        (written("False", "Gone"), condition("False", "Other"), []),
        (written("True"), condition("False", "Gone"), [("Warning", "Gone")]),
        (written("False", "Gone"), condition("True", "Ready"), [("Normal", "Ready")]),
        (written("True"), condition("Unknown", "NoReports"), [("Normal", "NoReports")]),
        (written("True"), condition("False", "NoReadyPods"), [("Normal", "NoReadyPods")]),
        (None, condition("True"), []),
        (None, condition("Unknown"), []),
        (None, condition("False", "Pending"), []),
        (None, condition("False", "Gone"), [("Warning", "Gone")]),
    ],
)
def test_flips_become_events(
    before: dict[str, Any] | None, after: Condition, events: list[tuple[str, str]]
) -> None:
    earlier = previous(*([] if before is None else [before]))

    told = transitions(earlier, status_document(earlier, 3, [after], {}, NOW))

    assert [(event.type, event.reason) for event in told] == events


def test_an_event_says_which_condition_and_stays_within_what_the_api_takes() -> None:
    status = status_document(None, 1, [condition("False", "Gone", "ä" * 5000)], {}, NOW)

    (event,) = transitions(None, status)

    assert event.message.startswith("Ready is False: ä")
    assert len(event.message.encode()) <= EVENT_MESSAGE_BYTES
    assert event == EventText("Warning", "Gone", event.message)


@pytest.mark.parametrize("broken", [{"conditions": "none"}, {"conditions": [1]}, {}])
def test_a_status_that_somebody_broke_is_written_anew(broken: dict[str, Any]) -> None:
    status = status_document(broken, 1, [condition("True")], {}, NOW)

    assert differs(broken, status)
    assert transitions(broken, status) == ()
