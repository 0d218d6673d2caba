"""Users' objects that resources name and that are never watched: read by name, kept for a while."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from moorage_operator.api.metadata import ResourceName
from moorage_operator.cluster.api_client import ClusterClient
from moorage_operator.cluster.authority_bundle import fit_authorities
from moorage_operator.cluster.errors import NotPermitted
from moorage_operator.cluster.objects import read_object
from moorage_operator.cluster.secret_reader import read_secret
from moorage_operator.cluster.tls_secret import judge_tls_secret
from moorage_operator.cluster.write_fence import Clock
from moorage_operator.planning.snapshot import ChildKey, ObservedTlsSecret
from moorage_operator.running.extracts import NamespaceExtract
from moorage_operator.running.read_namespaces import read_namespace

PRESENT_SECONDS = 240.0
"""Below the time between two resyncs, so that each resync reads again."""
MISSING_SECONDS = 2.0
CA_ENTRY = "ca.crt"

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class _Reading(Generic[Kept]):
    value: Kept
    until: float
    namespace_uid: str
    """A namespace that was deleted took the object along, whatever has its name now."""


class _Readings(Generic[Kept]):
    """What was read under each name. Bounded: what is too old goes at the next reading."""

    def __init__(self, read: Callable[[ResourceName], Awaitable[tuple[Kept, bool]]], clock: Clock):
        self._read = read
        self._clock = clock
        self._kept: dict[ResourceName, _Reading[Kept]] = {}

    async def get(self, name: ResourceName, namespace_uid: str) -> Kept:
        now = self._clock()
        kept = self._kept.get(name)
        if kept is None or kept.until <= now or kept.namespace_uid != namespace_uid:
            value, is_there = await self._read(name)
            for old in [each for each, reading in self._kept.items() if reading.until <= now]:
                del self._kept[old]
            until = now + (PRESENT_SECONDS if is_there else MISSING_SECONDS)
            kept = self._kept[name] = _Reading(value, until, namespace_uid)
        return kept.value


class OutsideObjects:
    """Certificates and certificate authorities.

    ``namespace_uid``: of the namespace as it is known now; empty while it is not.
    """

    def __init__(self, client: ClusterClient, clock: Clock) -> None:
        self._client = client
        self._tls: _Readings[ObservedTlsSecret] = _Readings(self._read_tls, clock)
        self._authorities: _Readings[str | None] = _Readings(self._read_authorities, clock)

    async def tls_secret(self, name: ResourceName, namespace_uid: str) -> ObservedTlsSecret:
        """What a listener's Secret is good for."""
        return await self._tls.get(name, namespace_uid)

    async def authorities(self, name: ResourceName, namespace_uid: str) -> str | None:
        """The certificates in ``ca.crt`` of a ConfigMap, if they are there and can be served."""
        return await self._authorities.get(name, namespace_uid)

    async def namespace(self, name: str) -> NamespaceExtract:
        """A namespace, as it is now."""
        return await read_namespace(self._client, name)

    async def _read_tls(self, name: ResourceName) -> tuple[ObservedTlsSecret, bool]:
        observed = judge_tls_secret(await read_secret(self._client, name), datetime.now(UTC))
        return observed, observed.state == "Present"

    async def _read_authorities(self, name: ResourceName) -> tuple[str | None, bool]:
        document = await self._read("ConfigMap", name)
        data = (document or {}).get("data") or {}
        pem = fit_authorities(data.get(CA_ENTRY))
        return pem, pem is not None

    async def _read(self, kind: str, name: ResourceName) -> dict[str, Any] | None:
        try:
            return await read_object(self._client, ChildKey(kind, name.namespace, name.name))
        except NotPermitted:
            return None
