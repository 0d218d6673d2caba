"""``spec.source.stdio.securityContext``: under which ids the server runs.

Everything else of a pod's security is given: no privileges, no capabilities, the default seccomp
profile, no service-account token.
"""

from dataclasses import dataclass

from moorage_operator.api import bounds
from moorage_operator.api.value import Members, Value

_ROOT = 0


@dataclass(frozen=True)
class SecurityContextSpec:
    """Ids of the server's process, and what it may write."""

    run_as_user: int = bounds.RUN_AS_USER.default
    run_as_group: int = bounds.RUN_AS_GROUP.default
    run_as_non_root: bool = bounds.RUN_AS_NON_ROOT
    fs_group: int = bounds.FS_GROUP.default
    """Group of the pod's volumes: how the sidecar reaches the launcher's socket."""
    read_only_root_filesystem: bool = bounds.READ_ONLY_ROOT_FILESYSTEM


def read_security_context(value: Value | None) -> SecurityContextSpec:
    """The ids as written; absent is all defaults."""
    if value is None:
        return SecurityContextSpec()
    with value.members() as context:
        spec = SecurityContextSpec(
            run_as_user=context.integer("runAsUser", bounds.RUN_AS_USER),
            run_as_group=context.integer("runAsGroup", bounds.RUN_AS_GROUP),
            run_as_non_root=context.boolean("runAsNonRoot", default=bounds.RUN_AS_NON_ROOT),
            fs_group=context.integer("fsGroup", bounds.FS_GROUP),
            read_only_root_filesystem=context.boolean(
                "readOnlyRootFilesystem", default=bounds.READ_ONLY_ROOT_FILESYSTEM
            ),
        )
        _refuse_root_that_may_not_be(context, spec)
    return spec


def _refuse_root_that_may_not_be(context: Members, spec: SecurityContextSpec) -> None:
    if spec.run_as_user == _ROOT and spec.run_as_non_root:
        message = "runAsUser 0 is root, which runAsNonRoot forbids"
        context.refuse("Contradiction", message, "use another user or add runAsNonRoot: false")
