"""TLS on the listener; a certificate is exchanged under a running gateway."""

import socket
import ssl
import time

import pytest
from cryptography import x509

from e2e.certificates import Certificate, certificate
from e2e.cluster import apply, pods, wait_for, wait_for_condition
from e2e.manifests import gateway, group, server
from fakes.kubectl import namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240), pytest.mark.usefixtures("product")]
EXCHANGED_SECONDS = 90.0
HOST = "mcp.example"


def test_a_certificate_is_exchanged_within_ninety_seconds_without_a_restart() -> None:
    first, second = certificate(HOST), certificate(HOST)
    with namespace("tls") as place:
        apply(place, first.secret("mcp-tls"), server("counter", replicas=1), group("counter"))
        listener = {"hostnames": [HOST], "tls": {"secretName": "mcp-tls"}}
        apply(place, gateway("edge", {"/mcp": "counter"}, replicas=2, listener=listener))
        wait_for_condition(place, "mgw/edge", "Ready")
        before = {pod["metadata"]["uid"] for pod in pods(place, "moorage.dev/gateway=edge")}
        assert shown_serials(place, first) == {first.serial}

        apply(place, second.secret("mcp-tls"))
        began = time.monotonic()
        wait_for(
            "every pod shows the new certificate",
            EXCHANGED_SECONDS,
            lambda: shown_serials(place, second) == {second.serial},
        )
        print(f"exchanged after {time.monotonic() - began:.0f} s")
        after = {pod["metadata"]["uid"] for pod in pods(place, "moorage.dev/gateway=edge")}
        assert before == after


def shown_serials(place: str, trusted: Certificate) -> set[int]:
    """Serial numbers that the gateway's pods show; empty where one is not trusted."""
    found = pods(place, "moorage.dev/gateway=edge")
    try:
        return {_serial(pod["status"]["podIP"], trusted) for pod in found}
    except ssl.SSLCertVerificationError:
        return set()


def _serial(address: str, trusted: Certificate) -> int:
    with (
        socket.create_connection((address, 8080), timeout=5) as plain,
        trusted.trusting().wrap_socket(plain, server_hostname=HOST) as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number
