"""A request that has passed through this gateway already is refused: else it would run in a circle.

By ``CDN-Loop`` (RFC 8586) and not by ``Via`` (RFC 9110 §7.6.3), although both name whom a request
has passed: servers turn features off where they see ``Via``, proxies between rewrite or drop it,
and the older entries in it tell endpoints of networks that are not their business, which is why
none passes here. Nobody may remove ``CDN-Loop``, and it serves for nothing else.

A gateway calls itself by a name made of its ring's minting key and knows those of all its keys:
what can open its capsules is the same gateway, whichever replica. Its ``namespace/name`` would not
do, for those of two clusters, or of a desk and a cluster, may be the same, and one of them may
stand before the other. The name is a digest, of no use but to be refused here.
"""

import hashlib
import hmac

from moorage_contract.header_names import CDN_LOOP
from moorage_gateway.errors import LoopDetected
from moorage_wire.key_ring import Key, KeyRing

MAX_HOPS = 8
"""Gateways and content delivery networks that a request may have passed before it comes here."""


class LoopGuard:
    """Knows by their header which requests this gateway has sent itself."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway.encode()
        self._names: frozenset[bytes] = frozenset()
        self.line = b""
        """The header line for every request to an endpoint."""

    def use_ring(self, ring: KeyRing) -> None:
        """Go by another name from now on, and know those of all its keys."""
        self._names = frozenset(map(self._name, ring.keys))
        self.line = b"%b: %b\r\n" % (CDN_LOOP, self._name(ring.minting))

    def _name(self, key: Key) -> bytes:
        """A pseudonym (RFC 8586 §2); different for gateways with one key file."""
        made = hmac.digest(key.secret, b"moorage loop\0" + self._gateway, hashlib.sha256)
        return b"moorage-" + made.hex()[:16].encode()

    def check(self, passed: bytes) -> None:
        """``passed`` is the value of CDN-Loop; raises LoopDetected."""
        hops = [hop.partition(b";")[0].strip() for hop in passed.lower().split(b",")]
        if not self._names.isdisjoint(hops):
            raise LoopDetected(
                "this request has passed through this gateway already: an endpoint leads back to "
                "it; nothing was sent",
                remedy="take the gateway's own address from the endpoints of its groups, and of "
                "those of the gateways behind it",
            )
        if len(hops) > MAX_HOPS:
            raise LoopDetected(
                f"this request has passed through more than {MAX_HOPS} gateways; nothing was sent",
                reason="TooManyHops",
                remedy="put fewer gateways one before the other",
            )
