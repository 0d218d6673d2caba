"""nginx as a plain reverse proxy: one worker, keep-alive upstream, no buffering. No affinity."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxies.proxy import Launch
from benchmarks.rig.processes import free_port
from benchmarks.rig.stub import Stub

_CONFIGURATION = """
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  upstream stub {{
    server {address}:{upstream_port};
    keepalive 256;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://stub;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 3600s;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    name: str = "nginx"

    def install(self) -> None:
        if not shutil.which("nginx"):
            raise SystemExit("nginx is missing: apt-get install nginx-light")

    def launch(self, upstream: Stub, folder: Path) -> Launch:
        port = free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder, port=port, address=upstream.addresses[0], upstream_port=upstream.port
            )
        )
        return Launch(["nginx", "-p", str(folder), "-c", str(configuration)], port)
