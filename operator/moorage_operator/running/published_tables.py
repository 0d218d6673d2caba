"""The table of each gateway that is in force: what was written, not what stands there now.

Whoever may edit the ConfigMap would otherwise say what the operator unpacks and believes.
"""

import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass

from moorage_contract.route_table import RouteTable
from moorage_operator.cluster.api_client import ClusterClient, Document
from moorage_operator.cluster.objects import read_object
from moorage_operator.planning.snapshot import ChildKey
from moorage_operator.planning.table_document import MAX_TABLE_BYTES, read_table
from moorage_operator.rendering.child_names import TABLE_DIGEST_ANNOTATION
from moorage_operator.running.extracts import ChildExtract, child_extract
from moorage_operator.running.left_children import LeftChild, LeftChildren

READINGS_BYTES = 32 * 1024 * 1024
"""All packed tables that were read and are remembered; the oldest goes first."""
READING_BYTES = 256
"""What a reading weighs that has no table."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A ConfigMap that was looked at, and the last table there that was believed."""

    uid: str
    digest: bytes
    packed: bytes


class PublishedTables:
    """Tables that this process wrote; until its first write, one that its forerunner wrote."""

    def __init__(self, client: ClusterClient, left: LeftChildren) -> None:
        self._client = client
        self._left = left
        self._readings: OrderedDict[ChildKey, _Reading] = OrderedDict()
        self._bytes = 0

    async def get(
        self, key: ChildKey, owner_uid: str, seen: ChildExtract | None
    ) -> RouteTable | None:
        """The gateway's table in the ConfigMap ``key``; ``seen``: that as it is observed."""
        packed = await self.packed(key, owner_uid, seen)
        return None if packed is None else read_table(packed)

    async def packed(
        self, key: ChildKey, owner_uid: str, seen: ChildExtract | None
    ) -> bytes | None:
        """The same as it lies there; unpacking costs up to a tenth of a second."""
        if seen is None or seen.owner_uid != owner_uid:
            return None
        left = self._left.get(key)
        if left is not None and left.uid == seen.uid and left.table is not None:
            self._forget(key)
            return left.table
        reading = self._readings.get(key)
        if reading is None or (reading.uid, reading.digest) != (seen.uid, seen.digest):
            reading = await self._read(key, seen, left)
        return reading.packed or None

    async def _read(self, key: ChildKey, seen: ChildExtract, left: LeftChild | None) -> _Reading:
        document = await read_object(self._client, key)
        packed = None if document is None else _believed(document, left)
        before = self._readings.get(key)
        if packed is None and before is not None and before.uid == seen.uid:
            packed = before.packed
        return self._remember(key, _Reading(seen.uid, seen.digest, packed or b""))

    def _remember(self, key: ChildKey, reading: _Reading) -> _Reading:
        self._forget(key)
        self._readings[key] = reading
        self._bytes += READING_BYTES + len(reading.packed)
        while self._bytes > READINGS_BYTES:
            self._forget(next(iter(self._readings)))
        return reading

    def _forget(self, key: ChildKey) -> None:
        if (reading := self._readings.pop(key, None)) is not None:
            self._bytes -= READING_BYTES + len(reading.packed)


def _believed(document: Document, left: LeftChild | None) -> bytes | None:
    """The packed table, if it is as it was left, or bears the digest that we annotate."""
    packed = _packed(document)
    if packed is None:
        return None
    if left is not None:
        extract = child_extract("ConfigMap", document)
        is_ours = (extract.uid, extract.digest) == (left.uid, left.digest)
        return packed if is_ours else None
    annotated = (document["metadata"].get("annotations") or {}).get(TABLE_DIGEST_ANNOTATION, "")
    return None if read_table(packed, annotated) is None else packed


def _packed(document: Document) -> bytes | None:
    text = (document.get("binaryData") or {}).get("table") or ""
    if len(text) > MAX_TABLE_BYTES * 4 // 3 + 4:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
