"""Every condition that the operator can set, with its closed list of reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from moorage_operator.planning.snapshot import Condition

Status = Literal["True", "False", "Unknown"]
Reasons = Mapping[str, Status]

MESSAGE_CHARACTERS = 4_000
"""A longer message ends in an ellipsis: people read these, and etcd keeps them."""

SEVERAL_FINDINGS = "InvalidSpec"
"""The reason where a document has findings of several kinds."""

_REFUSED: Reasons = {
    "MissingField": "False",
    "UnknownField": "False",
    "WrongType": "False",
    "OutOfBounds": "False",
    "InvalidValue": "False",
    "Duplicate": "False",
    "NotSupportedYet": "False",
    SEVERAL_FINDINGS: "False",
}
"""Reasons of findings under which a whole document is refused."""


@dataclass(frozen=True)
class ConditionTypes:
    """The conditions of one kind: the status of each reason, by condition type."""

    reasons: Mapping[str, Reasons]

    def condition(self, type_: str, reason: str, message: str) -> Condition:
        """The condition with the status that belongs to its reason."""
        if len(message) > MESSAGE_CHARACTERS:
            message = f"{message[: MESSAGE_CHARACTERS - 1]}…"
        return Condition(type_, self.reasons[type_][reason], reason, message)


GATEWAY = ConditionTypes(
    MappingProxyType(
        {
            "Accepted": {
                "Accepted": "True",
                **_REFUSED,
                "HostnameTaken": "False",
                "TableTooLarge": "False",
                "NameTaken": "False",
                "ApplyFailed": "False",
            },
            "ResolvedRefs": {
                "ResolvedRefs": "True",
                "UpstreamNotFound": "False",
                "RefNotPermitted": "False",
                "UpstreamFailed": "False",
                "TlsSecretMissing": "False",
                "TlsSecretUnfit": "False",
                "SpecRefused": "Unknown",
            },
            "Programmed": {
                "Programmed": "True",
                "Pending": "False",
                "KeyRingLost": "False",
                "NotAccepted": "False",
                "EndpointsRefused": "False",
                "NoReports": "Unknown",
            },
            "Ready": {
                "Ready": "True",
                "NoReadyPods": "False",
                "NoRouteServed": "False",
                "NameTaken": "False",
            },
        }
    )
)

GROUP = ConditionTypes(
    MappingProxyType(
        {
            "Accepted": {
                "Accepted": "True",
                **_REFUSED,
                "Contradiction": "False",
                "WorkloadTaken": "False",
                "NameTaken": "False",
                "ApplyFailed": "False",
            },
            "ResolvedRefs": {
                "ResolvedRefs": "True",
                "WorkloadNotFound": "False",
                "SelectorNotSupported": "False",
                "CaMissing": "False",
                "SpecRefused": "Unknown",
            },
            "Verified": {
                "Verified": "True",
                "HandshakeFailed": "False",
                "Pending": "Unknown",
                "NoGateway": "Unknown",
                "SpecRefused": "Unknown",
            },
            "Ready": {
                "Ready": "True",
                "NoReadyPods": "False",
                "NotVerified": "False",
                "NotResolved": "False",
                "NoGateway": "Unknown",
                "SpecRefused": "Unknown",
            },
            "Restricted": {
                "Restricted": "True",
                "Weakened": "False",
            },
        }
    )
)
