"""Who goes next: namespaces by turns, and first come, first served within each.

So how many connections a namespace has makes nobody wait but its own pods.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable


class Row:
    """One goes at a time: ``await row.come(…)``, then ``row.leave()``."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """By namespace, the one whose turn is next first."""
        self._is_taken = False

    async def come(
        self, namespace: str, again_seconds: float, keep: Callable[[], Awaitable[None]]
    ) -> None:
        """Until it is its turn; ``keep`` is called each ``again_seconds`` while it waits."""
        if not self._is_taken:
            self._is_taken = True
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(namespace, deque()).append(place)
        try:
            while not (await asyncio.wait({place}, timeout=again_seconds))[0]:
                await keep()
        except BaseException:
            self._give_up(namespace, place)
            raise

    def leave(self) -> None:
        """The next one goes."""
        self._is_taken = bool(self._waiting)
        if self._is_taken:
            namespace = next(iter(self._waiting))
            places = self._waiting.pop(namespace)
            place = places.popleft()
            if places:
                self._waiting[namespace] = places
            place.set_result(None)

    def _give_up(self, namespace: str, place: asyncio.Future[None]) -> None:
        if place.done():
            self.leave()
            return
        self._waiting[namespace].remove(place)
        if not self._waiting[namespace]:
            del self._waiting[namespace]
