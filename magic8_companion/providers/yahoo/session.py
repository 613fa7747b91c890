"""The HTTP session that yfinance uses for every request."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import SessionClosed

from magic8_companion.providers.yahoo.patience import Pace


class Seen(threading.local):
    """The result of this thread's newest request."""

    status = 0
    retry_after_seconds = 0.0


class BoundedSession(Session[Response]):
    """A browser-like session that limits and counts every request.

    Parameters
    ----------
    timeout_seconds
        Time limit of one request, whatever the caller allows.
    server
        Address of a simulated Yahoo, such as ``http://127.0.0.1:8009``; None uses Yahoo itself.
    pace
        The rate limit of all requests; None for a simulated server.
    """

    def __init__(self, timeout_seconds: float, server: str | None = None, pace: Pace | None = None) -> None:
        super().__init__(impersonate="chrome")
        self._timeout_seconds, self._pace = timeout_seconds, pace
        self._server = server.rstrip("/") if server else None
        self._ended = threading.Event()
        self.seen = Seen()

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:  # noqa: ANN401  # as the parent's
        """Send one request; raise after :meth:`end`."""
        if self._ended.is_set():
            raise SessionClosed("the provider is closed")
        if self._pace is not None:
            self._pace.take()
        allowed = options.pop("timeout", None)
        options["timeout"] = min(float(allowed or self._timeout_seconds), self._timeout_seconds)
        self.seen.status = 0
        response = super().request(method, self._directed(url), *args, **options)
        self.seen.status = response.status_code
        wish = response.headers.get("Retry-After", "")
        self.seen.retry_after_seconds = float(wish) if wish.isdigit() else 0.0
        return response

    def end(self) -> None:
        """Reject all further requests; open ones end by their time-out."""
        self._ended.set()

    def _directed(self, url: str) -> str:
        if self._server is None:
            return url
        parts = urlsplit(url)
        return f"{self._server}{parts.path}" + (f"?{parts.query}" if parts.query else "")
