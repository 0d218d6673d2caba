"""The operator, whose indices are filled only once a file appears.

``python slow_operator.py FILE --settings PATH``.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import kopf

from moorage_operator.__main__ import main
from moorage_operator.running import leading
from moorage_operator.running.handlers import GATEWAYS, register_handlers


def slow(register: Any, file: Path) -> Any:
    """The handlers, and one more index that waits."""

    def register_slowly(*arguments: Any, **named: Any) -> Any:
        registry = register(*arguments, **named)

        @kopf.index(*GATEWAYS, id="slow", registry=registry)
        async def wait(**_: Any) -> None:
            while not file.exists():  # noqa: ASYNC110, ASYNC240
                await asyncio.sleep(0.05)

        return registry

    return register_slowly


if __name__ == "__main__":
    registering = slow(register_handlers, Path(sys.argv.pop(1)))
    setattr(leading, "register_handlers", registering)  # noqa: B010
    sys.exit(main())
