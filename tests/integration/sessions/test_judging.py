"""The judge of the session tests must find every kind of fault."""

from typing import Any

from integration.sessions.judging import Call, Judge, sort_losses


def call(owner: str, number: int, answer: dict[str, Any] | None) -> Call:
    error = "reset" if answer is None else None
    return Call(owner, f"{owner}:{number}", 10.0 * number, 10.0 * number + 5, answer, error)


def answer(owner: str, number: int, count: int, **changed: Any) -> dict[str, Any]:
    plain = {"secret": f"secret of {owner}", "replica": "1", "owner": owner, "count": count}
    return {**plain, "nonce": f"{owner}:{number}", **changed}


def judged(*calls: Call) -> list[str]:
    judge = Judge()
    return [judge.judge(each) for each in calls]


def test_counting_on_is_right() -> None:
    calls = [call("a", n, answer("a", n, n)) for n in (1, 2, 3)]
    assert judged(*calls) == ["right", "right", "right"]


def test_a_count_that_stands_still_jumps_or_starts_again_is_wrong() -> None:
    calls = [call("a", n, answer("a", n, count)) for n, count in enumerate((1, 1, 3, 1), 1)]
    assert judged(*calls) == ["right", "wrong", "wrong", "wrong"]


def test_another_server_session_is_wrong() -> None:
    first, second = answer("a", 1, 1), answer("a", 2, 2, secret="new")
    assert judged(call("a", 1, first), call("a", 2, second)) == ["right", "wrong"]


def test_another_replica_is_wrong() -> None:
    first, second = answer("a", 1, 1), answer("a", 2, 2, replica="2")
    assert judged(call("a", 1, first), call("a", 2, second)) == ["right", "wrong"]


def test_another_owners_session_is_crossed() -> None:
    theirs = answer("b", 1, 4, nonce="a:1")
    assert judged(call("a", 1, theirs)) == ["crossed"]


def test_another_calls_answer_is_crossed() -> None:
    assert judged(call("a", 1, answer("a", 2, 1))) == ["crossed"]


def test_two_clients_on_one_server_session_are_crossed() -> None:
    shared = answer("b", 1, 1, secret="secret of a")
    assert judged(call("a", 1, answer("a", 1, 1)), call("b", 1, shared)) == ["right", "crossed"]


def test_a_lost_call_may_have_been_counted_or_not() -> None:
    lost = call("a", 2, None)
    first = call("a", 1, answer("a", 1, 1))
    for count, verdict in ((2, "right"), (3, "right"), (4, "wrong")):
        assert judged(first, lost, call("a", 3, answer("a", 3, count)))[-1] == verdict


def test_losses_are_told_apart_by_the_moment_of_the_kill() -> None:
    lost = [call("a", number, None) for number in (1, 10, 12, 100)]
    losses = sort_losses(lost, killed_ms=103.0)
    assert (losses.in_flight, losses.into_closing) == (1, 1)
    assert [each.nonce for each in losses.unexplained] == ["a:1", "a:100"]


def test_without_a_kill_no_loss_is_explained() -> None:
    losses = sort_losses([call("a", 1, None)], killed_ms=None)
    assert len(losses.unexplained) == 1
