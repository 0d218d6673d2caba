"""What the API server's audit log says of the operator and of the gateways.

Used by `e2e.rights`, which compares what was used with what was granted. The log is one JSON object
per line (audit.k8s.io/v1, level Metadata).
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_LOG = Path("/run/moorage-cluster/log/audit.jsonl")
POD_NAME = "authentication.kubernetes.io/pod-name"
COMPLETE = frozenset({"ResponseComplete"})
WATCHES = COMPLETE | {"ResponseStarted"}
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, order=True)
class Right:
    """A verb on a resource, as RBAC names it; ``resource`` has its subresource behind a slash."""

    api_group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' + self.api_group if self.api_group else ''}"


@dataclass(frozen=True)
class Access:
    """One request that the API server answered."""

    user: str
    right: Right
    namespace: str
    name: str
    code: int
    at: str
    pod: str = ""
    """The pod of the token that was shown, where it is bound to one."""

    @property
    def is_write(self) -> bool:
        return self.right.verb in WRITES


def find_log() -> Path | None:
    """The log of the cluster at hand, where its place is known and it may be read."""
    log = Path(os.environ.get("MOORAGE_AUDIT_LOG", DEFAULT_LOG))
    return log if os.access(log, os.R_OK) else None


def read_log(log: Path, since: str = "") -> Iterator[Access]:
    """Answered requests on resources, from ``since`` (RFC 3339 in UTC) on."""
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if _is_answered(event) and event["requestReceivedTimestamp"] >= since:
                yield from _access(event)


def _is_answered(event: dict[str, Any]) -> bool:
    # A watch that goes on has only begun to be answered; one that ended is here twice.
    return event["stage"] in (WATCHES if event["verb"] == "watch" else COMPLETE)


def _access(event: dict[str, Any]) -> Iterable[Access]:
    reference = event.get("objectRef")
    if not reference or "resource" not in reference:
        return
    resource = "/".join(filter(None, (reference["resource"], reference.get("subresource"))))
    yield Access(
        user=event["user"]["username"],
        right=Right(reference.get("apiGroup", ""), resource, event["verb"]),
        namespace=reference.get("namespace", ""),
        name=reference.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        at=event["requestReceivedTimestamp"],
        pod=event["user"].get("extra", {}).get(POD_NAME, [""])[0],
    )


def service_account(namespace: str, name: str) -> str:
    """The user name of a service account."""
    return f"system:serviceaccount:{namespace}:{name}"


def writes(accesses: Iterable[Access]) -> Counter[tuple[str, str, str]]:
    """How often each (resource, namespace, name) was written."""
    return Counter(
        (access.right.resource, access.namespace, access.name)
        for access in accesses
        if access.is_write
    )
