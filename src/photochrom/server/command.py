"""The command of the web application; ``cli`` loads it when it is typed."""

import errno
import ipaddress
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from photochrom.errors import OptionError
from photochrom.server.limits import Limits
from photochrom.terminal import note

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACE = 10
"""Seconds that requests being answered may still take when the server is to end."""


@Parameter(name="*")
@dataclass(frozen=True)
class Address:
    """Where the server listens, and to whom."""

    host: str = "127.0.0.1"
    "Address to listen on; beyond this computer only with --token."
    port: int = 8000
    "Port; 0 takes any free one."
    token: str | None = None
    "What clients must send as Authorization: Bearer TOKEN; @FILE reads it from a file."
    cors: tuple[str, ...] = ()
    "A site whose pages may use the server, such as https://example.org; may be repeated."

    def __post_init__(self) -> None:
        """Raise OptionError for what would open the server to everybody, or cannot be listened on."""
        if not 0 <= self.port <= 65535:
            raise OptionError(f"the port is {self.port}; expected 1 to 65535, or 0 for any free one")
        if not self.is_local and self.token is None:
            raise OptionError(f"--host {self.host} lets other computers in; give a --token that they must send")
        if self.token is not None and len(self.secret() or "") < 16:
            raise OptionError("the token has fewer than 16 characters; give one that cannot be guessed")
        for site in self.cors:
            if not site.startswith(("http://", "https://")) or site.count("/") != 2:
                raise OptionError(f"--cors is {site}; expected a site such as https://example.org, without a path")

    @property
    def is_local(self) -> bool:
        """Whether only this computer can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def secret(self) -> str | None:
        """Return the token, read from its file where it is in one."""
        if self.token is None or not self.token.startswith("@"):
            return self.token
        try:
            return Path(self.token[1:]).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise OptionError(f"the token's file {self.token[1:]} cannot be read; give another") from error


def serve(
    *,
    models: Annotated[tuple[str, ...], Parameter(consume_multiple=True, show_default=" ".join)] = ("default",),
    data: Path | None = None,
    address: Address = Address(),
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> None:
    """Serve the web application and its REST API, on this computer.

    Args:
        models: Shipped models' names or model files; the first is used where none is chosen.
        data: Folder for photos, results and history; this user's data folder if not given.
    """
    try:
        from photochrom.server.app import make_app
        from photochrom.server.folder import usual_folder
        from photochrom.server.guards import Access
        from photochrom.server.painters import find_models
        from photochrom.server.service import Service

        with listen(address.host, address.port) as listener:
            hosts = ("127.0.0.1", "localhost", "[::1]", address.host) if address.is_local else None
            access = Access(address.secret(), address.cors, hosts)
            service = Service.over(data or usual_folder(), find_models(models), limits, access)
            host = f"[{address.host}]" if ":" in address.host else address.host
            note(f"Open http://{host}:{listener.getsockname()[1]}/ in a browser; Ctrl-C ends.")
            run(make_app(service), listener, service.shop.news.end)
    except ModuleNotFoundError as error:
        raise OptionError(f"{error.name} is not installed; this needs pip install 'photochrom[serve]'") from error


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises OptionError where the address or the port is not to be had."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise OptionError(f"--host {host} is no address of this computer; give 127.0.0.1 or 0.0.0.0") from error
    listener = socket.socket(family, kind, protocol)
    if os.name == "posix":  # elsewhere it would let two programs share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(place)
        listener.listen(512)
    except OSError as error:
        listener.close()
        reason = "taken" if error.errno == errno.EADDRINUSE else f"not to be had ({error.strerror})"
        raise OptionError(f"port {port} of {host} is {reason}; give another --port, or 0 for any free one") from error
    return listener


def run(app: "FastAPI", listener: socket.socket, at_exit: Callable[[], None]) -> None:
    """Serve until interrupted; ``at_exit`` is called first, so that streams of events end."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            at_exit()
            super().handle_exit(sig, frame)

    options: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False, "http": "h11"}
    options |= {"proxy_headers": False, "timeout_graceful_shutdown": GRACE, "timeout_keep_alive": 30, "ws": "none"}
    Server(uvicorn.Config(app, **options)).run(sockets=[listener])
