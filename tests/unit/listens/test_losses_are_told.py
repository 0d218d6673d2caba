"""Who may have said something that nobody heard, and what listeners are told of it."""

import json

from moorage_gateway.relaying.listens.losses import Losses, lost_changes
from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter


def test_the_first_time_nothing_is_lost() -> None:
    losses = Losses()
    losses.present({"a", "b"})
    assert not losses.heard("a")
    assert not losses.heard("b")


def test_what_a_broken_listen_missed_is_told_once() -> None:
    losses = Losses()
    losses.present({"a"})
    losses.heard("a")
    losses.missed("a")
    assert losses.heard("a")
    assert not losses.heard("a")


def test_one_that_comes_in_the_place_of_another_may_have_changed_things() -> None:
    losses = Losses()
    losses.present({"a", "b"})
    losses.heard("a")
    losses.heard("b")
    losses.present({"a"})
    assert not losses.heard("a")
    losses.present({"a", "c", "d"})
    assert losses.heard("c")
    # It was one that went: the second newcomer is one more.
    assert not losses.heard("d")


def test_one_that_went_while_its_listen_was_broken_leaves_a_vacancy_too() -> None:
    losses = Losses()
    losses.present({"a"})
    losses.missed("a")
    losses.present(set())
    losses.present({"b"})
    assert losses.heard("b")


def test_everything_that_is_honoured_is_told_as_changed() -> None:
    honoured = SubscriptionFilter(
        frozenset(("toolsListChanged", "promptsListChanged")),
        frozenset(("a://2", "a://1")),
        frozenset(("task",)),
    )
    told = [json.loads(message.encode()) for message in lost_changes(honoured)]
    assert [(each["method"], each["params"].get("uri")) for each in told] == [
        ("notifications/prompts/list_changed", None),
        ("notifications/tools/list_changed", None),
        ("notifications/resources/updated", "a://1"),
        ("notifications/resources/updated", "a://2"),
    ]
