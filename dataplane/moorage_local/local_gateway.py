"""One gateway and its stdio servers, brought from one configuration to the next."""

from dataclasses import dataclass

import msgspec

from moorage_contract.route_table import Endpoint, RouteTable
from moorage_gateway.access.origin_guard import LOOPBACK_NAMES
from moorage_gateway.process import Gateway
from moorage_local.configuration import Configuration
from moorage_local.stdio_servers import StdioServers
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.route_table import plan_route_table


@dataclass
class LocalGateway:
    """What one ``moorage up`` runs."""

    gateway: Gateway
    servers: StdioServers

    async def start(self, configuration: Configuration) -> RouteTable:
        """Serve; raises ``OSError`` when an address cannot be had, then nothing is left running."""
        try:
            table = await self._table(configuration)
            await self.gateway.start(table)
        except OSError:
            await self.servers.stop()
            raise
        return table

    async def change(self, configuration: Configuration) -> RouteTable:
        """Put another configuration in force; what it leaves as it was is not touched.

        Raises ``OSError`` when a new stdio server cannot be given a socket; nothing is changed
        then.
        """
        table = await self._table(configuration)
        self.gateway.apply(table)
        self.servers.retire_replaced()
        return table

    async def stop(self) -> None:
        """The gateway's stop sequence, then the end of every stdio server."""
        await self.gateway.stop()
        await self.servers.stop()

    async def _table(self, configuration: Configuration) -> RouteTable:
        stdio = await self.servers.prepare(configuration.bridges)
        endpoints: dict[ResourceName, tuple[Endpoint, ...]] = {
            **configuration.url_endpoints,
            **{name: (endpoint,) for name, endpoint in stdio.items()},
        }
        table = plan_route_table(configuration.gateway, configuration.groups, endpoints)
        return _reachable_from_here(table)


def _reachable_from_here(table: RouteTable) -> RouteTable:
    """Host names are those of the cluster; whoever sits at this desk uses the loopback ones."""
    if not table.hostnames:
        return table
    names = dict.fromkeys((*table.hostnames, *LOOPBACK_NAMES))
    return msgspec.structs.replace(table, hostnames=tuple(names))
