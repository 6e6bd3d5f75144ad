"""A local proxy through which yt-dlp connects: only https to public IP addresses, after every redirect too."""

from __future__ import annotations

import ipaddress
import os
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import getproxies

from pipeline.records import Seconds

HTTPS_PORT = 443
LOOPBACK = "127.0.0.1"
EXEMPTIONS = ("no_proxy", "NO_PROXY")
CHUNK_BYTES = 65_536
MAX_REQUEST_BYTES = 8_192
CONNECT_TIMEOUT_S: Seconds = 20.0
IDLE_TIMEOUT_S: Seconds = 60.0


class EgressProxy(socketserver.ThreadingTCPServer):
    """An HTTP proxy for CONNECT alone; it resolves each name itself, so the IP address it checks is the one it uses."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), Passage)
        self.refused: list[str] = []  # why, one sentence for each refused connection

    @property
    def address(self) -> str:
        """The proxy URL for a client."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: yt-dlp itself reports a client or a site that closes early."""


class Passage(socketserver.BaseRequestHandler):
    """One connection through the proxy."""

    server: EgressProxy

    def handle(self) -> None:
        """Answer CONNECT with a connection, or with 403 and a recorded reason."""
        words = self._request_line().split()
        if len(words) < 2 or words[0] != "CONNECT":
            self._refuse_connection("it leads to an address without https")
            return
        host, _, port = words[1].rpartition(":")
        if port != str(HTTPS_PORT):
            self._refuse_connection(f"it leads to port {port}")
            return
        try:
            found = socket.getaddrinfo(host.strip("[]"), HTTPS_PORT, type=socket.SOCK_STREAM)
        except OSError:
            self._send_status("502 Bad Gateway")
            return
        places = [str(entry[4][0]) for entry in found]
        # All of them must be public, because the connection goes to whichever accepts first.
        if not places or not all(is_public(place) for place in places):
            self._refuse_connection("it leads to a private address")
            return
        self._connect_to(places)

    def _connect_to(self, places: list[str]) -> None:
        for place in places:
            try:
                site = socket.create_connection((place, HTTPS_PORT), timeout=CONNECT_TIMEOUT_S)
            except OSError:
                continue
            with site:
                self._send_status("200 Connection established")
                relay(self.request, site)
            return
        self._send_status("502 Bad Gateway")

    def _request_line(self) -> str:
        head = b""
        while b"\r\n\r\n" not in head and len(head) < MAX_REQUEST_BYTES:
            chunk = self.request.recv(CHUNK_BYTES)
            if not chunk:
                return ""
            head += chunk
        return head.split(b"\r\n")[0].decode("latin-1")

    def _refuse_connection(self, why: str) -> None:
        self.server.refused.append(why)
        self._send_status("403 Forbidden")

    def _send_status(self, status: str) -> None:
        length = "" if status.startswith("200") else "Content-Length: 0\r\nConnection: close\r\n"
        self.request.sendall(f"HTTP/1.1 {status}\r\n{length}\r\n".encode("latin-1"))


def relay(client: socket.socket, site: socket.socket) -> None:
    """Pass bytes both ways until one side closes or both are silent for a minute."""
    other = {client: site, site: client}
    while ready := select.select(list(other), [], [], IDLE_TIMEOUT_S)[0]:
        for side in ready:
            chunk = side.recv(CHUNK_BYTES)
            if not chunk:
                return
            other[side].sendall(chunk)


def is_public(place: str) -> bool:
    """Whether an IP address is on the public internet; of an IPv4 address embedded in IPv6, the IPv4 one counts."""
    address = ipaddress.ip_address(place.partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return (inner or address).is_global and not address.is_multicast


def own_proxy() -> bool:
    """Whether the environment names a proxy for this machine, which then decides what is reachable."""
    return bool({"https", "all"} & getproxies().keys())


@contextmanager
def running_proxy() -> Iterator[EgressProxy]:
    """Run the proxy for the time of one fetch; names that the environment exempts from proxies go through it too."""
    server = EgressProxy()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        with without_exemptions():
            yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def without_exemptions() -> Iterator[None]:
    """Remove the environment's exemptions from proxies inside the block, because curl reads them by itself."""
    exempt = {name: os.environ.pop(name) for name in EXEMPTIONS if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(exempt)
