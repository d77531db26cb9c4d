"""Official MCP clients, which cannot sign, at work with hosts, by way of something that signs.

    python3 interop/sdks.py [--json] NAME=TARGET... [--stripped NAME=TARGET]...

A TARGET is the URL of MCP over plain HTTP, or a command that clients are to start and to talk to over
stdio. What stands behind a stripped one does not get the headers Mcp-Method and Mcp-Name. Each client goes
through what interop/clients/checks.py says, in each era that it can be told to speak. Prints a row for
each; exits 1 where one is not as it should be, and says how.

Needs npm; installs into build/interop.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import npm

PROGRAMS = Path(__file__).resolve().parent / "clients"
INSTALLED = PROGRAMS.parents[1] / "build" / "interop"
NODE = INSTALLED / "node"
NODE_PROGRAMS = NODE / "node_modules" / ".bin"
MOST_SECONDS = 180

HANDSHAKE, MODERN, AUTO = "2025-11-25", "2026-07-28", "auto"
ERAS = (HANDSHAKE, MODERN, AUTO)
# What is agreed on: as a rule, and where Mcp-Method and Mcp-Name get lost, which only a handshake can do
# without. One that is to do without a handshake then complains.
AGREED = {
    HANDSHAKE: (HANDSHAKE, HANDSHAKE),
    MODERN: (MODERN, None),
    AUTO: (MODERN, HANDSHAKE),
}
HEADER_MISMATCH = "-32020: missing required Mcp-Method header"
# These ask for what the host speaks, and take the refusal of the question for a no.
NOT_OFFERED = "the server did not offer pinned protocol version 2026-07-28"


@dataclass(frozen=True)
class Client:
    """A package, and the program in interop/clients that puts it to work."""

    package: str
    version: str
    program: str
    eras: tuple = (HANDSHAKE,)
    # Where Mcp-Method and Mcp-Name get lost and there is to be no handshake.
    complaint: str | None = None

    @property
    def venv(self):
        return INSTALLED / f"{self.package.partition('[')[0]}-{self.version}"

    @property
    def command(self):
        match self.program:
            case "typescript.mjs":
                return ["node", NODE / self.program, self.package]
            case "inspector.py":
                return [sys.executable, PROGRAMS / self.program]
            case _:
                return [self.venv / "bin" / "python", PROGRAMS / self.program]


PYTHON = [
    Client("mcp", "1.30.0", "python.py"),
    Client("mcp", "2.3.0", "python.py", ERAS, HEADER_MISMATCH),
    # fastmcp is this with a server, which nobody needs here.
    Client("fastmcp-slim[client]", "4.1.6", "fastmcp_client.py", ERAS, HEADER_MISMATCH),
]
NPM = [
    Client("@modelcontextprotocol/sdk", "1.32.2", "typescript.mjs"),
    Client("@modelcontextprotocol/client", "2.4.0", "typescript.mjs", ERAS, NOT_OFFERED),
    Client("@modelcontextprotocol/inspector", "2.12.0", "inspector.py", ERAS, NOT_OFFERED),
]


def install_python():
    for client in PYTHON:
        marker = client.venv / "installed"
        if not marker.exists():
            shutil.rmtree(client.venv, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", client.venv], check=True)
            pip = [client.venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, f"{client.package}=={client.version}"], check=True)
            marker.touch()


def install_npm():
    npm.install(NODE, [f"{client.package}@{client.version}" for client in NPM])
    # Next to what it imports.
    shutil.copy(PROGRAMS / "typescript.mjs", NODE)


def run(command):
    """The exit code, and what is said. What takes too long is ended with all that it has started."""
    path = f"{NODE_PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        command,
        env=os.environ | {"PATH": path, "NO_PROXY": "127.0.0.1,localhost"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        answer, complaint = process.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return None, f"not done after {MOST_SECONDS} s"
    finally:
        # What it has started may outlive it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode, (complaint if process.returncode else answer).strip()


def row(client, era, host, target, stripped):
    agreed = AGREED[era][stripped]
    code, said = run([*client.command, "--era", era, *shlex.split(target)])
    expected = agreed or client.complaint
    holds = (code == 0 and said == agreed) if agreed else (code == 1 and expected is not None and expected in said)
    return {
        "client": client.package,
        "version": client.version,
        "era": era,
        "host": host,
        "outcome": "ok" if holds else f"not {expected}",
        "agreed": agreed,
        "said": said,
    }


def rows(targets, stripped):
    lanes = [(*target, False) for target in targets] + [(*target, True) for target in stripped]
    for host, target, lost in lanes:
        for client in PYTHON + NPM:
            for era in client.eras:
                yield row(client, era, host, target, lost)


def named(argument):
    name, target = argument.split("=", 1)
    return name, target


def main():
    # So that what was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(description="Official MCP clients at work with hosts")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--stripped", metavar="NAME=TARGET", action="append", default=[], type=named)
    parser.add_argument("targets", metavar="NAME=TARGET", nargs="+", type=named)
    given = parser.parse_args()

    install_python()
    install_npm()
    seen = []
    for told in rows(given.targets, given.stripped):
        seen.append(told)
        if not given.json:
            print("{outcome}: {host}, {client} {version}, era {era}: {said}".format(**told), flush=True)
    if given.json:
        print(json.dumps(seen, indent=2))
    sys.exit(any(told["outcome"] != "ok" for told in seen))


if __name__ == "__main__":
    main()
