"""Rights used and rights granted, by the API server's audit log and by RBAC.

`python -m e2e.rights [--since RFC3339]`: of all that the operator did since then, and of work that
is given to it now. Ends with 1 when a request of ours was refused, when a user's object was written
but for its status, or when a granted right was neither used nor listed with its reason in
docs/rights.md.
"""

import argparse
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from e2e.audit_log import Access, Right, find_log, read_log, service_account
from e2e.cluster import apply, pods, wait_for, wait_for_condition
from e2e.installation import installed
from e2e.manifests import gateway, group
from e2e.scene import ROUTES, serving
from e2e.settings import REPOSITORY, SERVERS_IMAGE, SYSTEM_NAMESPACE
from fakes.kubectl import kubectl, namespace, read

OPERATOR = service_account(SYSTEM_NAMESPACE, "moorage-operator")
FORBIDDEN = 403
USERS_KINDS = frozenset({"mcpgateways", "mcpupstreamgroups"})
RIGHTS_PAGE = REPOSITORY / "docs" / "rights.md"


def granted(account: str) -> set[Right]:
    """Every right that Roles and ClusterRoles give to a service account."""
    rights: set[Right] = set()
    for kind in ("clusterrolebindings", "rolebindings"):
        for binding in read(kind, "-A")["items"]:
            if any(_is(subject, account) for subject in binding.get("subjects", [])):
                rights |= _of_role(binding)
    return rights


def _is(subject: dict[str, str], account: str) -> bool:
    if subject["kind"] != "ServiceAccount":
        return False
    return service_account(subject.get("namespace", ""), subject["name"]) == account


def _of_role(binding: dict[str, Any]) -> set[Right]:
    reference = binding["roleRef"]
    kind, place = reference["kind"].lower(), binding["metadata"].get("namespace")
    scope = ["-n", place] if kind == "role" else []
    role = read(kind, reference["name"], *scope)
    return {
        Right(group, resource, verb)
        for rule in role.get("rules") or []
        for group in rule.get("apiGroups", [])
        for resource in rule.get("resources", [])
        for verb in rule["verbs"]
    }


def used(accesses: Iterable[Access]) -> set[Right]:
    """Rights that were asked for, and had."""
    return {access.right for access in accesses if access.code != FORBIDDEN}


def explained(page: str) -> set[str]:
    """Rights that docs/rights.md says are not used by the operator at ordinary times."""
    begin = page.find("## Not used")
    return set(re.findall(r"^- `([^`]+)`", page[begin:], re.MULTILINE)) if begin >= 0 else set()


def faults_of(accesses: list[Access], rights: set[Right], page: str) -> list[str]:
    """What must not be."""
    refused = {str(access.right) for access in accesses if access.code == FORBIDDEN}
    touched = {
        f"{access.right} {access.namespace}/{access.name}"
        for access in accesses
        if access.is_write and access.right.resource in USERS_KINDS
    }
    idle = {str(right) for right in rights - used(accesses)} - explained(page)
    return [
        *(f"refused: {one}" for one in sorted(refused)),
        *(f"a user's object was written: {one}" for one in sorted(touched)),
        *(f"granted, not used, and not in docs/rights.md: {one}" for one in sorted(idle)),
    ]


def work(name: str) -> None:
    """What an operator does at ordinary times: gateways, groups of both kinds, changes, ends."""
    serving(name)
    stdio = {"image": SERVERS_IMAGE, "command": ["python", "-m", "fakes.conformance_server"]}
    apply(name, group("tools", source={"stdio": stdio}))
    apply(name, gateway("edge", {**ROUTES, "/tools": "tools"}, replicas=2))
    wait_for_condition(name, "mcpgateway/edge", "Programmed")
    apply(name, gateway("edge", ROUTES, replicas=2))
    wait_for_condition(name, "mcpgateway/edge", "Programmed")
    kubectl("delete", "mug/tools", "-n", name)
    wait_for(
        "nothing of it is left", 60, lambda: not pods(name, "moorage.dev/upstream-group=tools")
    )


def run(since: str) -> int:
    log = find_log()
    assert log is not None, "needs the API server's audit log: MOORAGE_AUDIT_LOG"
    with namespace("rights") as name:
        work(name)
    accesses = [access for access in read_log(log, since) if access.user == OPERATOR]
    rights = granted(OPERATOR)
    faults = faults_of(accesses, rights, RIGHTS_PAGE.read_text())
    print(f"{len(accesses)} requests, {len(used(accesses))} of {len(rights)} rights used")
    print("\n".join(faults))
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="e2e.rights")
    parser.add_argument("--since", default=datetime.now(UTC).isoformat(), help="RFC 3339, UTC")
    with installed():
        return run(parser.parse_args().since)


if __name__ == "__main__":
    sys.exit(main())
