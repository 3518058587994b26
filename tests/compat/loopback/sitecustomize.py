"""Python loads this at its start where the folder is on its path: nothing but loopback is reached.

Clients that report home, or fetch lists of models, would make the tests depend on a network, and
tell others of them. What tries gets an error, and says so on stderr.
"""

from __future__ import annotations

import sys

LOOPBACK = {"127.0.0.1", "localhost", "::1", b"127.0.0.1", b"localhost", None, ""}


def _watch(event: str, arguments: tuple) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if host not in LOOPBACK:
        print(f"{host} is not for tests", file=sys.stderr)
        raise OSError(f"{host} is not for tests")


sys.addaudithook(_watch)
