"""The proxy lets nothing into a private network, by name, by number or after a redirect."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import Reason
from pipeline.records import Outcome
from pipeline.sources.platforms.egress_proxy import EgressProxy, is_public, running_proxy
from tests.support.platform.fake_platform import fake_platform
from tests.support.platform.rig import Answering, Server, fetch

PUBLIC = "1.1.1.1"  # never reached: the test leads it to the platform on this machine


class Canary(Answering):
    """A server that must not be asked."""

    def reply(self) -> None:
        self.counted()
        self.answer(200, b"secret")


@pytest.fixture
def canary() -> Iterator[Server]:
    server = Server(Canary)
    server.start()
    yield server
    server.stop()


def counted_connections(server: Server) -> list[object]:
    """Connections that a server takes from now on, whatever is said on them."""
    seen: list[object] = []
    take = server.process_request
    server.process_request = lambda request, place: (seen.append(place), take(request, place))[1]  # type: ignore[method-assign,assignment]
    return seen


def said(way: EgressProxy, request: str) -> str:
    """First line that the proxy answers."""
    with socket.create_connection(way.server_address, timeout=5) as client:
        client.sendall(f"{request}\r\n\r\n".encode())
        return client.recv(1000).decode().split("\r\n")[0]


@pytest.mark.parametrize(
    "place",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
     "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::"],
)  # fmt: skip
def test_a_private_address(place: str) -> None:
    assert not is_public(place)


@pytest.mark.parametrize("place", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_a_public_address(place: str) -> None:
    assert is_public(place)


def test_what_is_refused_is_remembered(canary: Server) -> None:
    port = canary.server_port
    with running_proxy() as way:
        for request in (
            "CONNECT 127.0.0.1:443 HTTP/1.1",
            "CONNECT localhost:443 HTTP/1.1",
            "CONNECT [::1]:443 HTTP/1.1",
            "CONNECT 2130706433:443 HTTP/1.1",
            f"CONNECT 1.1.1.1:{port} HTTP/1.1",
            f"GET http://127.0.0.1:{port}/ HTTP/1.1",
        ):
            assert said(way, request).split()[1] == "403", request
        assert len(way.refused) == 6
    assert canary.requests.total() == 0


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture
def outside(demo_clips: Path, tls: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The platform behind the proxy: its names lead to a public address, and connections to that one come here."""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    resolve, connect = socket.getaddrinfo, socket.create_connection
    with fake_platform(demo_clips / "english_quick.mp4", tls) as (server, _):

        def resolved(host: str, *rest: Any, **named: Any) -> Any:
            known = server.places.get(host, PUBLIC if host.endswith("tiktok.com") else host)
            return resolve(known, *rest, **named)

        def connected(place: tuple[str, int], *rest: Any, **named: Any) -> socket.socket:
            return connect(("127.0.0.1", server.server_port) if place[0] == PUBLIC else place, *rest, **named)

        monkeypatch.setattr(socket, "getaddrinfo", resolved)
        monkeypatch.setattr(socket, "create_connection", connected)
        yield server


def ask(folder: Path, address: str) -> Outcome:
    return fetch(folder, address, {"nocheckcertificate": True}, socket_timeout_s=3)


def test_a_post_passes_the_gate_but_its_media_on_this_machine_does_not(outside: Server, tmp_path: Path) -> None:
    outside.places["v16.tiktokcdn.com"] = "127.0.0.1"
    outcome = ask(tmp_path, "https://www.tiktok.com/@ann/video/1")
    assert outcome.reason == Reason.SKIPPED_POLICY, outcome.message
    assert outside.requests == {"/@ann/video/1": 1}
    outside.places["v16.tiktokcdn.com"] = PUBLIC
    assert ask(tmp_path, "https://www.tiktok.com/@ann/video/1").ok


def test_a_known_name_that_leads_to_this_machine_is_not_followed(outside: Server, tmp_path: Path) -> None:
    outside.places["www.tiktok.com"] = "127.0.0.1"
    outcome = ask(tmp_path, "https://www.tiktok.com/@ann/video/1")
    assert outcome.reason == Reason.SKIPPED_POLICY, outcome.message
    assert "private address" in (outcome.message or "")
    assert outside.requests.total() == 0


@pytest.mark.parametrize("path", ["https://www.tiktok.com/@ann/video/77", "https://vm.tiktok.com/inside"])
@pytest.mark.parametrize("target", ["http://127.0.0.1:{}/", "https://127.0.0.1:{}/", "https://localhost/"])
@pytest.mark.parametrize("exempt", ["", "localhost,127.0.0.1", "*"])
def test_a_redirect_into_this_machine_is_not_followed(
    outside: Server,
    canary: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    target: str,
    exempt: str,
) -> None:
    monkeypatch.setenv("no_proxy", exempt)  # as many machines have it: it must not open a way around the proxy
    outside.leads["/" + path.split("/", 3)[3]] = target.format(canary.server_port)
    connections = counted_connections(canary)
    outcome = ask(tmp_path, path)
    assert outcome.reason == Reason.SKIPPED_POLICY, outcome.message
    assert connections == []
