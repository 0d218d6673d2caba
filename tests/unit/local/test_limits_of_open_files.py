"""The soft limit of open files is raised as far as it is of use, and never lowered."""

from resource import RLIM_INFINITY

import pytest

from moorage_local.open_files import LOW, MOST_NEEDED, open_files_notes, wanted_limit


@pytest.mark.parametrize(
    ("soft", "hard", "wanted"),
    [
        (1_024, 1_048_576, MOST_NEEDED),
        (1_024, 20_000, 20_000),
        (1_024, 1_024, 1_024),
        (256, RLIM_INFINITY, MOST_NEEDED),
        (500_000, 1_048_576, 500_000),
        (RLIM_INFINITY, RLIM_INFINITY, RLIM_INFINITY),
    ],
)
def test_the_limit_that_is_asked_for(soft: int, hard: int, wanted: int) -> None:
    assert wanted_limit(soft, hard) == wanted


def test_only_a_low_limit_is_told() -> None:
    assert open_files_notes(LOW) == []
    (note,) = open_files_notes(LOW - 1)
    assert str(LOW - 1) in note
