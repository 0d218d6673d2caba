"""Who may serve a stdio group no more knows no key of it that is good; all others never notice."""

import pytest

from moorage_operator.planning.group_keys import (
    GATEWAYS_LEARN_SECONDS,
    LOOK_AGAIN_SECONDS,
    SIDECARS_LEARN_SECONDS,
    GroupKeys,
    group_keys_annotation,
    group_keys_text,
    look_in_seconds,
    next_group_keys,
    read_group_keys,
)

OLD, NEW, NEWER = (digit * 64 for digit in "abc")
BOTH = frozenset({"one", "two"})
ONE = frozenset({"one"})
SWAP = 100 + SIDECARS_LEARN_SECONDS
TOLD = SWAP + 7


def after(
    state: GroupKeys,
    serving: frozenset[str],
    now: int,
    new: str = NEWER,
    *,
    lag: bool = False,
    since: int = 0,
) -> GroupKeys:
    return next_group_keys(state, serving, now, new, gateways_lag=lag, since=since)


def begun(now: int = 100) -> GroupKeys:
    return after(GroupKeys((OLD,), BOTH), ONE, now, NEW)


def swapped() -> GroupKeys:
    return after(begun(), ONE, SWAP)


def told() -> GroupKeys:
    return after(swapped(), ONE, TOLD)


def ended(serving: frozenset[str] = ONE) -> GroupKeys:
    return after(told(), serving, TOLD + GATEWAYS_LEARN_SECONDS)


def test_nothing_is_exchanged_while_all_may_stay() -> None:
    state = GroupKeys((OLD,), ONE)
    assert after(state, BOTH, 10**9) == state
    assert look_in_seconds(state, 0) is None


def test_the_new_key_is_learned_by_sidecars_before_any_gateway_shows_it() -> None:
    state = begun()
    assert (state.keys, state.shown, state.given) == ((OLD, NEW), OLD, ONE)
    assert look_in_seconds(state, 100) == SIDECARS_LEARN_SECONDS
    assert look_in_seconds(state, SWAP + 50) == 1
    assert after(state, ONE, SWAP - 1) == state


def test_the_old_key_is_good_until_gateways_had_time_to_read_the_new_one() -> None:
    assert swapped().keys == (NEW, OLD)
    assert look_in_seconds(swapped(), SWAP) == LOOK_AGAIN_SECONDS
    assert after(told(), ONE, TOLD + GATEWAYS_LEARN_SECONDS - 1) == told()
    assert ended().keys == (NEW,)
    assert look_in_seconds(ended(), 0) is None


def test_sidecars_have_their_time_from_the_beginning_of_a_term_on() -> None:
    state = after(begun(), ONE, SWAP + 30, since=SWAP + 30)
    assert (state.keys, state.added_at) == ((OLD, NEW), SWAP + 30)
    assert look_in_seconds(state, SWAP + 30) == SIDECARS_LEARN_SECONDS
    state = after(state, ONE, SWAP + 30 + SIDECARS_LEARN_SECONDS, since=SWAP + 30)
    assert state.keys == (NEW, OLD)


def test_gateways_have_their_time_from_the_beginning_of_a_term_on() -> None:
    due = TOLD + GATEWAYS_LEARN_SECONDS
    state = after(told(), ONE, due, since=due)
    assert (state.keys, state.told_at) == ((NEW, OLD), due)
    assert after(state, ONE, due + GATEWAYS_LEARN_SECONDS, since=due).keys == (NEW,)


def test_no_time_alone_ends_the_old_key() -> None:
    state = after(swapped(), ONE, 10**9, lag=True)
    assert state == swapped()
    state = after(state, ONE, 10**9 + 1)
    assert state.keys == (NEW, OLD)
    state = after(state, ONE, 10**9 + GATEWAYS_LEARN_SECONDS, lag=True)
    state = after(state, ONE, 2 * 10**9)
    assert state.keys == (NEW, OLD)
    assert after(state, ONE, 2 * 10**9 + GATEWAYS_LEARN_SECONDS).keys == (NEW,)


def test_who_is_parted_with_before_the_swap_knows_the_old_key_only() -> None:
    state = after(begun(), frozenset(), 101)
    assert (state.keys, state.given) == ((OLD, NEW), frozenset())


def test_who_is_parted_with_behind_the_swap_has_an_exchange_of_its_own() -> None:
    due = TOLD + GATEWAYS_LEARN_SECONDS
    state = after(told(), frozenset(), due - 1)
    assert (state.keys, state.given) == ((NEW, OLD), ONE)
    state = after(state, frozenset(), due)
    assert (state.keys, state.given) == ((NEW, NEWER), frozenset())


@pytest.mark.parametrize("state", [GroupKeys((OLD,)), begun(), swapped(), told(), ended()])
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
    assert (state.shown, state.awaits_gateways, state.told_at) == (OLD, True, None)
    assert read_group_keys(OLD, annotation, 100) == GroupKeys((OLD,))


@pytest.mark.parametrize(
    "text", ["", "x", OLD.upper(), OLD[1:], f"{OLD}\nx", f"{OLD} {NEW} {NEWER}"]
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert read_group_keys(text, None, 1) is None


def test_a_key_alone_is_written_as_it_always_was() -> None:
    assert group_keys_text(ended()) == NEW


def test_keys_are_not_printed() -> None:
    assert OLD not in repr(begun())


def test_a_clock_that_was_ahead_when_the_term_began_holds_up_nothing() -> None:
    ahead = 3_600
    state = after(begun(), ONE, SWAP - SIDECARS_LEARN_SECONDS, since=SWAP + ahead)

    assert after(state, ONE, SWAP, since=SWAP + ahead).keys == (NEW, OLD)
