"""The MCP port under TLS: its certificate, and the wait for a client's handshake."""
