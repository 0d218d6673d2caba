"""The product in the cluster, as a user installs and removes it."""

from collections.abc import Iterator
from contextlib import contextmanager

from e2e.cluster import helm
from e2e.settings import CHART, GATEWAY_IMAGE, OPERATOR_IMAGE, SYSTEM_NAMESPACE
from fakes.kubectl import KubectlFailed, kubectl

RELEASE = "moorage"
CRDS = ("mcpgateways.moorage.dev", "mcpupstreamgroups.moorage.dev")


def install(*options: str) -> None:
    """`helm install`, and the operator is available when this returns."""
    images = [*_image("operator", OPERATOR_IMAGE), *_image("gateway", GATEWAY_IMAGE)]
    place = ["-n", SYSTEM_NAMESPACE, "--create-namespace"]
    # Other tests may have applied the CRDs before.
    helm("install", RELEASE, str(CHART), "--take-ownership", *place, *images, *options)
    where = ["-n", SYSTEM_NAMESPACE, "deployment", "-l", "app.kubernetes.io/name=moorage-operator"]
    kubectl("wait", "--for=condition=Available", "--timeout=50s", *where)


def uninstall() -> None:
    """`helm uninstall`, then the CRDs, then the namespace."""
    helm("uninstall", RELEASE, "-n", SYSTEM_NAMESPACE)
    kubectl("delete", "crd", *CRDS, "--timeout=120s")
    kubectl("delete", "namespace", SYSTEM_NAMESPACE, "--timeout=120s")


def is_installed() -> bool:
    """Whether a release stands in the cluster already."""
    return RELEASE in helm("list", "-n", SYSTEM_NAMESPACE, "--short").split()


@contextmanager
def installed(*options: str) -> Iterator[None]:
    """The product, for as long as this lasts; one that stands already is used and left."""
    if is_installed():
        yield
        return
    install(*options)
    try:
        yield
    finally:
        uninstall()


def leftovers() -> list[str]:
    """Everything of ours that is still in the cluster."""
    kinds = kubectl("api-resources", "--verbs=list", "-o", "name").split()
    listed = [kind for kind in kinds if not kind.startswith("events")]
    return [f"{kind}/{name}" for kind in listed for name in _ours(kind)]


def _ours(kind: str) -> list[str]:
    jsonpath = "jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}"
    marks = ("app.kubernetes.io/managed-by=moorage", f"app.kubernetes.io/instance={RELEASE}")
    found = set()
    for mark in marks:
        try:
            found |= set(kubectl("get", kind, "-A", "-l", mark, "-o", jsonpath).split())
        except KubectlFailed:
            continue  # a kind that cannot be listed by label, or has just gone
    return sorted(found)


def _image(which: str, reference: str) -> list[str]:
    repository, _, tag = reference.rpartition(":")
    prefix = f"images.{which}"
    return ["--set", f"{prefix}.repository={repository}", "--set", f"{prefix}.tag={tag}"]
