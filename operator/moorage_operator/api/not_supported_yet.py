"""Fields that are checked but not acted on yet, and would mislead if they were passed over.

A gateway that ignored ``authentication`` would be open to everybody, so such fields are refused.
A field leaves this list in the change that implements it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from moorage_operator.api.findings import SpecFinding
from moorage_operator.api.resource_kinds import GATEWAY_KIND, GROUP_KIND

NOT_SUPPORTED_YET: Mapping[str, Mapping[tuple[str, ...], str]] = MappingProxyType(
    {
        GATEWAY_KIND: {
            ("spec", "authentication"): "everybody who reaches the gateway could call it",
            ("spec", "limits"): "nobody would be limited",
        },
        GROUP_KIND: {
            ("spec", "failover"): "no backup would step in",
        },
    }
)
"""Per kind the field, and what would happen if it were passed over."""


def find_unsupported(kind: str, document: object) -> list[SpecFinding]:
    """A finding for each field of the document that this version does not act on."""
    return [
        SpecFinding(
            path,
            "NotSupportedYet",
            f"this version does not enforce it ({consequence})",
            "remove the field",
        )
        for path, consequence in NOT_SUPPORTED_YET[kind].items()
        if _is_set(document, path)
    ]


def _is_set(document: object, path: tuple[str, ...]) -> bool:
    for step in path:
        if not isinstance(document, Mapping):
            return False
        document = document.get(step)
    return document is not None
