"""Installs promptfoo from npm into `.peers`, for the tests that ask it the same questions.

    python -m tools.peers

Those tests skip where it isn't there. Its one compiled part is built from source, with the headers
that come with Node where they are found.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "0.120.27"
"""The newest that runs on Node 20."""
FOLDER = Path(__file__).resolve().parents[1] / ".peers"
COMPILED = "better-sqlite3"


def main() -> int:
    """Install; 0 where promptfoo answers afterwards."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        print("npm is not installed: the comparisons with promptfoo are left out.")
        return 0
    program = FOLDER / "node_modules" / ".bin" / "promptfoo"
    FOLDER.mkdir(exist_ok=True)
    package = {"private": True, "dependencies": {"promptfoo": VERSION}}
    (FOLDER / "package.json").write_text(json.dumps(package))
    install = [npm, "install", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*install, "--ignore-scripts"], cwd=FOLDER, check=True, timeout=600)
    built = FOLDER / "node_modules" / COMPILED / "build" / "Release" / "better_sqlite3.node"
    if not built.exists():
        _compile(npm, node, built.parents[2])
    answered = subprocess.run([str(program), "--version"], cwd=FOLDER, timeout=120)
    return answered.returncode


def _compile(npm: str, node: str, where: Path) -> None:
    headers = Path(node).resolve().parents[1] / "include" / "node" / "node.h"
    environment = dict(os.environ)
    if headers.exists():
        environment["npm_config_nodedir"] = str(headers.parents[2])
    gyp = Path(npm).resolve().parents[1] / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"
    command = [node, str(gyp), "rebuild", "--release"]
    subprocess.run(
        command, cwd=where, env=environment, check=True, timeout=900, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    sys.exit(main())
