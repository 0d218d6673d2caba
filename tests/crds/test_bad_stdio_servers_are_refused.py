"""stdio servers that are wrong are refused by the API server at the field, in words that help."""

import pytest

from fakes.api_server import ApiServer
from fakes.bad_resources import Bad, assert_refused, each_of
from fakes.cr_documents import Document, group_document, image_group_document, stdio_group_document

pytestmark = pytest.mark.cluster

AT = "spec.source.stdio"
KEY = {"name": "notes", "key": "token"}
PATTERN = "should match"


def variable(**members: object) -> Document:
    return image_group_document(env=[{"name": "A", **members}])


def secure(**members: object) -> Document:
    return image_group_document(securityContext=members)


def limited(**limits: object) -> Document:
    return image_group_document(resources={"limits": limits})


def tolerating(**toleration: object) -> Document:
    return image_group_document(tolerations=[toleration])


def volume(**members: object) -> Document:
    return image_group_document(volumes=[{"name": "data", **members}])


def mount(**members: object) -> Document:
    return image_group_document(
        volumes=[{"name": "data", "emptyDir": {}}],
        volumeMounts=[{"name": "data", "mountPath": "/data", **members}],
    )


STARTS = [
    Bad(f"{AT}.command", "Required value", group_document(source={"stdio": {"image": "a"}})),
    Bad(f"{AT}.command", "at least 1 items", image_group_document(command=[])),
    Bad(f"{AT}.command", "must be of type array", image_group_document(command="server -v")),
    Bad(f"{AT}.command", "at most 64 items", image_group_document(command=["a"] * 65)),
    Bad(f"{AT}.command[0]", "at least 1 chars", image_group_document(command=[""])),
    Bad(f"{AT}.command[1]", PATTERN, image_group_document(command=["a", "b\0c"])),
    Bad(f"{AT}.command[0]", "must be of type string", image_group_document(command=[5])),
    Bad(f"{AT}.args", "at most 256 items", image_group_document(args=["a"] * 257)),
    Bad(f"{AT}.workingDir", "'^/", image_group_document(workingDir="srv")),
    Bad(f"{AT}.image", PATTERN, image_group_document(image="a b")),
    Bad(f"{AT}.image", "at least 1 chars", image_group_document(image="")),
    Bad(f"{AT}.imagePullPolicy", "supported", image_group_document(imagePullPolicy="always")),
    Bad(f"{AT}.imagePullSecrets[0]", "type object", image_group_document(imagePullSecrets=["a"])),
    Bad(f"{AT}.serviceAccountName", PATTERN, image_group_document(serviceAccountName="A")),
    Bad(f"{AT}.ports", "unknown field", image_group_document(ports=[])),
]
VARIABLES = [
    Bad(f"{AT}.env[1]", "Duplicate", image_group_document(env=[{"name": "A"}, {"name": "A"}])),
    Bad(f"{AT}.env[0].name", "Required", image_group_document(env=[{"value": "A"}])),
    Bad(f"{AT}.env[0].name", PATTERN, variable(name="1A")),
    Bad(f"{AT}.env[0].value", "must be of type string", variable(value=True)),
    Bad(f"{AT}.env[0].value", "Too long", variable(value="a" * 32_769)),
    Bad(f"{AT}.env[0]", "keep one", variable(value="b", valueFrom={"secretKeyRef": KEY})),
    Bad(f"{AT}.env[0].valueFrom", "exactly one", variable(valueFrom={})),
    Bad(
        f"{AT}.env[0].valueFrom",
        "exactly one",
        variable(valueFrom={"secretKeyRef": KEY, "configMapKeyRef": KEY}),
    ),
    Bad(f"{AT}.env[0].valueFrom.fieldRef", "unknown", variable(valueFrom={"fieldRef": KEY})),
    Bad(
        f"{AT}.env[0].valueFrom.secretKeyRef.key",
        "Required value",
        variable(valueFrom={"secretKeyRef": {"name": "a"}}),
    ),
    Bad(f"{AT}.envFrom[0]", "exactly one of secretRef", image_group_document(envFrom=[{}])),
    Bad(
        f"{AT}.envFrom[0].secretRef.name",
        "Required value",
        image_group_document(envFrom=[{"secretRef": {}}]),
    ),
    Bad(
        f"{AT}.envFrom[0].prefix",
        PATTERN,
        image_group_document(envFrom=[{"prefix": "=", "secretRef": {"name": "a"}}]),
    ),
]
IDS = [
    Bad(f"{AT}.securityContext.runAsUser", "use another user", secure(runAsUser=0)),
    Bad(f"{AT}.securityContext.runAsUser", "or equal to 0", secure(runAsUser=-1)),
    Bad(f"{AT}.securityContext.runAsUser", "type integer", secure(runAsUser="node")),
    Bad(f"{AT}.securityContext.fsGroup", "2147483647", secure(fsGroup=2**31)),
    Bad(f"{AT}.securityContext.privileged", "unknown field", secure(privileged=True)),
    Bad(f"{AT}.securityContext.capabilities", "unknown field", secure(capabilities={})),
    Bad(f"{AT}.securityContext.runAsNonRoot", "type boolean", secure(runAsNonRoot="no")),
]
PODS = [
    Bad(f"{AT}.resources.limits.cpu", PATTERN, limited(cpu="1.5 cores")),
    Bad(f"{AT}.resources.limits.cpu", "type integer,string", limited(cpu=1.5)),
    Bad(f"{AT}.resources.limits.memory", "or equal to 0", limited(memory=-1)),
    Bad(f"{AT}.resources.limits", "no resource can have", limited(**{"a b": 1})),
    Bad(
        f"{AT}.resources.requests",
        "lower it or raise the limit",
        image_group_document(resources={"requests": {"memory": "1Gi"}, "limits": {"memory": "1G"}}),
    ),
    Bad(f"{AT}.resources.claims", "unknown", image_group_document(resources={"claims": []})),
    Bad(f"{AT}.nodeSelector", "no label can have", image_group_document(nodeSelector={"/": "a"})),
    Bad(f"{AT}.nodeSelector.a", PATTERN, image_group_document(nodeSelector={"a": "b c"})),
    Bad(f"{AT}.nodeSelector.a", "type string", image_group_document(nodeSelector={"a": True})),
    Bad(
        f"{AT}.nodeSelector",
        "at most 64",
        image_group_document(nodeSelector={f"l{n}": "a" for n in range(65)}),
    ),
    Bad(f"{AT}.tolerations[0]", "type object", image_group_document(tolerations=["spot"])),
    Bad(f"{AT}.tolerations[0]", "remove one", tolerating(operator="Exists", value="a")),
    Bad(f"{AT}.tolerations[0]", "add a key", tolerating(effect="NoSchedule")),
    Bad(f"{AT}.tolerations[0]", "remove them", tolerating(key="a", tolerationSeconds=1)),
    Bad(f"{AT}.tolerations[0].operator", "supported", tolerating(key="a", operator="In")),
    Bad(f"{AT}.tolerations[0].effect", "supported", tolerating(key="a", effect="Never")),
]
VOLUMES = [
    Bad(f"{AT}.volumes[0].hostPath", "unknown field", volume(hostPath={"path": "/"})),
    Bad(f"{AT}.volumes[0]", "give exactly one of emptyDir", volume()),
    Bad(f"{AT}.volumes[0].name", "choose another", volume(name="moorage-run", emptyDir={})),
    Bad(f"{AT}.volumes[0].name", PATTERN, volume(name="my.data", emptyDir={})),
    Bad(f"{AT}.volumes[0].emptyDir.sizeLimit", PATTERN, volume(emptyDir={"sizeLimit": "1 GB"})),
    Bad(f"{AT}.volumes[0].emptyDir.medium", "supported", volume(emptyDir={"medium": "HugePages"})),
    Bad(f"{AT}.volumes[0].secret.secretName", "Required", volume(secret={})),
    Bad(f"{AT}.volumes[0].secret.name", "unknown", volume(secret={"secretName": "a", "name": "b"})),
    Bad(
        f"{AT}.volumes[1]",
        "Duplicate",
        image_group_document(volumes=[{"name": "a", "emptyDir": {}}] * 2),
    ),
    Bad(f"{AT}.volumeMounts", "add the volume", mount(name="other")),
    Bad(f"{AT}.volumeMounts[0].mountPath", "write it like /data", mount(mountPath="data")),
    Bad(f"{AT}.volumeMounts[0].mountPath", "segment", mount(mountPath="/data/../etc")),
    Bad(f"{AT}.volumeMounts[0].mountPath", "the launcher is", mount(mountPath="/run/moorage/x")),
    Bad(f"{AT}.volumeMounts[0].subPath", "write it like data/notes", mount(subPath="/etc")),
    Bad(f"{AT}.volumeMounts[0].subPath", "segment", mount(subPath="a/../../b")),
]


@each_of([*STARTS, *VARIABLES, *IDS, *PODS, *VOLUMES])
def test_bad_stdio_servers_are_refused(bad: Bad, api_server: ApiServer) -> None:
    assert_refused(bad, api_server)


def test_only_a_desk_does_without_an_image(api_server: ApiServer) -> None:
    (refusal,) = api_server.refusals(stdio_group_document())
    assert refusal.field == AT
    assert "needs image" in refusal.text
