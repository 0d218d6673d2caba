"""The operator; once a file appears, the API server breaks its watch of Services off with an error.

``python interrupted_operator.py FILE --settings PATH``. The file is removed then.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from kopf._cogs.clients import watching

from moorage_operator.__main__ import main

Watch = Callable[..., AsyncIterator[Any]]
ERROR = {"kind": "Status", "code": 500, "message": "etcdserver: request timed out"}


def interrupted(watch: Watch, file: Path) -> Watch:
    """The watch of every kind but Services; of these comes nothing, and then the error."""

    async def watch_objs(*, resource: Any, **more: Any) -> AsyncIterator[Any]:
        if resource.plural != "services":
            async for event in watch(resource=resource, **more):
                yield event
            return
        while not file.exists():  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.02)
        file.unlink()  # noqa: ASYNC240
        yield {"type": "ERROR", "object": ERROR}

    return watch_objs


if __name__ == "__main__":
    trigger = Path(sys.argv.pop(1))
    setattr(watching, "watch_objs", interrupted(watching.watch_objs, trigger))  # noqa: B010
    sys.exit(main())
