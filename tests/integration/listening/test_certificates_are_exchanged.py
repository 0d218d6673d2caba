"""A changed Secret is in use for the next connection; broken files change only what is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.honest_session import open_session
from fakes.in_process_gateway import table_of, until, urls_of
from fakes.raw_http import call
from integration.listening.certificates import Authority, MountedSecret
from integration.listening.tls_gateway import secured, serial_of, shown_serial, tls_gateway
from moorage_gateway.listening.certificate import ListenerCertificate

LOOK_SECONDS = 0.05


@asynccontextmanager
async def followed(certificate: ListenerCertificate) -> AsyncIterator[None]:
    task = asyncio.create_task(certificate.follow(LOOK_SECONDS))
    try:
        yield
    finally:
        task.cancel()


@pytest.mark.parametrize("is_rsa", [False, True])
async def test_the_next_connection_has_the_new_one_and_running_ones_go_on(
    certificate: ListenerCertificate, secret: MountedSecret, authority: Authority, is_rsa: bool
) -> None:
    trusted = authority.client_context()
    async with (
        honest_upstreams(1) as upstreams,
        tls_gateway(table_of(urls_of(upstreams)), certificate) as made,
        followed(certificate),
        secured(made.port, trusted) as old,
    ):
        session = await open_session(old)
        leaf = authority.leaf(is_rsa=is_rsa)
        secret.take(leaf)
        await until(lambda: certificate.expires_at == leaf.ends.timestamp(), "it is in use")
        for _ in range(20):
            if (serial := await serial_of(made.port, trusted)) == leaf.serial:
                break
            await asyncio.sleep(LOOK_SECONDS)
        assert serial == leaf.serial
        assert shown_serial(old) != leaf.serial
        await old.send(session.post(call(1)))
        assert (await old.answer()).status == 200


@pytest.mark.parametrize(
    ("chain", "key", "why"),
    [
        (b"", b"", "do not fit"),
        (b"garbage", None, "do not fit"),
        (None, b"-----BEGIN PRIVATE KEY-----\n", "do not fit"),
        (None, "another", "do not fit"),
    ],
)
async def test_broken_files_keep_the_old_one_and_are_told_once(
    certificate: ListenerCertificate,
    secret: MountedSecret,
    authority: Authority,
    chain: bytes | None,
    key: bytes | str | None,
    why: str,
) -> None:
    trusted = authority.client_context()
    leaf = authority.leaf()
    other = authority.leaf().key if key == "another" else key
    async with tls_gateway(table_of([]), certificate) as made, followed(certificate):
        before = await serial_of(made.port, trusted)
        secret.put(
            leaf.chain if chain is None else chain,
            other if isinstance(other, bytes) else leaf.key,
        )
        await until(lambda: certificate.refused == 1, "it is told")
        assert why in certificate.why
        await asyncio.sleep(4 * LOOK_SECONDS)
        assert certificate.refused == 1
        assert await serial_of(made.port, trusted) == before
        secret.take(leaf)
        await until(lambda: not certificate.why, "good files end it")
        assert await serial_of(made.port, trusted) == leaf.serial


async def test_a_certificate_that_no_parser_understands_keeps_it_too(
    certificate: ListenerCertificate, secret: MountedSecret, authority: Authority
) -> None:
    leaf = authority.leaf()
    der = bytearray(ssl.PEM_cert_to_DER_cert(leaf.chain.decode()))
    at = der.index(b"\xa0\x03\x02\x01\x02")
    der[at + 4] = 0x7F  # a version that does not exist
    async with tls_gateway(table_of([]), certificate) as made, followed(certificate):
        before = await serial_of(made.port, authority.client_context())
        secret.put(ssl.DER_cert_to_PEM_cert(bytes(der)).encode(), leaf.key)
        await until(lambda: certificate.refused == 1, "it is told")
        assert await serial_of(made.port, authority.client_context()) == before
        secret.take(leaf)
        await until(lambda: not certificate.why, "it is still looked at")


async def test_files_that_vanish_keep_it_too(
    certificate: ListenerCertificate, secret: MountedSecret, authority: Authority
) -> None:
    async with tls_gateway(table_of([]), certificate) as made, followed(certificate):
        before = await serial_of(made.port, authority.client_context())
        (secret.folder / "..data").unlink()
        await until(lambda: "tls.crt" in certificate.why, "it is told")
        assert await serial_of(made.port, authority.client_context()) == before


async def test_a_start_waits_for_a_certificate_and_serves_nothing_plain(
    secret: MountedSecret, authority: Authority
) -> None:
    secret.put(b"none", b"none")
    certificate = ListenerCertificate(secret.folder)
    waiting = asyncio.create_task(certificate.first(LOOK_SECONDS))
    await asyncio.sleep(3 * LOOK_SECONDS)
    assert not waiting.done()
    secret.take(authority.leaf())
    async with asyncio.timeout(1):
        await waiting
    assert certificate.context
