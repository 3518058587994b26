"""textual-serve's web server behind a token. Importing it needs the extra `web`."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware
from textual_serve.server import Server

COOKIE = "llmops-tui"
PARAMETER = "token"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
REFUSAL = "This page needs the address, with its token, that `llmops-tui serve-web` printed.\n"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
"""The page's template names a font of a stranger's: nothing is fetched but from here."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class GuardedServer(Server):
    """Serves one app per page to who knows the token."""

    def __init__(self, command: str, *, host: str, port: int, token: str) -> None:
        super().__init__(command, host=host, port=port, title="llmops-tui")
        self.token = token
        self.on_ready: Callable[[], None] | None = None
        """Called once pages can be asked for."""

    def initialize_logging(self) -> None:
        """Ours is set up already."""

    async def on_startup(self, app: web.Application) -> None:
        """Say that it's there."""
        if self.on_ready is not None:
            self.on_ready()

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(guard(self.token, port=self.port))
        return app


def guard(token: str, *, port: int) -> Middleware:
    """Let in who shows the token, in the address once and in a cookie from then on.

    The host has to be a loopback one: a stranger's name that was made to point here is refused.
    """
    hosts = {f"{name}:{port}" for name in LOOPBACK}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host not in hosts:
            return web.Response(status=403, text=REFUSAL)
        if request.path == "/" and _same(request.query.get(PARAMETER, ""), token):
            # The address with the token stays out of the history and of whatever reads it.
            moved = web.Response(status=303, headers={"Location": "/"})
            moved.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
            return moved
        if not _same(request.cookies.get(COOKIE, ""), token):
            return web.Response(status=401, text=REFUSAL)
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = POLICY
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return middleware


def _same(shown: str, token: str) -> bool:
    return hmac.compare_digest(shown.encode(), token.encode())
