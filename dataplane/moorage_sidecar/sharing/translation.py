"""Ids on a channel that several clients share, and back again (pure).

MCP 2026-07-28, ``basic/index``: request ids, progress tokens and subscription ids are unique only
for one sender, so on the shared channel each request travels under a fresh integer, and its
progress token and subscription id are that same integer.
"""

from typing import Final

import msgspec

from moorage_wire.jsonrpc import Message

SUBSCRIPTION_MEMBER: Final = "io.modelcontextprotocol/subscriptionId"
PROGRESS_MEMBER: Final = "progressToken"

Members = dict[str, msgspec.Raw]


def to_channel(request: Message, issued: int) -> Message:
    """A client's request as the server sees it."""
    raw_id = b"%d" % issued
    request = request.with_id(raw_id)
    if request.meta is None or PROGRESS_MEMBER not in request.meta:
        return request
    return request.with_param("_meta", _with_member(request.meta, PROGRESS_MEMBER, raw_id))


def answer_from_channel(answer: Message, raw_id: bytes) -> Message:
    """A server's answer as its client sees it, with the client's own id in both places."""
    answer = answer.with_id(raw_id)
    result = answer.members.get("result")
    if result is None or SUBSCRIPTION_MEMBER.encode() not in bytes(result):
        return answer
    members = _members(result)
    meta = _members(members.get("_meta"))
    if SUBSCRIPTION_MEMBER not in meta:
        return answer
    members["_meta"] = msgspec.Raw(_with_member(meta, SUBSCRIPTION_MEMBER, raw_id))
    wire = msgspec.json.encode({**answer.members, "result": members})
    return msgspec.structs.replace(answer, wire=wire)


def progress_from_channel(notification: Message, raw_token: bytes) -> Message:
    """A progress notification with the token that its client gave."""
    return notification.with_param(PROGRESS_MEMBER, raw_token)


def event_from_channel(notification: Message, raw_id: bytes) -> Message:
    """A subscription's notification with the id that its client listens under."""
    meta = notification.meta or {}
    return notification.with_param("_meta", _with_member(meta, SUBSCRIPTION_MEMBER, raw_id))


def issued_id(raw: bytes | None) -> int | None:
    """The integer that the bridge issued, ``None`` for what it never wrote."""
    return int(raw) if raw is not None and raw.isdigit() and len(raw) < 19 else None


def _members(raw: msgspec.Raw | None) -> Members:
    """The members of an object; none of what is no object, which is relayed as it is."""
    try:
        return {} if raw is None else msgspec.json.decode(raw, type=Members)
    except msgspec.DecodeError:
        return {}


def _with_member(members: Members, name: str, raw: bytes) -> bytes:
    return msgspec.json.encode({**members, name: msgspec.Raw(raw)})
