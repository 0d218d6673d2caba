"""Which endpoint gets a request that is bound to none."""

from collections.abc import Mapping

from moorage_contract.route_table import Group
from moorage_gateway.errors import CapacityError, EndpointUnreachable
from moorage_gateway.routing.endpoint_book import BookedEndpoint, BookedGroup
from moorage_gateway.routing.rendezvous import owner


def pick_for_session(group: BookedGroup, affinity_key: bytes | None) -> BookedEndpoint:
    """The endpoint of a new session: the owner of its affinity key, else the fullest one.

    Only those with room for this replica take part. Packing lets idle endpoints retire. Raises
    EndpointUnreachable when none is ready and CapacityError when all are full.
    """
    uid = _with_room(group, affinity_key)
    if uid is not None:
        return group.endpoints[uid]
    if len(group.sessions):
        raise _no_room(group)
    silent = _silent(group)
    if not silent:
        raise none_ready(group)
    with_room = [booked for booked in silent if _has_room(group, booked.uid)]
    if not with_room:
        raise _no_room(group)
    return _least_loaded(with_room, group.live_sessions)


def _with_room(group: BookedGroup, affinity_key: bytes | None) -> str | None:
    per_pod, slots = group.rules.sessions.per_pod, group.slots
    if slots is not None:
        return slots.fullest() if affinity_key is None else owner(affinity_key, slots)
    if affinity_key is None:
        return group.sessions.fullest_below(per_pod)
    return owner(
        affinity_key, (uid for uid in group.sessions if group.sessions.load(uid) < per_pod)
    )


def awaits_slot(group: BookedGroup) -> bool:
    """Whether there is no slot for a new session here, and one may be granted soon."""
    slots, per_pod = group.slots, group.rules.sessions.per_pod
    if slots is None:
        return False
    if len(group.sessions):
        return slots.fullest() is None and slots.may_come(per_pod, group.sessions)
    silent = [booked.uid for booked in _silent(group)]
    has_slot = any(slots.left(uid) > 0 for uid in silent)
    return not has_slot and slots.may_come(per_pod, silent)


def pick_for_request(group: BookedGroup, affinity_key: bytes | None) -> BookedEndpoint:
    """The endpoint of a request without a session: its key's owner, else the least loaded."""
    free = affinity_key is None
    uid = group.least_loaded() if free else owner(affinity_key or b"", group.requests)
    if uid is not None:
        return group.endpoints[uid]
    silent = _silent(group)
    if not silent:
        raise none_ready(group)
    return _least_loaded(silent, group.in_flight)


def _silent(group: BookedGroup) -> list[BookedEndpoint]:
    """Endpoints that are out for silence only: they take what comes where none is ready."""
    endpoints = group.endpoints.values()
    return [booked for booked in endpoints if booked.health.silent and booked.endpoint.ready]


def _has_room(group: BookedGroup, uid: str) -> bool:
    if group.slots is not None:
        return group.slots.left(uid) > 0
    return group.live_sessions.get(uid, 0) < group.rules.sessions.per_pod


def _least_loaded(some: list[BookedEndpoint], loads: Mapping[str, int]) -> BookedEndpoint:
    return min(some, key=lambda booked: loads.get(booked.uid, 0))


def none_ready(group: BookedGroup) -> EndpointUnreachable:
    """The refusal when no endpoint of a group may get new work."""
    if group.rules.unresolved:
        return EndpointUnreachable(
            f'upstream group "{group.name}" cannot be used: {group.rules.unresolved}',
            reason="UpstreamUnresolved",
            remedy="see the conditions of the McpGateway and of the McpUpstreamGroup",
            retry_after_seconds=5,
        )
    why = next(map(_why_not, group.endpoints.values()), "it has no endpoints")
    return EndpointUnreachable(
        f'no endpoint of upstream group "{group.name}" is ready: {why}',
        reason="NoReadyEndpoint",
        remedy=_remedy(group.rules),
        retry_after_seconds=1,
    )


def _remedy(rules: Group) -> str:
    if rules.discovery is not None:
        return "see the conditions Ready and Verified of that McpUpstreamGroup"
    if rules.source == "Stdio":
        return "see in the log of moorage why its server does not start"
    return "check that the MCP server runs at the configured address"


def _why_not(booked: BookedEndpoint) -> str:
    return booked.health.why if booked.endpoint.ready else "its instance is not ready"


_REMEDY = "end sessions with DELETE, raise sessions.perPod or add endpoints"
_DESK_REMEDY = (
    f"{_REMEDY}; a session that ended at another process with the same key file counts here until "
    "it is idle for sessions.idleSeconds, or until its DELETE is sent here too"
)


def _no_room(group: BookedGroup) -> CapacityError:
    if awaits_slot(group):
        return CapacityError(
            f'the free sessions of upstream group "{group.name}" are promised to other replicas',
            reason="NoSlotForThisReplica",
            remedy="send it again; if it stays so, raise sessions.perPod or add endpoints",
            retry_after_seconds=2,
        )
    return CapacityError(
        f'every endpoint of upstream group "{group.name}" has its '
        f"{group.rules.sessions.per_pod} sessions",
        reason="GroupSessionsExhausted",
        remedy=_DESK_REMEDY if group.slots is None else _REMEDY,
        retry_after_seconds=5,
    )
