"""Only who shows the group's key is served; an exchange of the key refuses no honest gateway."""

import hmac
from pathlib import Path

import pytest

from moorage_sidecar.refusals import WrongKey
from moorage_sidecar.serving import group_key
from moorage_sidecar.serving.group_key import FORMER_KEY_SECONDS, GroupKey, UnfitKey

FIRST, SECOND, THIRD = (digit * 64 for digit in "abc")


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 2
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(FIRST + "\n")
    return path


@pytest.fixture
def key(file: Path, clock: Clock) -> GroupKey:
    return GroupKey(str(file), clock)


def shows(key: GroupKey, *values: str, name: bytes = b"Moorage-Key") -> bool:
    try:
        key.check(tuple((name, value.encode()) for value in values))
    except WrongKey:
        return False
    return True


def test_the_key_is_asked_for(key: GroupKey) -> None:
    assert shows(key, FIRST)
    assert not shows(key)
    assert not shows(key, "")
    assert not shows(key, SECOND)
    assert not shows(key, FIRST[:-1])
    assert not shows(key, FIRST + "a")
    assert not shows(key, FIRST, name=b"authorization")


def test_two_headers_are_refused_also_when_one_is_right(key: GroupKey) -> None:
    assert not shows(key, FIRST, FIRST)
    assert not shows(key, SECOND, FIRST)


def test_it_is_compared_in_constant_time(
    key: GroupKey, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []
    compare_digest = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return compare_digest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert shows(key, FIRST)
    file.write_text(f"{FIRST}\n{SECOND}\n")
    assert shows(key, FIRST)
    assert compared == [FIRST.encode()] * 3  # every key that is good, also behind the right one


def test_the_former_key_is_good_for_five_minutes(key: GroupKey, file: Path, clock: Clock) -> None:
    file.write_text(SECOND + "\n\n")
    assert shows(key, SECOND) and shows(key, FIRST)
    clock.seconds += FORMER_KEY_SECONDS
    assert shows(key, SECOND) and not shows(key, FIRST)


def test_an_exchange_while_the_process_starts_is_not_missed(
    file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanges = iter((SECOND + "\n\n",))
    read, signature = group_key._read, group_key._signature

    def exchange() -> None:
        for content in exchanges:
            file.write_text(content)

    def read_then_exchange(path: str) -> tuple[bytes, ...]:
        key = read(path)
        exchange()
        return key

    def look_then_exchange(path: str) -> tuple[int, int, int]:
        seen = signature(path)
        exchange()
        return seen

    monkeypatch.setattr(group_key, "_read", read_then_exchange)
    monkeypatch.setattr(group_key, "_signature", look_then_exchange)
    assert shows(GroupKey(str(file), clock), SECOND)


def test_only_one_former_key_is_good(key: GroupKey, file: Path) -> None:
    file.write_text(SECOND + "\n\n")
    assert shows(key, SECOND)
    file.write_text(THIRD + "\n\n\n")
    assert shows(key, THIRD) and shows(key, SECOND) and not shows(key, FIRST)


@pytest.mark.parametrize("content", [None, "", "short"])
def test_a_file_that_is_no_key_changes_nothing(
    key: GroupKey, file: Path, content: str | None
) -> None:
    file.unlink()
    if content is not None:
        file.write_text(content)
    assert shows(key, FIRST) and not shows(key, content or "")


def test_nobody_is_served_without_a_key_to_ask_for(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        GroupKey(str(tmp_path / "none"))
    (tmp_path / "empty").write_text("")
    with pytest.raises(UnfitKey, match="holds 0 bytes"):
        GroupKey(str(tmp_path / "empty"))


def test_two_keys_are_good_while_one_is_exchanged(key: GroupKey, file: Path) -> None:
    file.write_text(f"{FIRST}\n{SECOND}\n")
    assert shows(key, FIRST) and shows(key, SECOND)
    file.write_text(f"{SECOND}\n{FIRST}\n")
    assert shows(key, FIRST) and shows(key, SECOND)
    assert not shows(key, f"{SECOND}\n{FIRST}") and not shows(key, THIRD)


def test_a_key_that_was_exchanged_in_order_is_bad_at_once(key: GroupKey, file: Path) -> None:
    for text in (f"{FIRST}\n{SECOND}\n", f"{SECOND}\n{FIRST}\n", f"{SECOND}\n"):
        assert shows(key, FIRST)
        file.write_text(text)
    assert shows(key, SECOND)
    assert not shows(key, FIRST)


def test_an_exchange_in_order_leaves_the_grace_of_a_sudden_one(
    key: GroupKey, file: Path, clock: Clock
) -> None:
    file.write_text(SECOND + "\n\n")
    assert shows(key, SECOND)
    clock.seconds += FORMER_KEY_SECONDS / 2
    file.write_text(f"{SECOND}\n{THIRD}\n")
    assert shows(key, SECOND) and shows(key, THIRD) and shows(key, FIRST)
    file.write_text(f"{THIRD}\n{SECOND}\n\n")
    assert shows(key, THIRD) and shows(key, FIRST)
    clock.seconds += FORMER_KEY_SECONDS / 2
    assert shows(key, SECOND) and not shows(key, FIRST)


def test_a_former_key_that_is_taken_anew_goes_with_its_exchange(key: GroupKey, file: Path) -> None:
    for text in (SECOND, f"{SECOND}\n{FIRST}\n", f"{SECOND}\n\n\n"):
        file.write_text(text)
        assert shows(key, SECOND)
    assert not shows(key, FIRST)
