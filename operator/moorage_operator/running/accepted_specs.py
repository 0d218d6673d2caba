"""Resources read once per generation."""

from moorage_operator.api.findings import SpecError
from moorage_operator.api.gateway import McpGateway
from moorage_operator.api.resources import Resource, read_resource
from moorage_operator.api.upstream_group import McpUpstreamGroup
from moorage_operator.running.extracts import ResourceExtract

REMEMBERED = 4096


class AcceptedSpecs:
    """What documents say, None for those that are refused; the oldest reading goes first."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[int, Resource | None]] = {}

    def gateway(self, extract: ResourceExtract) -> McpGateway | None:
        resource = self._resource(extract)
        return resource if isinstance(resource, McpGateway) else None

    def group(self, extract: ResourceExtract) -> McpUpstreamGroup | None:
        resource = self._resource(extract)
        return resource if isinstance(resource, McpUpstreamGroup) else None

    def _resource(self, extract: ResourceExtract) -> Resource | None:
        observed = extract.observed
        known = self._read.get(observed.uid)
        if known is None or known[0] != observed.generation:
            known = (observed.generation, _read(observed.document))
            self._read.pop(observed.uid, None)
            self._read[observed.uid] = known
            if len(self._read) > REMEMBERED:
                del self._read[next(iter(self._read))]
        return known[1]


def _read(document: object) -> Resource | None:
    try:
        return read_resource(document)
    except SpecError:
        return None
