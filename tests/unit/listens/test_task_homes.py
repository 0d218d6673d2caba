"""Each task is known to its client by a capsule, and to its one endpoint by its own id."""

import json

from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter
from moorage_gateway.relaying.listens.task_homes import TaskHomes
from moorage_wire.capsules import TaskContent
from moorage_wire.jsonrpc import Message, read_message

CAPSULES = {"A": ("one", "1"), "B": ("two", "1"), "C": ("two", "2"), "D": ("two", "2")}


def opened(text: str) -> TaskContent:
    uid, task_id = CAPSULES[text]
    return TaskContent(uid, b"", task_id, 0)


def of_task(task_id: str, method: str = "notifications/tasks") -> Message:
    params = {"taskId": task_id, "status": "working"}
    return read_message(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())


HOMES = TaskHomes.of(CAPSULES, opened)
WANTED = SubscriptionFilter(frozenset(("toolsListChanged",)), tasks=frozenset(CAPSULES))


def told_of(uid: str, message: Message) -> list[str]:
    return [json.loads(m.encode())["params"]["taskId"] for m in HOMES.translated(uid, message)]


def test_every_endpoint_is_asked_for_its_own_tasks() -> None:
    assert HOMES.asked_of("one", WANTED).tasks == {"1"}
    assert HOMES.asked_of("two", WANTED).tasks == {"1", "2"}
    assert HOMES.asked_of("three", WANTED).tasks == frozenset()
    assert HOMES.asked_of("three", WANTED).changes == {"toolsListChanged"}


def test_what_is_honoured_is_told_in_the_clients_words() -> None:
    ones = SubscriptionFilter(tasks=frozenset(("1", "2", "strange")))
    assert HOMES.told("one", ones).tasks == {"A"}
    assert HOMES.told("two", ones).tasks == {"B", "C", "D"}
    assert HOMES.told("three", ones).tasks == frozenset()


def test_a_notification_comes_under_every_capsule_of_its_task_and_no_other() -> None:
    assert told_of("one", of_task("1")) == ["A"]
    assert told_of("two", of_task("1")) == ["B"]
    assert sorted(told_of("two", of_task("2"))) == ["C", "D"]
    assert told_of("one", of_task("2")) == []
    assert told_of("three", of_task("1")) == []


def test_other_notifications_are_left_as_they_are() -> None:
    message = of_task("1", "notifications/resources/updated")
    assert HOMES.translated("one", message) == [message]
