"""Runs a Python text in a pod of an image, restricted as our pods are."""

import os

from fakes.kubectl import kubectl, read

GATEWAY_IMAGE = os.environ.get("MOORAGE_GATEWAY_IMAGE", "moorage/gateway:dev")
OPERATOR_IMAGE = os.environ.get("MOORAGE_OPERATOR_IMAGE", "moorage/operator:dev")


def run(namespace: str, name: str, image: str, text: str) -> str:
    """What ``text`` prints in a pod called ``name``; fails with its output if it fails."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-c", text],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    kubectl("create", "-n", namespace, "-f", "-", document=pod)
    ended = "--for=jsonpath={.status.containerStatuses[0].state.terminated}"
    kubectl("wait", "pod", name, "-n", namespace, ended, "--timeout=45s")
    output = kubectl("logs", name, "-n", namespace)
    (status,) = read("pod", name, "-n", namespace)["status"]["containerStatuses"]
    assert status["state"]["terminated"]["exitCode"] == 0, output
    return output
