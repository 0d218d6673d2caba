"""A way to the API server that can be cut and mended, for one process."""

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from fakes.kubectl import kubectl


class CuttableWay:
    """Relays TCP from a local port to the API server of KUBECONFIG, while it is not cut."""

    def __init__(self, folder: Path) -> None:
        config = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
        target = urlsplit(config["clusters"][0]["cluster"]["server"])
        self._target = (target.hostname or "", target.port or 443)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._cut = False
        port = self._listener.getsockname()[1]
        config["clusters"][0]["cluster"] = {
            "server": f"https://127.0.0.1:{port}",
            "insecure-skip-tls-verify": True,
        }
        self.kubeconfig = folder / "cuttable.kubeconfig"
        self.kubeconfig.write_text(json.dumps(config))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection, and take no new one."""
        self._cut = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def mend(self) -> None:
        self._cut = False

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._cut:
                near.close()
                continue
            far = socket.create_connection(self._target)
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_relay, args=(one, other), daemon=True).start()


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
