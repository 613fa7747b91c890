"""Simulate Yahoo: an HTTP server that answers the real yfinance, with faults on demand.

    python -m magic8_companion.testing.yahoo_server --port 8009 --start 2025-04-09T10:00 --speed 60

Its market is simulated or recorded; its time is that of a clock.  Set the server of the provider ``yahoo`` to its
address.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import click

from magic8_companion.command_line import DIR, TextType, command, run_command
from magic8_companion.domain.trading_day import NEW_YORK
from magic8_companion.ports import Clock
from magic8_companion.testing.market import GatewayMarket, RecordedGatewayMarket, SimulatedGatewayMarket
from magic8_companion.testing.scaled_clock import ScaledClock
from magic8_companion.testing.yahoo_answers import Habits, YahooError, chart_answer, options_answer

FAULTS: Final = {
    "rate_limit": "429 Too Many Requests",
    "server_error": "503 without JSON",
    "html": "a page instead of JSON",
    "empty": "an answer without bars or options",
    "silence": "no answer for 30 seconds",
    "cut": "the connection breaks before the answer",
    "no_crumb": "401 until a new crumb is fetched",
    "nan": "the newest complete bar but two has no prices",
    "gap": "the newest complete bar but two is missing",
}

_CONSENT: Final = '<form><input name="csrfToken" value="t"><input name="sessionId" value="s"></form>'
_PAGE: Final = "<html><body>Oops, something went wrong</body></html>"
_SILENCE_SECONDS: Final = 30.0
_START: Final = "New York time at which the server's clock begins"
_SPEED: Final = click.FloatRange(min=0, min_open=True)


@dataclass(slots=True, kw_only=True)
class YahooFault:
    """A fault of the next ``times`` answers to requests whose path contains ``where``."""

    name: str
    where: str = "/finance/"
    times: int = 1_000_000


class YahooServer:
    """The server and its faults; a context manager.  Port 0 takes any free one; see :attr:`address`."""

    def __init__(self, market: GatewayMarket, clock: Clock, habits: Habits | None = None, port: int = 0) -> None:
        self.market, self.clock, self.habits = market, clock, habits or Habits()
        self.faults: list[YahooFault] = []
        self.served: Counter[str] = Counter()
        self.ended = threading.Event()
        self._crumbs = 1
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="yahoo server", daemon=True)

    @property
    def address(self) -> str:
        """Return its address, such as ``http://127.0.0.1:8009``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def crumb(self) -> str:
        """Return the crumb that option requests must have."""
        return f"crumb{self._crumbs}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def fault(self, name: str, where: str = "/finance/", times: int = 1_000_000) -> None:
        """Start a fault; ``where`` is a part of the path, ``times`` the number of affected answers.

        Raises
        ------
        ValueError
            For a name that is not in ``FAULTS``.
        """
        if name not in FAULTS:
            raise ValueError(f"{name!r} is not a fault; known: {', '.join(FAULTS)}")
        if name == "no_crumb":
            self._crumbs += 1
            return
        with self._lock:
            self.faults.append(YahooFault(name=name, where=where, times=times))

    def heal(self) -> None:
        """End all faults."""
        with self._lock:
            self.faults.clear()

    def take_fault(self, path: str) -> str:
        """Return the name of the fault of this answer, or an empty text."""
        with self._lock:
            for fault in self.faults:
                if fault.where in path and fault.times > 0:
                    fault.times -= 1
                    return fault.name
        return ""

    def count(self, path: str) -> None:
        """Count a request."""
        with self._lock:
            self.served[path] += 1


