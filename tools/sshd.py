"""An SSH server on loopback for one directory's life, to use the app as over a real line."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LONGEST_START_S = 10.0
PRIVILEGE_SEPARATION = Path("/run/sshd")
CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/key.pub
PidFile {directory}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Compression no
AcceptEnv LLMOPS_TUI_* LANG TERM
"""


def available() -> bool:
    """Whether this machine has an SSH server and client."""
    return _sshd() is not None and shutil.which("ssh") is not None


@dataclass(frozen=True, slots=True)
class SshLine:
    """A way to run commands over SSH on this machine."""

    directory: Path
    port: int

    def command(self, *remote: str, environment: Mapping[str, str] | None = None) -> list[str]:
        """What to run so that `remote` runs at the other end, in a terminal of its own."""
        settings = [f"{name}={value}" for name, value in (environment or {}).items()]
        return [
            "ssh",
            *("-F", "none", "-tt", "-p", str(self.port), "-i", str(self.directory / "key")),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            *("-o", "LogLevel=ERROR", "-o", "Compression=no", "-e", "none"),
            f"{getpass.getuser()}@127.0.0.1",
            "env",
            *settings,
            *remote,
        ]


@contextmanager
def local_sshd(directory: Path) -> Iterator[SshLine]:
    """Run an SSH server on a free port of 127.0.0.1, with keys made for it; end it in the end."""
    server = _sshd()
    assert server is not None, "no sshd on this machine"
    for name in ("host_key", "key"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)]
        subprocess.run(made, check=True)
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    port = _free_port()
    configuration = directory / "sshd_config"
    configuration.write_text(CONFIGURATION.format(port=port, directory=directory))
    log = directory / "sshd.log"
    process = subprocess.Popen([server, "-D", "-f", str(configuration), "-E", str(log)])
    try:
        _wait_for(port, process, log)
        yield SshLine(directory, port)
    finally:
        process.terminate()
        process.wait(10)


def _sshd() -> str | None:
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + LONGEST_START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"sshd did not start: {log.read_text() if log.exists() else ''}")
