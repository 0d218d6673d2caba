"""From a ConfigMap, or its mounted copy, to the route table that the operator published (pure)."""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from moorage_contract.route_table import RouteTable, decode_route_table

TABLE_KEY = "table"
MAX_TABLE_BYTES = 32 * 1024 * 1024
"""Unpacked. A ConfigMap of 1 MiB could unpack to a thousand times as much."""
KNOWN_FORMAT = 1
_GZIP = 16 + zlib.MAX_WBITS


class TableRefused(Exception):
    """A published table that cannot be put in force; the message says why, for people."""


class _Form(msgspec.Struct):
    """A table whose meaning an older program would miss bears a higher number."""

    format: int = 1


@dataclass(frozen=True)
class PublishedTable:
    """A table as published: without endpoints that are discovered, and without keys."""

    table: RouteTable
    digest: str
    """Of the document: what the operator annotates, also where it knows more members than we."""


def table_of_config_map(document: Mapping[str, Any], gateway: str) -> PublishedTable:
    """Raises TableRefused."""
    packed = (document.get("binaryData") or {}).get(TABLE_KEY)
    if not isinstance(packed, str):
        raise TableRefused(f"the ConfigMap has no binaryData.{TABLE_KEY}")
    try:
        return read_table(base64.b64decode(packed, validate=True), gateway)
    except binascii.Error:
        raise TableRefused(f"binaryData.{TABLE_KEY} is not base64") from None


def read_table(packed: bytes, gateway: str) -> PublishedTable:
    """``packed`` is gzip of the table's JSON; ``gateway`` is whose it must be.

    Raises TableRefused.
    """
    document = _unpacked(packed)
    try:
        form = msgspec.json.decode(document, type=_Form)
        if form.format > KNOWN_FORMAT:
            raise TableRefused(
                f"the table has format {form.format}, this gateway understands {KNOWN_FORMAT}: "
                "upgrade the gateway's image"
            )
        table = decode_route_table(document)
    except msgspec.ValidationError as error:
        raise TableRefused(f"the table is not understood: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise TableRefused("the table is no JSON") from None
    _check(table, gateway)
    return PublishedTable(table, hashlib.sha256(document).hexdigest()[:16])


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        document = unpacking.decompress(packed, MAX_TABLE_BYTES)
    except zlib.error:
        raise TableRefused("the table is no gzip") from None
    if unpacking.unconsumed_tail:
        raise TableRefused(f"the table is over {MAX_TABLE_BYTES} bytes unpacked")
    if not unpacking.eof:
        raise TableRefused("the table is cut off")
    return document


def _check(table: RouteTable, gateway: str) -> None:
    if table.gateway != gateway:
        raise TableRefused(f'the table is of gateway "{table.gateway}"')
    names = [group.name for group in table.groups]
    if len(set(names)) != len(names):
        raise TableRefused("the table names a group twice")
    missing = sorted({route.group for route in table.routes} - set(names))
    if missing:
        raise TableRefused(f'the table has a route to "{missing[0]}" and no such group')
