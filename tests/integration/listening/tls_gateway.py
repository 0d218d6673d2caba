"""A gateway in the test's own process whose listener speaks TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from cryptography import x509

from fakes.in_process_gateway import QUICK, RING, until_ready
from fakes.raw_http import RawClient
from integration.listening.certificates import HOST
from moorage_contract.route_table import RouteTable
from moorage_gateway.listening.certificate import ListenerCertificate
from moorage_gateway.process import Gateway
from moorage_gateway.settings import GatewaySettings, Limits


@asynccontextmanager
async def tls_gateway(
    table: RouteTable, certificate: ListenerCertificate, limits: Limits = QUICK
) -> AsyncIterator[Gateway]:
    """All endpoints are verified when this yields."""
    assert certificate.look()
    settings = GatewaySettings(listen_port=0, admin_port=0, limits=limits)
    made = Gateway(settings, RING, certificate=certificate)
    await made.start(table)
    try:
        await until_ready(made, sum(len(group.endpoints) for group in table.groups))
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def secured(
    port: int, context: ssl.SSLContext, *, small_window: bool = False
) -> AsyncIterator[RawClient]:
    """A client after its handshake; with a small window it buffers next to nothing."""
    options = {"limit": 4096} if small_window else {}
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=HOST, **options
    )
    try:
        yield RawClient(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def serial_of(port: int, context: ssl.SSLContext) -> int:
    """The serial number of the certificate that a new connection is shown."""
    async with secured(port, context) as client:
        return shown_serial(client)


def shown_serial(client: RawClient) -> int:
    """The serial number that this connection was shown."""
    tls = client._writer.get_extra_info("ssl_object")
    return x509.load_der_x509_certificate(tls.getpeercert(binary_form=True)).serial_number


async def seconds_until_closed(client: RawClient) -> float:
    """How long the other side takes to close."""
    began = asyncio.get_running_loop().time()
    return await client.closed() - began
