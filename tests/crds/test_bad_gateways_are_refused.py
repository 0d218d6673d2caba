"""Gateways that are wrong are refused by the API server at the field, in words that help."""

import pytest

from fakes.api_server import ApiServer
from fakes.bad_resources import Bad, assert_refused, each_of
from fakes.cr_documents import Document, gateway_document, route

pytestmark = pytest.mark.cluster

OBJECT_NAME = "should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def named(name: str) -> Document:
    return {**gateway_document(), "metadata": {"name": name}}


def listening(**listener: object) -> Document:
    return gateway_document(listener=listener)


def routed(*items: object) -> Document:
    return gateway_document(routes=list(items))


def upstream(**reference: object) -> Document:
    return routed({"path": "/a", "upstream": reference})


JWT = {"issuer": "https://a.example", "audience": "a", "jwksUrl": "https://a.example/keys"}
LIMIT = {"per": "Gateway", "tokensPerSecond": 1, "burstTokens": 1}

NAMES = [
    Bad("metadata.name", "could have: at most 55", named("a" * 56)),
    Bad("metadata.name", "a letter first", named("1agents")),
    Bad("metadata.name", "letters, digits and -", named("agents.desk")),
    Bad("metadata.name", "lower case alphanumeric", named("Agents")),
    Bad("metadata.name", "lower case alphanumeric", named("agents-")),
]
SPEC = [
    Bad("spec", "Required value", {**gateway_document(), "spec": None}),
    Bad("spec", "must be of type object", {**gateway_document(), "spec": "routes"}),
    Bad("spec.replica", "unknown field", gateway_document(replica=2)),
    Bad("spec.replicas", "greater than or equal to 1", gateway_document(replicas=0)),
    Bad("spec.replicas", "less than or equal to 100", gateway_document(replicas=101)),
    Bad("spec.replicas", "must be of type integer", gateway_document(replicas="2")),
    Bad("spec.replicas", "must be of type integer", gateway_document(replicas=1.5)),
    Bad("spec.listener", "must be of type object", gateway_document(listener=[])),
]
LISTENER = [
    Bad("spec.listener.prot", "unknown field", listening(prot=1)),
    Bad("spec.listener.port", "greater than or equal to 1", listening(port=0)),
    Bad("spec.listener.port", "less than or equal to 65535", listening(port=65_536)),
    Bad("spec.listener.port", "must be of type integer", listening(port="http")),
    Bad("spec.listener.hostnames", "must be of type array", listening(hostnames="a.example")),
    Bad(
        "spec.listener.hostnames",
        "must have at most 64 items",
        listening(hostnames=[f"h{number}.example" for number in range(65)]),
    ),
    Bad("spec.listener.hostnames[0]", "list each host name", listening(hostnames=["*"])),
    Bad("spec.listener.hostnames[0]", "list each host name", listening(hostnames=["*.a.example"])),
    Bad("spec.listener.hostnames[1]", "write it in lower", listening(hostnames=["a", "B.example"])),
    Bad("spec.listener.hostnames[0]", "without scheme", listening(hostnames=["https://a.example"])),
    Bad("spec.listener.hostnames[0]", "port and path", listening(hostnames=["a.example:443"])),
    Bad("spec.listener.hostnames[0]", "not a host name", listening(hostnames=["a_b.example"])),
    Bad("spec.listener.hostnames[0]", "not a host name", listening(hostnames=["a" * 64])),
    Bad("spec.listener.hostnames[0]", "Too long: may not be ", listening(hostnames=["a." * 200])),
    Bad("spec.listener.hostnames[0]", "at least 1 chars", listening(hostnames=[""])),
    Bad("spec.listener.hostnames[0]", "usual form", listening(hostnames=["2001:DB8::7"])),
    Bad("spec.listener.hostnames[0]", "not a host name", listening(hostnames=["::ffff:10.0.0.7"])),
    Bad("spec.listener.hostnames[0]", "not a host name", listening(hostnames=["fe80::1%eth0"])),
    Bad("spec.listener.hostnames[1]", "Duplicate value", listening(hostnames=["a", "a"])),
    Bad("spec.listener.tls.secretName", "Required value", listening(tls={})),
    Bad("spec.listener.tls.secretName", OBJECT_NAME, listening(tls={"secretName": "Mcp"})),
    Bad("spec.listener.tls.cert", "unknown field", listening(tls={"secretName": "a", "cert": "b"})),
]
ROUTES = [
    Bad("spec.routes", "Required value", {**gateway_document(), "spec": {}}),
    Bad("spec.routes", "at least 1 items", gateway_document(routes=[])),
    Bad("spec.routes", "must be of type array", gateway_document(routes="/a")),
    Bad("spec.routes[0]", "must be of type object", routed("/a")),
    Bad(
        "spec.routes",
        "must have at most 1024 items",
        routed(*(route(f"/r{number}", "t") for number in range(1_025))),
    ),
    Bad("spec.routes[1]", "Duplicate value", routed(route("/a", "b"), route("/a", "c"))),
    Bad("spec.routes[0].path", "Required value", routed({"upstream": {"name": "a"}})),
    Bad("spec.routes[0].paht", "unknown field", routed({**route("/a", "b"), "paht": "/c"})),
    Bad("spec.routes[0].path", "an absolute path", routed(route("tickets", "a"))),
    Bad("spec.routes[0].path", "without // and", routed(route("/a//b", "a"))),
    Bad("spec.routes[0].path", "without / at the end", routed(route("/a/", "a"))),
    Bad("spec.routes[0].path", "must be an absolute path", routed(route("/a%2fb", "a"))),
    Bad("spec.routes[0].path", "must be an absolute path", routed(route("/a?b=c", "a"))),
    Bad("spec.routes[0].path", "must be an absolute path", routed(route("/tickets/*", "a"))),
    Bad("spec.routes[0].path", "must be an absolute path", routed(route("/schön", "a"))),
    Bad("spec.routes[0].path", "has a . or .. segment", routed(route("/a/./b", "a"))),
    Bad("spec.routes[0].path", "has a . or .. segment", routed(route("/..", "a"))),
    Bad("spec.routes[1].path", "choose another", routed(route("/a", "a"), route("/healthz", "a"))),
    Bad("spec.routes[0].path", "choose another", routed(route("/.well-known/x", "a"))),
    Bad("spec.routes[0].path", "Too long", routed(route("/" + "a" * 256, "a"))),
    Bad("spec.routes[0].upstream", "Required value", routed({"path": "/a"})),
    Bad(
        "spec.routes[0].upstream", "must be of type object", routed({"path": "/a", "upstream": "b"})
    ),
    Bad("spec.routes[0].upstream.name", "Required value", upstream(namespace="b")),
    Bad("spec.routes[0].upstream.name", "should match '^[a-z]", upstream(name="1tickets")),
    Bad("spec.routes[0].upstream.name", "Too long", upstream(name="a" * 55)),
    Bad("spec.routes[0].upstream.namespace", "should match", upstream(name="a", namespace="a.b")),
    Bad("spec.routes[0].upstream.kind", "unknown field", upstream(name="a", kind="Service")),
]
NOT_ENFORCED = [
    Bad(
        "spec.authentication",
        "does not enforce it (everybody who reaches the gateway could call it); remove the field",
        gateway_document(authentication={"jwt": [JWT]}),
    ),
    Bad("spec.authentication.jwt", "Required value", gateway_document(authentication={})),
    Bad(
        "spec.authentication.jwt[0].jwksUrl",
        "should match '^https://",
        gateway_document(authentication={"jwt": [{**JWT, "jwksUrl": "http://a.example/keys"}]}),
    ),
    Bad(
        "spec.limits",
        "does not enforce it (nobody would be limited); remove the field",
        gateway_document(limits=[LIMIT]),
    ),
    Bad("spec.limits", "at least 1 items", gateway_document(limits=[])),
    Bad(
        "spec.limits[0].per", "Unsupported value", gateway_document(limits=[{**LIMIT, "per": "X"}])
    ),
]


@each_of([*NAMES, *SPEC, *LISTENER, *ROUTES, *NOT_ENFORCED])
def test_bad_gateways_are_refused(bad: Bad, api_server: ApiServer) -> None:
    assert_refused(bad, api_server)
