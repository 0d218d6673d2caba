"""From the gateway's Secret, or its mounted copy, to the keys (pure). Nothing here shows a key."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from moorage_contract.key_ids import keys_digest
from moorage_wire.capsules import KeyRing, KeyRingError

RING_KEY = "ring"
GROUPS_KEY = "groups"
_GROUP_KEY = re.compile(r"[0-9a-f]{64}")


class KeysRefused(Exception):
    """Keys that cannot be used; the message says why and holds no key."""


@dataclass(frozen=True)
class GatewayKeys:
    """What the Secret says."""

    ring: KeyRing
    groups: Mapping[str, str] = field(repr=False, default_factory=dict)
    """Keys of stdio groups by ``namespace/name``."""
    unfit_groups: tuple[str, ...] = ()
    """Groups whose key is not 64 hex digits. Each goes without one: it is refused by its sidecars,
    and what is no key gets into no request's head."""
    digest: str = ""
    """What names them in a route table."""


def keys_of_secret(document: Mapping[str, Any]) -> GatewayKeys:
    """Raises KeysRefused."""
    data = document.get("data") or {}
    try:
        ring, groups = (
            base64.b64decode(data.get(key, ""), validate=True) for key in (RING_KEY, GROUPS_KEY)
        )
    except (binascii.Error, TypeError):
        raise KeysRefused("the Secret's data is not base64") from None
    return read_keys(ring, groups)


def read_keys(ring: bytes, groups: bytes) -> GatewayKeys:
    """The two members' contents; an empty ``groups`` is no group. Raises KeysRefused."""
    try:
        read_ring = KeyRing.from_text(ring.decode("ascii"))
    except UnicodeDecodeError:
        raise KeysRefused(f"{RING_KEY} is not text") from None
    except KeyRingError as error:
        raise KeysRefused(f"{RING_KEY}: {error}") from None
    try:
        read_groups = msgspec.json.decode(groups or b"{}", type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise KeysRefused(f"{GROUPS_KEY} is no JSON object of texts") from None
    fit = {name: key for name, key in read_groups.items() if _GROUP_KEY.fullmatch(key)}
    unfit = tuple(sorted(read_groups.keys() - fit.keys()))
    return GatewayKeys(read_ring, fit, unfit, keys_digest(ring, groups))
