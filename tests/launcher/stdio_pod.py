"""A stdio pod exactly as the operator renders it, around an image that knows nothing of Moorage."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from fakes.kubectl import kubectl, read

RENDERED = Path(__file__).parents[1] / "golden" / "group-stdio.out.yaml"
GATEWAY_IMAGE = os.environ.get("MOORAGE_GATEWAY_IMAGE", "moorage/gateway:dev")
KEY = secrets.token_hex(32)
READY_SECONDS = 30


@dataclass
class StdioPod:
    """A ready pod."""

    namespace: str
    name: str
    address: str
    """Base URL of its MCP port."""

    def read(self) -> dict[str, Any]:
        """The pod as the API server has it."""
        return cast(dict[str, Any], read("pod", self.name, "-n", self.namespace))

    def log(self, container: str) -> str:
        """What the container wrote."""
        return kubectl("logs", self.name, "-n", self.namespace, "-c", container)

    def run(self, container: str, *command: str) -> str:
        """Run a command in a container."""
        return kubectl("exec", self.name, "-n", self.namespace, "-c", container, "--", *command)

    def delete(self) -> None:
        """Delete it without waiting."""
        kubectl("delete", "pod", self.name, "-n", self.namespace, "--wait=false")

    def restarts(self, container: str) -> int:
        """How often the kubelet started it anew."""
        status = self.read()["status"]
        statuses = [*status["containerStatuses"], *status["initContainerStatuses"]]
        return int(next(one["restartCount"] for one in statuses if one["name"] == container))


def server_image(language: str) -> str:
    """The image that the folder ``tests/e2e/images/stdio-LANGUAGE`` gives."""
    default = f"moorage/test-stdio-{language}:dev"
    return os.environ.get(f"MOORAGE_STDIO_{language.upper()}_IMAGE", default)


@contextmanager
def stdio_pod(namespace: str, image: str, command: list[str], **server: Any) -> Iterator[StdioPod]:
    """Create the pod and wait until it is ready; ``server`` changes the server's container."""
    name = f"stdio-{secrets.token_hex(3)}"
    template = pod_template()
    spec = template["spec"]
    adapt(spec, name, image, command, server)
    metadata = {"name": name, "labels": template["metadata"]["labels"]}
    secret_metadata = {"name": name}
    documents = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": secret_metadata,
            "stringData": {"key": KEY},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
    ]
    listed = {"apiVersion": "v1", "kind": "List", "items": documents}
    kubectl("create", "-n", namespace, "-f", "-", document=listed)
    try:
        address = wait_until_ready(namespace, name)
        yield StdioPod(namespace, name, f"http://{address}:8081")
    finally:
        kubectl("delete", "pod", name, "-n", namespace, "--wait=false", "--ignore-not-found")


def pod_template() -> dict[str, Any]:
    """The pod template of the rendered Deployment."""
    children = yaml.safe_load(RENDERED.read_text())["children"]
    deployment = next(child for child in children if child["kind"] == "Deployment")
    return cast(dict[str, Any], deployment["spec"]["template"])


def adapt(
    spec: dict[str, Any], name: str, image: str, command: list[str], server: dict[str, Any]
) -> None:
    """Put this test's images, command and Secret into the rendered pod."""
    for container in spec["initContainers"]:
        container["image"] = GATEWAY_IMAGE
    container = spec["containers"][0]
    container["image"] = image
    launcher = container["command"]
    container["command"] = [*launcher[: launcher.index("--") + 1], *command]
    container["securityContext"].update(server.pop("securityContext", {}))
    container.update(server)
    for volume in spec["volumes"]:
        if "secret" in volume:
            volume["secret"]["secretName"] = name


def wait_until_ready(namespace: str, name: str) -> str:
    """The pod's address once it is ready."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        status = read("pod", name, "-n", namespace)["status"]
        conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
        if conditions.get("Ready") == "True":
            return cast(str, status["podIP"])
        assert time.monotonic() < deadline, status
        time.sleep(0.2)
