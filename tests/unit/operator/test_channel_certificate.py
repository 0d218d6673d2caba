"""The report channel's certificate: for which names, how long, by which authority."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from moorage_operator.cluster.channel_certificate import (
    CERTIFICATE_DAYS,
    ENTRIES,
    RENEW_BEFORE_DAYS,
    channel_in,
    issue,
    load_certificate,
    needs_renewal,
)

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


def _entries() -> dict[str, bytes]:
    held = issue(None, NAMES, NOW)
    texts = (held.ca_pem, held.ca_key_pem, held.certificate_pem, held.key_pem)
    return {entry: text.encode() for entry, text in zip(ENTRIES, texts, strict=True)}


def test_what_was_issued_is_read_again() -> None:
    held = channel_in(_entries())
    assert held is not None
    assert not needs_renewal(held, NAMES, NOW)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    "spoilt", [b"", b"\xff\xfe", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n"]
)
def test_what_does_not_load_is_none(entry: str, spoilt: bytes) -> None:
    assert channel_in({**_entries(), entry: spoilt}) is None


@pytest.mark.parametrize("entry", ENTRIES)
def test_parts_of_different_certificates_are_none(entry: str) -> None:
    assert channel_in({**_entries(), entry: _entries()[entry]}) is None
    lacking = _entries()
    del lacking[entry]
    assert channel_in(lacking) is None


def test_keys_of_another_kind_or_with_a_password_are_none() -> None:
    other = rsa.generate_private_key(65537, 2048)
    foreign = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert channel_in({**_entries(), "ca.key": foreign}) is None
    entries = _entries()
    for entry in ("ca.key", "tls.key"):
        key = load_pem_private_key(entries[entry], password=None)
        locked = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        )
        assert channel_in({**entries, entry: locked}) is None
