"""The report channel's certificate: for which names, how long, by which authority."""

import ssl
from datetime import UTC, datetime, timedelta

from cryptography import x509

from moorage_operator.cluster.channel_certificate import (
    CERTIFICATE_DAYS,
    RENEW_BEFORE_DAYS,
    issue,
    needs_renewal,
)
from moorage_operator.running.channel_server import load_certificate

NAMES = ("moorage-operator.system.svc", "moorage-operator.system.svc.cluster.local")
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_fresh_one_serves_until_it_is_about_to_end() -> None:
    held = issue(None, NAMES, NOW)
    assert not needs_renewal(held, NAMES, NOW)
    last = NOW + timedelta(days=CERTIFICATE_DAYS - RENEW_BEFORE_DAYS)
    assert not needs_renewal(held, NAMES, last)
    assert needs_renewal(held, NAMES, last + timedelta(seconds=1))


def test_another_service_name_needs_another_one() -> None:
    held = issue(None, NAMES, NOW)
    assert needs_renewal(held, ("moorage-operator.other.svc",), NOW)
    assert needs_renewal(None, NAMES, NOW)


def test_renewal_keeps_the_authority_that_gateways_know() -> None:
    held = issue(None, NAMES, NOW)
    renewed = issue(held, NAMES, NOW + timedelta(days=70))
    assert renewed.ca_pem == held.ca_pem
    assert renewed.certificate_pem != held.certificate_pem
    old = issue(held, NAMES, NOW + timedelta(days=3400))
    assert old.ca_pem != held.ca_pem


def test_clients_that_check_strictly_accept_it() -> None:
    held = issue(None, NAMES, datetime.now(UTC))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_certificate(server, held)
    client = ssl.create_default_context(cadata=held.ca_pem)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=NAMES[0])
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert one.version() == "TLSv1.3"


def test_nothing_of_the_keys_is_shown() -> None:
    held = issue(None, NAMES, NOW)
    assert "PRIVATE" not in repr(held)
    assert x509.load_pem_x509_certificate(held.certificate_pem.encode()).version
