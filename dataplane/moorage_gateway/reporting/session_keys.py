"""The keys under which logs name sessions: one for each key of the ring (pure).

A session is named under the key that sealed its id. All replicas can open that id, so all have the
name alike, and it stays the same for the session's life whichever key mints new ones meanwhile.
"""

from hashlib import blake2b

from moorage_wire.capsules import KeyRing, key_id_of


class SessionKeys:
    """Derived from the ring: a name tells nothing to whoever lacks the ring."""

    def __init__(self, ring: KeyRing) -> None:
        self.use_ring(ring)

    def use_ring(self, ring: KeyRing) -> None:
        """Another ring is in force."""
        self._keys = {key.key_id: _derived(key.secret) for key in ring.keys}
        self._minting = self._keys[ring.minting.key_id]

    def key_of(self, capsule: str) -> bytes:
        """32 bytes for the name of the session that this capsule stands for."""
        return self._keys.get(key_id_of(capsule), self._minting)


def _derived(secret: bytes) -> bytes:
    return blake2b(b"access log", digest_size=32, key=secret).digest()
