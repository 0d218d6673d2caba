"""Tasks of one listen: which endpoint runs each, and the capsules its client knows them by (pure).

Two endpoints may give the same id to different tasks: only endpoint and id together name one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import msgspec

from moorage_gateway.relaying.listens.subscription_filter import SubscriptionFilter, is_of_task
from moorage_wire.capsules import TaskContent
from moorage_wire.jsonrpc import Message

Capsules = Mapping[str, list[str]]
"""A client's texts for one endpoint's task, by the endpoint's id."""


class TaskHomes:
    """Translates between the clients' capsules and the endpoints' own task ids."""

    def __init__(self, homes: Mapping[str, Capsules]) -> None:
        self._homes = homes

    @classmethod
    def of(cls, capsules: Iterable[str], opened: Callable[[str], TaskContent]) -> "TaskHomes":
        """Homes of these capsules; what ``opened`` raises for a wrong one passes."""
        homes: dict[str, dict[str, list[str]]] = {}
        for text in sorted(capsules):
            content = opened(text)
            texts = homes.setdefault(content.endpoint_uid, {}).setdefault(content.task_id, [])
            texts.append(text)
        return cls(homes)

    def asked_of(self, uid: str, wanted: SubscriptionFilter) -> SubscriptionFilter:
        """The filter for one endpoint, in its own words."""
        return replace(wanted, tasks=frozenset(self._homes.get(uid, ())))

    def told(self, uid: str, honoured: SubscriptionFilter) -> SubscriptionFilter:
        """What an endpoint honours, in the clients' words; tasks nobody asked for are left out."""
        homes = self._homes.get(uid, {})
        texts = (text for task_id in honoured.tasks for text in homes.get(task_id, ()))
        return replace(honoured, tasks=frozenset(texts))

    def translated(self, uid: str, message: Message) -> list[Message]:
        """An endpoint's notification as the clients shall see it: nothing of strange tasks."""
        if not is_of_task(message):
            return [message]
        texts = self._homes.get(uid, {}).get(message.string_param("taskId") or "", ())
        return [message.with_param("taskId", msgspec.json.encode(text)) for text in texts]
