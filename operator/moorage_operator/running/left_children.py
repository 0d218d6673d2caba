"""What was last left at each child's place: nothing is written that stands already (pure)."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moorage_operator.planning.snapshot import ChildKey
from moorage_operator.running.extracts import ChildExtract

Manifest = Mapping[str, Any]

KEPT_TABLES_BYTES = 64 * 1024 * 1024
"""All packed tables that are remembered; those beyond are read again where they are needed."""

UNSEEN_SECONDS = 30.0
"""How long a child that was just written may be missing from what the watch tells."""


@dataclass(frozen=True, slots=True)
class LeftChild:
    """One child as the API server answered to the last write."""

    uid: str
    version: int
    digest: bytes
    """Of the object, as in its extract."""
    rendered: bytes
    """Of the manifest that was applied."""
    replicas: int | None
    """As the manifest says; None if it leaves them to others."""
    at: float
    """When, by the process's clock."""
    table: bytes | None = None
    """Of a ConfigMap: the packed RouteTable that was written, if it is remembered."""


class LeftChildren:
    """All children that this process applied. Bounded by the children of resources that exist."""

    def __init__(self) -> None:
        self._left: dict[ChildKey, LeftChild] = {}
        self._tables_bytes = 0

    def get(self, key: ChildKey) -> LeftChild | None:
        return self._left.get(key)

    def put(self, manifest: Manifest, answer: ChildExtract, now: float) -> None:
        """The manifest was applied and the object stands as answered."""
        self.forget(answer.key)
        table = _table(manifest)
        if table is not None and self._tables_bytes + len(table) > KEPT_TABLES_BYTES:
            table = None
        self._tables_bytes += len(table or b"")
        self._left[answer.key] = LeftChild(
            uid=answer.uid,
            version=answer.version,
            digest=answer.digest,
            rendered=rendered_digest(manifest),
            replicas=_replicas(manifest),
            at=now,
            table=table,
        )

    def forget(self, key: ChildKey, uid: str | None = None) -> None:
        """The object is gone; with a uid only if it is the one that was left."""
        left = self._left.get(key)
        if left is not None and uid in (None, left.uid):
            self._tables_bytes -= len(left.table or b"")
            del self._left[key]

    def forget_unseen(self, is_seen: Callable[[ChildKey], bool], now: float) -> None:
        """Forget what was deleted before the answer to its last write had come."""
        for key in [key for key, left in self._left.items() if now - left.at >= UNSEEN_SECONDS]:
            if not is_seen(key):
                self.forget(key)

    def must_apply(
        self, key: ChildKey, manifest: Manifest, seen: ChildExtract | None, now: float
    ) -> bool:
        """Whether the child must be applied, given how it is observed now."""
        left = self._left.get(key)
        if left is None or left.rendered != rendered_digest(manifest):
            return True
        return not stands(left, seen, now)


def stands(left: LeftChild, seen: ChildExtract | None, now: float) -> bool:
    """Whether the object is as it was left, as far as the watch has told.

    A deletion is told by ``forget``: what is merely not seen yet was written a moment ago.
    """
    if seen is None:
        return now - left.at < UNSEEN_SECONDS
    if seen.version < left.version:
        return True
    drifted = left.replicas is not None and seen.replicas != left.replicas
    return seen.uid == left.uid and seen.digest == left.digest and not drifted


def rendered_digest(manifest: Manifest) -> bytes:
    """A digest of a whole manifest."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _table(manifest: Manifest) -> bytes | None:
    packed = (manifest.get("binaryData") or {}).get("table")
    return None if packed is None else base64.b64decode(packed)


def _replicas(manifest: Manifest) -> int | None:
    if manifest["kind"] != "Deployment":
        return None
    replicas: int | None = manifest["spec"].get("replicas")
    return replicas
