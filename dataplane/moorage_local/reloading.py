"""Brings every good change of the files into force, and tells of every bad one."""

import asyncio
import logging
from typing import Final

from moorage_contract.route_table import RouteTable
from moorage_local.command_line import UpCommand
from moorage_local.configuration import Configuration, load_configuration
from moorage_local.files import Files, Fingerprint
from moorage_local.findings import ConfigurationRefused, FileFinding, told
from moorage_local.local_gateway import LocalGateway
from moorage_local.stdio_servers import SocketRefused
from moorage_local.watcher import changes
from moorage_operator.api.findings import field_path, quoted

_logger: Final = logging.getLogger("moorage_local.configuration")


class Reloading:
    """The configuration in force, and how it follows the files."""

    def __init__(
        self,
        gateway: LocalGateway,
        configuration: Configuration,
        table: RouteTable,
        files: Files,
        command: UpCommand,
    ) -> None:
        self.configuration = configuration
        self.table = table
        self._gateway = gateway
        self._files = files
        self._command = command

    async def follow(self, seen: Fingerprint) -> None:
        """Look after the files, from what ``seen`` says of them, until cancelled."""
        async for _ in changes(self._files.fingerprint, seen):
            await self._change()

    async def _change(self) -> None:
        try:
            wanted = await asyncio.to_thread(
                load_configuration, self._files, self._command.upstreams, self._command.listen
            )
            _refuse_other_gateway(self.configuration, wanted)
            self.table = await self._gateway.change(wanted)
        except ConfigurationRefused as refused:
            _tell_refused(refused.findings)
        except SocketRefused as refused_socket:
            _logger.error("the last good configuration serves on: %s", refused_socket)
        except Exception:
            # The next change must still be seen, whatever was wrong with this one.
            _logger.exception("a change could not be put in force; this is a defect of moorage")
        else:
            self._tell_good(wanted)
            self.configuration = wanted

    def _tell_good(self, wanted: Configuration) -> None:
        facts = {"table": self.table.digest()}
        _logger.info("in force: %s", wanted.counted, extra={"facts": facts})
        for note in wanted.notes:
            if note not in self.configuration.notes:
                _logger.info("note: %s", note)
        port = wanted.gateway.spec.listener.port
        if port != self.configuration.gateway.spec.listener.port:
            _logger.warning("spec.listener.port is %d now; start moorage anew to use it", port)


def _refuse_other_gateway(present: Configuration, wanted: Configuration) -> None:
    """Sessions are bound to the gateway's name, so another name would end them all."""
    if present.gateway.name != wanted.gateway.name:
        message = (
            f"serves the gateway {quoted(str(present.gateway.name))}, "
            f"and the files now have {quoted(str(wanted.gateway.name))}"
        )
        finding = FileFinding("moorage up", None, None, message, "start moorage anew for another")
        raise ConfigurationRefused((finding,))


def _tell_refused(findings: tuple[FileFinding, ...]) -> None:
    _logger.warning("the change is refused, the last good configuration serves on")
    for line, finding in zip(told(findings), findings, strict=False):
        facts = {
            "file": finding.file,
            "line": finding.line,
            "field": field_path(finding.field) if finding.field else None,
            "remedy": finding.remedy,
        }
        _logger.warning("%s", line, extra={"facts": {"finding": facts}})
