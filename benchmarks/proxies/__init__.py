"""How each proxy is configured and started, all on loopback, one worker, nothing but relaying."""
