"""Files for a start without the API server: mounted copies, and the last endpoints."""

import logging
import os
from pathlib import Path

import msgspec

from moorage_contract.route_table import Endpoint
from moorage_gateway.watching.composition import EndpointCopy
from moorage_gateway.watching.gateway_keys import (
    GROUPS_KEY,
    RING_KEY,
    GatewayKeys,
    KeysRefused,
    read_keys,
)
from moorage_gateway.watching.published_table import (
    TABLE_KEY,
    PublishedTable,
    TableRefused,
    read_table,
)

MAX_COPY_BYTES = 64 * 1024 * 1024
_log = logging.getLogger(__name__)


def mounted_table(folder: Path, gateway: str) -> PublishedTable | None:
    """The ConfigMap's mounted copy, if there is one that can be used."""
    try:
        return read_table((folder / TABLE_KEY).read_bytes(), gateway)
    except (OSError, TableRefused) as error:
        _tell("the mounted table cannot be used", error)
        return None


def mounted_keys(folder: Path) -> GatewayKeys | None:
    """The Secret's mounted copy, if there is one that can be used."""
    try:
        ring = (folder / RING_KEY).read_bytes()
        groups = folder / GROUPS_KEY
        return read_keys(ring, groups.read_bytes() if groups.exists() else b"")
    except (OSError, KeysRefused) as error:
        _tell("the mounted keys cannot be used", error)
        return None


def remembered_endpoints(file: Path) -> EndpointCopy:
    """What ``remember_endpoints`` wrote; empty where there is nothing of use."""
    try:
        if file.stat().st_size > MAX_COPY_BYTES:
            return {}
        return msgspec.json.decode(file.read_bytes(), type=dict[str, tuple[Endpoint, ...]])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _tell("the last known endpoints cannot be read", error)
        return {}


def remember_endpoints(file: Path, endpoints: EndpointCopy) -> None:
    """Write them so that a reader finds either the old or the new ones; raises OSError."""
    written = file.with_name(file.name + ".new")
    written.write_bytes(msgspec.json.encode(endpoints, order="deterministic"))
    os.replace(written, file)


def _tell(what: str, error: Exception) -> None:
    why = error.strerror if isinstance(error, OSError) else str(error)
    _log.warning(what, extra={"facts": {"why": why or type(error).__name__}})