def _handler(server: YahooServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is http.server's
            parts = urlsplit(self.path)
            path, query = unquote(parts.path), dict(parse_qsl(parts.query))
            server.count(path)
            fault = server.take_fault(path)
            if fault == "cut":
                self.close_connection = True
                return
            if fault == "silence":
                server.ended.wait(_SILENCE_SECONDS)
            self._send(*_answer(server, path, query, fault))

        def do_POST(self) -> None:  # as above
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._send(200, "agreed")

        def log_message(self, *_: object) -> None:
            """Suppress the server's log."""

        def _send(self, status: int, body: Any) -> None:  # noqa: ANN401  # text or JSON
            raw = body if isinstance(body, str) else json.dumps(body).replace("NaN", "null")
            data = raw.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Set-Cookie", "A3=simulated; Path=/")
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _answer(server: YahooServer, path: str, query: dict[str, str], fault: str) -> tuple[int, Any]:
    failures: dict[str, tuple[int, Any]] = {
        "rate_limit": (429, "Too Many Requests"),
        "server_error": (503, "upstream connect error"),
        "html": (200, _PAGE),
    }
    if fault in failures:
        return failures[fault]
    if path == "/v1/test/getcrumb":
        return 200, server.crumb
    if path == "/consent":
        return 200, _CONSENT
    kind, _, name = path.rpartition("/")
    makers: dict[str, Callable[..., Any]] = {"/v8/finance/chart": chart_answer, "/v7/finance/options": options_answer}
    if kind not in makers:
        return 404, "nothing here"
    if kind == "/v7/finance/options" and query.get("crumb") != server.crumb:
        return 401, _error("finance", "Unauthorized", "Invalid Crumb")
    root = "chart" if kind.endswith("chart") else "optionChain"
    if fault == "empty":
        return 200, {root: {"result": [], "error": None}}
    try:
        answer = makers[kind](server.market, name, query, server.clock.now(), server.habits)
    except YahooError as refused:
        return refused.status, _error(root, refused.code, refused.description)
    if fault in {"nan", "gap"} and root == "chart":
        _spoil(answer["chart"]["result"][0], remove=fault == "gap")
    return 200, answer


def _error(root: str, code: str, description: str) -> dict[str, Any]:
    return {root: {"result": None, "error": {"code": code, "description": description}}}


def _spoil(result: dict[str, Any], *, remove: bool) -> None:
    if len(result["timestamp"]) < 4:
        return
    lists = list(result["indicators"]["quote"][0].values())
    if not remove:
        for values in lists:
            values[-4] = None
        return
    for values in (result["timestamp"], *lists):
        del values[-4]


def _start(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 2025-04-09T09:25") from None


@command("yahoo_server", "Simulate Yahoo Finance for yfinance until Ctrl-C.")
@click.option("--port", type=int, default=8009, show_default=True, help="port, 0 = a free one")
@click.option("--start", type=TextType("time", _start), default="2025-04-09T09:25", show_default=True, help=_START)
@click.option("--speed", type=_SPEED, default=1.0, show_default=True, help="server seconds per real second")
@click.option("--delay-minutes", type=float, default=15.0, show_default=True, help="delay of the data")
@click.option("--bars-dir", type=DIR, help="folder of recorded bars instead of the simulated market")
@click.option("--index-quotes", is_flag=True, help="give index options quotes, unlike Yahoo")
@click.option("--fault", "faults", multiple=True, type=click.Choice(list(FAULTS)), help="fault of every answer")
def yahoo_command(
    *,
    port: int,
    start: datetime,
    speed: float,
    delay_minutes: float,
    bars_dir: Path | None,
    index_quotes: bool,
    faults: tuple[str, ...],
) -> None:
    """Serve until interrupted."""
    habits = replace(Habits(), delay=timedelta(minutes=delay_minutes), index_quotes=index_quotes)
    market = RecordedGatewayMarket(bars_dir) if bars_dir else SimulatedGatewayMarket()
    with YahooServer(market, ScaledClock(start, speed), habits, port) as server:
        for name in faults:
            server.fault(name)
        for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with Ctrl-C ignored
            signal.signal(number, signal.default_int_handler)
        print(f"simulating Yahoo at {server.address} from {start:%Y-%m-%dT%H:%M} New York, {speed:g} times as fast")
        with suppress(KeyboardInterrupt):
            server.ended.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_command(yahoo_command, argv, "python -m magic8_companion.testing.yahoo_server")


if __name__ == "__main__":
    sys.exit(main())
