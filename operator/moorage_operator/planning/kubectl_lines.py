"""Commands that a message tells people to run, as they can be pasted into a shell."""

from collections.abc import Mapping

from moorage_operator.api.metadata import ResourceName


def describe_pods(namespace: str, selector: Mapping[str, str]) -> str:
    """Shows why pods do not start (images that cannot be pulled, Secrets that are missing …), or
    why there are none: what admission refuses stands at their ReplicaSet."""
    return f"`kubectl -n {namespace} describe replicasets,pods -l {label_selector(selector)}`"


def server_log(namespace: str, pod: str) -> str:
    """Shows what a stdio server wrote on standard error; ``pod`` is empty where it is not known."""
    return f"`kubectl -n {namespace} logs {pod or 'POD'} -c server`"


def label_selector(selector: Mapping[str, str]) -> str:
    """As ``kubectl -l`` takes it."""
    return ",".join(f"{name}={value}" for name, value in sorted(selector.items()))


def create_tls_secret(secret: ResourceName) -> str:
    """Makes a Secret of the type that listeners need."""
    files = "--cert=tls.crt --key=tls.key"
    return f"`kubectl -n {secret.namespace} create secret tls {secret.name} {files}`"


def delete_secret(secret: ResourceName) -> str:
    """The first half of making a Secret anew."""
    return f"`kubectl -n {secret.namespace} delete secret {secret.name}`"
