"""A RouteTable as it lies in its ConfigMap: gzipped canonical JSON, within a bound."""

import gzip
import zlib

import msgspec

from moorage_contract.route_table import RouteTable, decode_route_table, encode_route_table

MAX_TABLE_BYTES = 900 * 1024
"""A ConfigMap ends at 1 MiB, base64 not counted; the rest is for its metadata."""

MAX_PLAIN_BYTES = 32 * 1024 * 1024
"""A table that expands beyond this is none of ours."""


class TableTooLarge(Exception):
    """The table does not fit into its ConfigMap."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(
            f"spec.routes: the table of all routes and groups is {size:,} bytes compressed, more "
            f"than {MAX_TABLE_BYTES:,}; split the routes over several gateways. The last table "
            "that fitted stays in force"
        )


def compress_table(table: RouteTable) -> bytes:
    """What ``binaryData.table`` holds; the same table gives the same bytes.

    Raises ``TableTooLarge``.
    """
    document = gzip.compress(encode_route_table(table), mtime=0)
    if len(document) > MAX_TABLE_BYTES:
        raise TableTooLarge(len(document))
    return document


def read_table(document: bytes) -> RouteTable | None:
    """The table that was published; None if this is none that can be read."""
    expand = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = expand.decompress(document, MAX_PLAIN_BYTES)
        return decode_route_table(plain) if expand.eof else None
    except (zlib.error, msgspec.DecodeError):
        return None
