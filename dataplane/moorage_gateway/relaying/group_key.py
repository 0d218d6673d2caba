"""A sidecar's 401 is the gateway's matter: to an MCP client it would mean that it must log in."""

from http import HTTPStatus

from moorage_gateway.errors import GroupKeyRefused
from moorage_gateway.routing.endpoint_book import BookedGroup


def key_refusal(group: BookedGroup | None, status: int) -> GroupKeyRefused | None:
    """What is told instead of a sidecar's answer with this status; None where that may pass.

    Behind a sidecar nobody else speaks HTTP, so its 401 is about the group's key and nothing else.
    A workload's own 401 is for the client.
    """
    if status != HTTPStatus.UNAUTHORIZED or group is None or group.rules.source != "Stdio":
        return None
    return GroupKeyRefused(
        f'the sidecar of upstream group "{group.name}" refuses the key that this gateway shows; '
        "nothing has run",
        retry_after_seconds=5,
    )
