"""One process that serves: start, welcome, follow the files, stop."""

import asyncio
import errno
import logging
import re
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from moorage_contract.route_table import RouteTable
from moorage_gateway.gateway_status import GatewayStatus
from moorage_gateway.process import Gateway
from moorage_gateway.settings import GatewaySettings, Limits
from moorage_local.addresses import Address
from moorage_local.command_line import DEFAULT_LISTEN_HOST, UpCommand
from moorage_local.configuration import Configuration
from moorage_local.files import Files, Fingerprint
from moorage_local.local_gateway import LocalGateway
from moorage_local.open_files import open_files_notes, raise_open_files
from moorage_local.reloading import Reloading
from moorage_local.reporting import Report
from moorage_local.spread_callers import spread_callers
from moorage_local.stdio_servers import SocketRefused, StdioServers
from moorage_local.stop_signals import StopSignals
from moorage_local.welcome import welcome
from moorage_wire.capsules import KeyRing

OK, NOT_SERVED = 0, 1

_logger: Final = logging.getLogger("moorage_local.serving")

VERIFIED_WITHIN_SECONDS: Final = 3.0
"""How long the welcome waits for the endpoints' first handshakes, to tell how they are."""
_TICK_SECONDS: Final = 0.02
AT_ONCE_SECONDS: Final = 5.0
"""What the second Ctrl-C leaves to stdio servers that do not end by themselves."""
DESK_LIMITS: Final = Limits(readiness_seconds=0)
"""At a desk nobody looks at readiness before sending the next connection elsewhere."""


class Serving:
    """One ``moorage up`` from its first socket to its last."""

    def __init__(self, command: UpCommand, files: Files, report: Report, folder: Path) -> None:
        """``folder`` is private to this process."""
        self._command = command
        self._files = files
        self._report = report
        self._servers = StdioServers(folder)

    async def run(self, configuration: Configuration, ring: KeyRing, seen: Fingerprint) -> int:
        """Serve until a signal. ``seen`` is what the files were before they were read."""
        signals = StopSignals(asyncio.get_running_loop())
        listen = _listen_address(self._command, configuration)
        open_files = raise_open_files()
        gateway = Gateway(self._settings(listen), ring)
        local = LocalGateway(gateway, self._servers)
        self._report.start()
        try:
            table = await local.start(configuration)
        except SocketRefused as refused:
            print(refused, file=sys.stderr)
            return NOT_SERVED
        except OSError as error:
            print(_no_address(error, listen, self._command.admin), file=sys.stderr)
            return NOT_SERVED
        await _verified(gateway, signals)
        notes = [*_notes(self._command, configuration, listen), *open_files_notes(open_files)]
        self._welcome(configuration, table, gateway, listen, notes)
        reloading = Reloading(local, configuration, table, self._files, self._command)
        followers = (
            _watched(reloading.follow(seen)),
            _watched(self._report.follow(lambda: reloading.table, gateway.status)),
        )
        await signals.stop.wait()
        await _cancel(*followers)
        await self._stop(local, signals)
        self._report.stop()
        return OK

    def _settings(self, listen: Address) -> GatewaySettings:
        admin = self._command.admin
        return GatewaySettings(
            listen_host=listen.host,
            listen_port=listen.port,
            admin_host=admin.host,
            admin_port=admin.port,
            # Processes that share a key file sit on one machine.
            replica_host="127.0.0.1" if admin.is_wildcard else None,
            access_log=self._report.access_log,
            limits=DESK_LIMITS,
        )

    def _welcome(
        self,
        configuration: Configuration,
        table: RouteTable,
        gateway: Gateway,
        listen: Address,
        notes: Sequence[str],
    ) -> None:
        status = gateway.status()
        lines = welcome(
            table,
            status,
            counted=configuration.counted,
            base_url=listen.url_for_people(gateway.port),
            admin_url=self._command.admin.url_for_people(gateway.admin_port),
            notes=[*configuration.notes, *notes, *spread_callers(table, status)],
        )
        self._report.say(lines)

    async def _stop(self, local: LocalGateway, signals: StopSignals) -> None:
        self._report.say(["stopping; Ctrl-C again to stop at once"])
        stopping = asyncio.create_task(local.stop())
        at_once = asyncio.create_task(signals.at_once.wait())
        await asyncio.wait((stopping, at_once), return_when=asyncio.FIRST_COMPLETED)
        await _cancel(at_once)
        if stopping.done():
            await stopping
            return
        await _cancel(stopping)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._servers.stop(), AT_ONCE_SECONDS)


def _listen_address(command: UpCommand, configuration: Configuration) -> Address:
    port = configuration.gateway.spec.listener.port
    return command.listen or Address(DEFAULT_LISTEN_HOST, port)


async def _verified(gateway: Gateway, signals: StopSignals) -> None:
    """Return when every endpoint's first handshake has ended, or after a moment."""
    for _ in range(int(VERIFIED_WITHIN_SECONDS / _TICK_SECONDS)):
        if signals.stop.is_set() or not _is_verifying(gateway.status()):
            return
        await asyncio.sleep(_TICK_SECONDS)


def _is_verifying(status: GatewayStatus) -> bool:
    return any(
        endpoint.state == "verifying" for group in status.groups for endpoint in group.endpoints
    )


def _notes(command: UpCommand, configuration: Configuration, listen: Address) -> list[str]:
    notes = []
    if command.key_file is not None and configuration.bridges:
        groups = ", ".join(name.name for name in configuration.bridges)
        notes.append(
            f"a stdio session belongs to the process that started its server ({groups}): other "
            "processes with this key file serve only sessions of groups with URLs"
        )
    if not listen.is_loopback and not configuration.gateway.spec.listener.hostnames:
        notes.append(
            f"{listen} can be reached by others, but requests are accepted under the loopback "
            "names only; list the names that they use in spec.listener.hostnames"
        )
    return notes


def _no_address(error: OSError, listen: Address, admin: Address) -> str:
    """Which address cannot be had, why, and what to do; only asyncio's text tells which."""
    port = re.search(r", (\d+)[,)]", str(error))
    is_admin = admin != listen and port is not None and int(port[1]) == admin.port
    option, address = ("--admin", admin) if is_admin else ("--listen", listen)
    if error.errno == errno.EADDRINUSE:
        remedy = f"end what listens there, or choose another address with {option} HOST:PORT"
        return f"{option} {address}: another process listens there already; {remedy}"
    why = error.strerror or str(error)
    return f"{option} {address}: {why}; choose another address with {option} HOST:PORT"


def _watched(story: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """A task beside the gateway: if it fails, that is told, and the gateway serves on."""

    def tell(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("a part of moorage ended; this is a defect of it", exc_info=error)

    task = asyncio.create_task(story)
    task.add_done_callback(tell)
    return task


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
