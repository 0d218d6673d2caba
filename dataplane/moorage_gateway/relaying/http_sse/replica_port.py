"""The port between replicas: takes requests for what this replica holds, with proof.

It stands on the admin port, which no Service exposes; the proof is a capsule of the gateway's own
key ring, bound to the body, good for seconds and once.
"""

import asyncio
from collections.abc import Callable

from aiohttp import web

from moorage_gateway.errors import (
    CapacityError,
    Forbidden,
    GatewayError,
    MalformedRequest,
    RequestTimeout,
)
from moorage_gateway.refusals import body_of, status_of
from moorage_gateway.relaying.http_sse.held_request import (
    HeldRequest,
    looks_like_proof,
    open_request,
)
from moorage_gateway.relaying.http_sse.held_service import HeldService
from moorage_gateway.relaying.http_sse.proof_book import ProofBook
from moorage_gateway.relaying.http_sse.replica_answer import ReplicaAnswer
from moorage_gateway.settings import KIB, Limits
from moorage_wire.capsules import BadCapsule, CapsuleSealer

PATH = "/replica/messages"
PROOF_HEADER = "moorage-replica"
MAX_REQUESTS = 512
"""At a time, so that health checks and scrapes always find a free connection."""
ENVELOPE_BYTES = 64 * KIB
"""Room for the client's header lines beside the message."""


class ReplicaPort:
    """``routes`` go to the admin site."""

    def __init__(
        self,
        service: HeldService,
        sealer: CapsuleSealer,
        limits: Limits,
        refused: Callable[[str], None],
        unix_seconds: Callable[[], float],
    ) -> None:
        self._service = service
        self._sealer = sealer
        self._limits = limits
        self._refused = refused
        self._unix_seconds = unix_seconds
        self._proofs = ProofBook()
        self._running = 0

    def routes(self) -> list[web.RouteDef]:
        """What the admin site serves for other replicas."""
        return [web.post(PATH, self.receive)]

    async def receive(self, http: web.Request) -> web.StreamResponse:
        """Serve one request of another replica."""
        raw_id: bytes | None = None
        self._running += 1
        try:
            self._require_room()
            proof = http.headers.get(PROOF_HEADER, "")
            if not looks_like_proof(proof):
                raise _not_a_replica()
            request = self._open(proof, await self._body(http))
            raw_id = request.raw_id
            answer = ReplicaAnswer(http, in_session=request.verb != "say")
            await self._service.serve(request, answer)
        except GatewayError as error:
            self._refused(error.reason)
            body = body_of(error, raw_id)
            return web.Response(status=status_of(error), body=body, content_type="application/json")
        finally:
            self._running -= 1
        assert answer.response is not None
        return answer.response

    def _require_room(self) -> None:
        if self._running > MAX_REQUESTS:
            raise CapacityError(
                f"this replica already serves {MAX_REQUESTS} requests of others",
                reason="TooManyReplicaRequests",
                remedy="balance by session, so that requests reach the replica that holds them",
                retry_after_seconds=1,
            )

    def _open(self, proof: str, body: bytes) -> HeldRequest:
        now = int(self._unix_seconds())
        try:
            request = open_request(self._sealer, proof, body, now)
        except BadCapsule as error:
            raise _not_a_replica() from error
        if not self._proofs.use(proof, now):
            raise _not_a_replica()
        return request

    async def _body(self, http: web.Request) -> bytes:
        limit = self._limits.request_body_bytes + ENVELOPE_BYTES
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in http.content.iter_any():
                    body += chunk
                    if len(body) > limit:
                        raise MalformedRequest(
                            f"a replica's request is over {limit} bytes",
                            reason="BodyTooLarge",
                            status=413,
                        )
        except TimeoutError as error:
            raise RequestTimeout("a replica's request did not come in time") from error
        return bytes(body)


def _not_a_replica() -> Forbidden:
    return Forbidden(
        "only replicas of this gateway may ask here",
        reason="ReplicaNotProven",
        remedy="give all replicas the same key ring, and keep their clocks within 30 s",
    )
