"""``spec.listener`` of an McpGateway: where clients reach it and under which names."""

from dataclasses import dataclass

from moorage_operator.api import bounds
from moorage_operator.api.name_rules import object_name
from moorage_operator.api.unique import refuse_repeated
from moorage_operator.api.value import Value
from moorage_operator.api.web_rules import hostname


@dataclass(frozen=True)
class TlsSpec:
    """The Secret that holds the listener's certificate and key."""

    secret_name: str


@dataclass(frozen=True)
class ListenerSpec:
    """Port, host names and certificate of the address that clients use."""

    port: int = bounds.LISTENER_PORT.default
    hostnames: tuple[str, ...] = ()
    """Names that clients may use; none means the loopback names only."""
    tls: TlsSpec | None = None


def read_listener(value: Value | None) -> ListenerSpec:
    """The listener as written; absent is all defaults."""
    if value is None:
        return ListenerSpec()
    with value.members() as listener:
        port = listener.integer("port", bounds.LISTENER_PORT)
        hostnames = listener.items("hostnames", bounds.HOSTNAMES)
        names = tuple(item.text(hostname) for item in hostnames)
        refuse_repeated(hostnames, names)
        tls = listener.optional("tls")
    return ListenerSpec(port, names, None if tls is None else _read_tls(tls))


def _read_tls(value: Value) -> TlsSpec:
    with value.members() as tls:
        return TlsSpec(secret_name=tls.text("secretName", object_name))
