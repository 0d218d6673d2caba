"""Who may serve a stdio group no more knows no key of it that is good; all others never notice."""

import pytest

from moorage_operator.planning.group_keys import (
    GATEWAYS_LEARN_SECONDS,
    SIDECARS_LEARN_SECONDS,
    GroupKeys,
    due_at,
    group_keys_annotation,
    group_keys_text,
    next_group_keys,
    read_group_keys,
)

OLD, NEW, NEWER = (digit * 64 for digit in "abc")
BOTH = frozenset({"one", "two"})
ONE = frozenset({"one"})


def begun(now: int = 100) -> GroupKeys:
    return next_group_keys(GroupKeys((OLD,), BOTH), ONE, now, NEW)


def swapped() -> GroupKeys:
    return next_group_keys(begun(), ONE, 100 + SIDECARS_LEARN_SECONDS, NEWER)


def ended(serving: frozenset[str] = ONE) -> GroupKeys:
    now = 100 + SIDECARS_LEARN_SECONDS + GATEWAYS_LEARN_SECONDS
    return next_group_keys(swapped(), serving, now, NEWER)


def test_nothing_is_exchanged_while_all_may_stay() -> None:
    state = GroupKeys((OLD,), ONE)
    assert next_group_keys(state, BOTH, 10**9, NEW) == state
    assert due_at(state) is None


def test_the_new_key_is_learned_by_sidecars_before_any_gateway_shows_it() -> None:
    state = begun()
    assert (state.keys, state.shown, state.given) == ((OLD, NEW), OLD, ONE)
    due = due_at(state)
    assert due == 100 + SIDECARS_LEARN_SECONDS
    assert next_group_keys(state, ONE, due - 1, NEWER) == state


def test_the_old_key_is_good_until_no_gateway_shows_it() -> None:
    state = swapped()
    assert state.keys == (NEW, OLD)
    due = due_at(state)
    assert due == 100 + SIDECARS_LEARN_SECONDS + GATEWAYS_LEARN_SECONDS
    assert next_group_keys(state, ONE, due - 1, NEWER) == state
    assert ended().keys == (NEW,)
    assert due_at(ended()) is None


def test_who_is_parted_with_before_the_swap_knows_the_old_key_only() -> None:
    state = next_group_keys(begun(), frozenset(), 101, NEWER)
    assert (state.keys, state.given) == ((OLD, NEW), frozenset())


def test_who_is_parted_with_behind_the_swap_has_an_exchange_of_its_own() -> None:
    due = due_at(swapped()) or 0
    state = next_group_keys(swapped(), frozenset(), due - 1, NEWER)
    assert (state.keys, state.given) == ((NEW, OLD), ONE)
    state = next_group_keys(state, frozenset(), due, NEWER)
    assert (state.keys, state.given) == ((NEW, NEWER), frozenset())


@pytest.mark.parametrize("state", [GroupKeys((OLD,)), begun(), swapped(), ended()])
def test_the_secret_says_it_all(state: GroupKeys) -> None:
    text, annotation = group_keys_text(state), group_keys_annotation(state)
    assert read_group_keys(text, annotation, 999) == state
    assert text.split() == list(state.keys)


@pytest.mark.parametrize(
    "annotation", [None, "", "x", "[]", '{"given":1,"added":"x"}', "[" * 10**5]
)
def test_without_its_annotation_no_key_in_use_is_lost(annotation: str | None) -> None:
    state = read_group_keys(f"{OLD}\n{NEW}\n", annotation, 100)
    assert state is not None
    assert (state.shown, due_at(state)) == (OLD, 100 + GATEWAYS_LEARN_SECONDS)
    assert read_group_keys(OLD, annotation, 100) == GroupKeys((OLD,))


@pytest.mark.parametrize(
    "text", ["", "x", OLD.upper(), OLD[1:], f"{OLD}\nx", f"{OLD} {NEW} {NEWER}"]
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert read_group_keys(text, None, 1) is None


def test_keys_are_not_printed() -> None:
    assert OLD not in repr(begun())
