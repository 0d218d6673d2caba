"""A RouteTable as it lies in its ConfigMap: gzipped canonical JSON, within a bound."""

import gzip
import hashlib
import zlib

import msgspec

from moorage_contract.route_table import RouteTable, decode_route_table, encode_route_table
from moorage_operator.api import bounds
from moorage_operator.api.name_rules import DNS_LABEL_CHARACTERS
from moorage_operator.planning.table_parts import largest_parts

MAX_TABLE_BYTES = 900 * 1024
"""A ConfigMap ends at 1 MiB, base64 not counted; the rest is for its metadata."""

GROUP_NAME_CHARACTERS = 2 * DNS_LABEL_CHARACTERS + 1
"""``namespace/name``; a group's name is that of a Service."""

MAX_PLAIN_BYTES = 8 * 1024 * 1024
"""Uncompressed. What expands beyond this is none of ours, and is not expanded further."""


MAX_GROUPS = 2 * bounds.ROUTES.maximum
"""Of a gateway's routes, and those that it had before and its pods are still to part from."""


class TableTooLarge(Exception):
    """The table does not fit into its ConfigMap, or nobody would believe it there."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(
            f"spec.routes: the table of all routes and groups {what}. {remedy}, or split the "
            "routes over several gateways. The last table that fitted stays in force"
        )

    @classmethod
    def by_bytes(cls, size: int, bound: int, form: str, table: RouteTable) -> "TableTooLarge":
        """``form``: compressed or not."""
        return cls(
            f"is {size:,} bytes {form}, more than {bound:,}; its largest parts, uncompressed: "
            f"{largest_parts(table)}",
            "Make these smaller",
        )

    @classmethod
    def by_groups(cls, table: RouteTable) -> "TableTooLarge":
        """With those that lost route and permission, while pods serve tables that name them."""
        return cls(
            f"names {len(table.groups):,} groups, with those that pods are still to part from; "
            f"more than {MAX_GROUPS:,}",
            "Let the pods come to serve the last table, then it fits",
        )


def compress_table(table: RouteTable) -> bytes:
    """What ``binaryData.table`` holds; the same table gives the same bytes.

    Raises ``TableTooLarge``.
    """
    if len(table.groups) > MAX_GROUPS:
        raise TableTooLarge.by_groups(table)
    plain = encode_route_table(table)
    if len(plain) > MAX_PLAIN_BYTES:
        raise TableTooLarge.by_bytes(len(plain), MAX_PLAIN_BYTES, "uncompressed", table)
    document = gzip.compress(plain, mtime=0)
    if len(document) > MAX_TABLE_BYTES:
        raise TableTooLarge.by_bytes(len(document), MAX_TABLE_BYTES, "compressed", table)
    return document


def read_table(document: bytes, digest: str | None = None) -> RouteTable | None:
    """The table that was published; None if this is none of ours.

    ``digest``: as annotated, where it is not known that the document is what was written.
    """
    plain = _expanded(document)
    if plain is None or digest not in (None, hashlib.sha256(plain).hexdigest()[:16]):
        return None
    try:
        table = decode_route_table(plain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return table if _is_possible(table) else None


def _is_possible(table: RouteTable) -> bool:
    """Whether it holds no more than a gateway's routes and those that it had before.

    Anybody who may edit the ConfigMap can make up the rest, and what it names is remembered.
    """
    return (
        len(table.routes) <= bounds.ROUTES.maximum
        and len(table.groups) <= MAX_GROUPS
        and all(len(group.name) <= GROUP_NAME_CHARACTERS for group in table.groups)
    )


def _expanded(document: bytes) -> bytes | None:
    if len(document) > MAX_TABLE_BYTES:
        return None
    expand = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        # One byte more, so that a document of exactly the bound comes to its end.
        plain = expand.decompress(document, MAX_PLAIN_BYTES + 1)
    except zlib.error:
        return None
    return plain if expand.eof and len(plain) <= MAX_PLAIN_BYTES else None
