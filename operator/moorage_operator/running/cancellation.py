"""Whose cancellation is heard: the task's own, or that of something it waited for."""

import asyncio


def is_asked_to_end() -> bool:
    """Whether somebody cancelled the running task itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
