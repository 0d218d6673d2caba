"""How an endpoint speaks MCP over HTTP; the first one is the default."""

from moorage_contract.route_table import Transport

TRANSPORTS: tuple[Transport, ...] = ("StreamableHttp", "HttpSse")
