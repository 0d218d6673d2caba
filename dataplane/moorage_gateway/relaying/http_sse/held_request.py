"""A request for what one replica holds: a client's stream, or an endpoint's (pure).

The same value is served in place or sealed and sent to the replica that holds it.
"""

import re
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Literal

import msgspec

from moorage_wire.capsules import (
    MAX_CAPSULE_CHARS,
    BadCapsule,
    CapsuleKind,
    CapsuleSealer,
    ReplicaContent,
    open_content,
    seal_content,
)

PROOF_SECONDS = 30
"""How long a proof may travel; replicas' clocks may differ by less than that."""
_PROOF_FORM = re.compile(r"[A-Za-z0-9_-]{48,}")
"""base64url of a capsule's header and tag at least; its second byte is the kind."""
_PORT = "/replica/messages"
"""Proofs are bound to this place, as other capsules are to their route."""

Verb = Literal["say", "post", "get", "delete"]
"""``say`` to a client's stream; the others to the session of a streamable HTTP client."""


class HeldRequest(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who asks what of which held thing."""

    verb: Verb
    route: str
    holding_id: str
    principal_tag: bytes
    forward: bytes
    """The client's header lines for the endpoint."""
    body: bytes = b""
    raw_id: bytes | None = None
    """The JSON-RPC id of a single request, for refusals."""
    json: bool = True
    """Whether the client can read a JSON answer."""
    events: bool = True
    """Whether it can read an event stream."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(HeldRequest).decode


def seal_request(sealer: CapsuleSealer, request: HeldRequest, now: int) -> tuple[str, bytes]:
    """The proof and the body to send; ``now`` in Unix seconds."""
    body = _encode(request)
    content = ReplicaContent(bound_to=sha256(body).digest(), expires_at=now + PROOF_SECONDS)
    return seal_content(sealer, CapsuleKind.REPLICA, _PORT, content, attached=body), body


def looks_like_proof(text: str) -> bool:
    """Whether a body need be read to know; it says nothing of who sealed the text."""
    if len(text) > MAX_CAPSULE_CHARS or _PROOF_FORM.fullmatch(text) is None:
        return False
    return urlsafe_b64decode(text[:4])[1] == CapsuleKind.REPLICA


def open_request(sealer: CapsuleSealer, proof: str, body: bytes, now: int) -> HeldRequest:
    """The request that a replica of this gateway sent; raises BadCapsule, alike for all others."""
    content = open_content(sealer, CapsuleKind.REPLICA, _PORT, proof, attached=body)
    assert isinstance(content, ReplicaContent)
    if content.bound_to != sha256(body).digest():
        raise BadCapsule("binding")
    if not now <= content.expires_at <= now + 2 * PROOF_SECONDS:
        raise BadCapsule("age")
    try:
        return _decode(body)
    except msgspec.DecodeError:
        raise BadCapsule("content") from None
