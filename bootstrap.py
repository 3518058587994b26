#!/usr/bin/env python3
"""Run llmops-tui from a fresh checkout, with nothing but Python 3.11 and pip.

Makes `.venv` beside this file, installs exactly what `locks/` names (hash by hash), and runs a
command in it. What is installed already is left alone, so a second start costs nothing. The
environment is made without Python's `ensurepip`, which Debian ships apart: pip fills it from
outside. Standard library only, and no syntax newer than 3.7, so that an old Python can say that
it is too old.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
STAMP = VENV / "llmops-tui.stamp"
OLDEST_PYTHON = (3, 11)

USAGE = """\
what people run:
  python3 bootstrap.py run llmops-tui demo   install; the app on a demonstration workspace
  python3 bootstrap.py run check.py          install with the development tools; all tests
  python3 bootstrap.py sync [--dev]          install only
"""


class BootstrapError(Exception):
    """Why it can't go on, and what to do about it."""


def main() -> int:
    """Install and run what the command line asks for; the exit code."""
    options = parse()
    try:
        require_python()
        if options.verb == "sync":
            install("dev" if options.dev else "runtime")
            return 0
        if not options.command:
            raise BootstrapError("say what to run.\n" + USAGE)
        script = own_script(options.command[0])
        install("dev" if script else "runtime")
        run(options.command, script)
    except BootstrapError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description="Run llmops-tui from a fresh checkout.",
        epilog=USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="run | sync")
    verbs.required = True
    sync = verbs.add_parser("sync", help="install what is locked into .venv")
    sync.add_argument("--dev", action="store_true", help="with the development tools")
    command = verbs.add_parser("run", help="install, then run a command in .venv")
    command.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args()


def require_python() -> None:
    """Refuse a Python that the locked packages don't know."""
    if sys.version_info < OLDEST_PYTHON:
        raise BootstrapError(
            "Python {}.{} or newer is needed, this is {}. Run this file with a newer one, "
            "for example: python3.11 bootstrap.py …".format(*OLDEST_PYTHON, sys.version.split()[0])
        )


def own_script(program: str) -> Path | None:
    """The script of this checkout that `program` names; those get the development tools."""
    path = ROOT / program
    return path if path.suffix == ".py" and path.is_file() else None


def install(lock: str) -> None:
    """Bring `.venv` to what the lock says, unless it is there already.

    An environment with the development tools holds all that running needs, so it is kept.
    """
    root, present = read_stamp()
    if root == str(ROOT) and present in (state_of(lock), state_of("dev")):
        return
    if root not in ("", str(ROOT)) or not PYTHON.exists():
        # A copied environment starts its programs with the Python of the place it was made in.
        shutil.rmtree(str(VENV), ignore_errors=True)
        venv.EnvBuilder(with_pip=False, symlinks=True).create(str(VENV))
    elif STAMP.exists():
        STAMP.unlink()
    requirements = ROOT / "locks" / (lock + ".txt")
    total = sum(line[:1].isalnum() for line in requirements.read_text().splitlines())
    say(f"installing {total} packages from locks/{lock}.txt into {VENV}")
    started = time.monotonic()
    pip = pip_command()
    call_pip(
        [*pip, "--no-compile", "--no-deps", "--require-hashes", "-r", str(requirements)], total
    )
    call_pip([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], 1)
    compile_all()
    STAMP.write_text(f"{ROOT}\n{state_of(lock)}\n")
    say(f"installed in {time.monotonic() - started:.0f} s")


def read_stamp() -> tuple[str, str]:
    """(checkout, state) that the environment was made for; empty where there is none."""
    try:
        root, state = STAMP.read_text().splitlines()
    except (OSError, ValueError):
        return "", ""
    return root, state


def state_of(lock: str) -> str:
    """What the environment looks like when the lock was installed and nothing changed it since."""
    wanted = hashlib.sha256()
    for path in (ROOT / "locks" / (lock + ".txt"), ROOT / "pyproject.toml"):
        wanted.update(path.read_bytes())
    for path in sorted(VENV.glob("lib/python*/site-packages/*.dist-info")):
        wanted.update(path.name.encode())
    return wanted.hexdigest()


def pip_command() -> list[str]:
    """How to install into `.venv`: its own pip, else this Python's pip from outside."""
    options = ["--disable-pip-version-check", "--no-input", "install"]
    if list(VENV.glob("lib/python*/site-packages/pip/__main__.py")):
        return [str(PYTHON), "-m", "pip", *options]
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--python", str(PYTHON), *options]
    ensured = subprocess.run([str(PYTHON), "-m", "ensurepip"], capture_output=True, check=False)
    if ensured.returncode == 0:
        return [str(PYTHON), "-m", "pip", *options]
    raise BootstrapError(
        f"{sys.executable} has no pip. Install it (on Debian: apt-get install python3-pip) "
        "and run this again."
    )


def call_pip(command: list[str], total: int) -> None:
    """Run pip and count what it collects; show all it said only when it fails."""
    said = []
    seen = 0
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                seen += 1
                count(f"{seen}/{total}")
            elif line.startswith("Installing collected"):
                count("unpacking")
    count("")
    if process.returncode:
        raise BootstrapError(
            "pip could not install what is locked:\n\n{}\nNothing outside {} was touched. "
            "Run the same command again to go on.".format("".join(said[-25:]), VENV)
        )


def compile_all() -> None:
    """Compile what was installed, on all cores: pip takes one, and as long as for all the rest.

    Not left to the first import, because where PYTHONDONTWRITEBYTECODE is set that would be every
    import. The packages' own tests, a fifth of it all, are left out, and what can't be compiled
    (templates) is passed over.
    """
    count("compiling")
    places = [str(path) for path in VENV.glob("lib/python*/site-packages")]
    command = [str(PYTHON), "-m", "compileall", "-qq", "-j", "0", "-x", r"[\\/]tests[\\/]", *places]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    count("")


def run(command: list[str], script: Path | None) -> None:
    """Become the command, as if `.venv` were active."""
    environment = dict(os.environ, VIRTUAL_ENV=str(VENV))
    environment["PATH"] = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    program = str(PYTHON) if script else shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise BootstrapError(f"there is no command {command[0]!r} in {BIN}.")
    arguments = [program, str(script), *command[1:]] if script else command
    sys.stdout.flush()
    os.execve(program, arguments, environment)


def say(text: str) -> None:
    """A line for the person; on stderr, so that what the command prints stays clean."""
    print("bootstrap: " + text, file=sys.stderr, flush=True)


def count(text: str) -> None:
    """Rewrite the one line that shows how far pip is; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
