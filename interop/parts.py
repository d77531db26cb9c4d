"""The parts that are programs of their own: real clients, the guide's client, the original's server."""

import json
import socket
import sys
import time
from pathlib import Path

import sdks
from doors import BUILT, CouldNotRun, doors, finished, started

HERE = Path(__file__).resolve().parent
# The newest that runs the guide's server.
[ORIGINAL] = [client for client in sdks.PYTHON if client.package == "mcp" and client.version < "2"]
LOG = Path("build/interop/original.log")
STRIP = ["--strip", "mcp-method", "--strip", "mcp-name"]
# All of a part; each takes a few minutes at most.
MOST_SECONDS = 1800


def answered(*command):
    """What a program prints as JSON, whatever it thinks of it."""
    code, printed = finished(sys.executable, *command, seconds=MOST_SECONDS)
    if code not in (0, 1) or not printed:
        raise CouldNotRun(f"{Path(command[0]).name} exits with {code}")
    return json.loads(printed)


def clients():
    """A row for each client, era and host."""
    with doors() as opened, doors("--env", "MCP_SESSIONS=true") as kept:
        whole = {
            "AgentCore": opened.address(opened.runtime),
            "AgentCore with sessions": kept.address(kept.runtime),
            "Lambda": opened.address(opened.function),
        }
        stripped = {
            "AgentCore, headers dropped": opened.address(opened.runtime, *STRIP),
            "Lambda, headers dropped": opened.address(opened.function, *STRIP),
        }
        lost = [f"--stripped={name}={address}" for name, address in stripped.items()]
        given = [f"{name}={address}" for name, address in whole.items()]
        return answered(HERE / "sdks.py", "--json", *lost, *given)


def clients_faults(rows):
    for row in rows:
        if row["outcome"] != "ok":
            yield "{host}, {client} {version}, era {era}: {outcome}, but: {said}".format(**row)


def guide():
    """What the guide's client, which signs by itself, has to say where it fails."""
    code, printed = finished(HERE / "guide.sh", seconds=MOST_SECONDS, environment={"BUILT": str(BUILT)})
    if code not in (0, 1):
        raise CouldNotRun(f"guide.sh exits with {code}: {printed}")
    return [printed] if code else []


def original():
    """The numbers, the differences and the faults of interop/original/compare.py."""
    sdks.install_python()
    port = free_port()
    server = [ORIGINAL.venv / "bin/python", HERE / "original/server.py", port]
    with open(LOG, "w") as log, started(*server, stderr=log), doors() as opened:
        wait_for(port)
        hosts = [("AgentCore", opened.runtime), ("Lambda", opened.function)]
        ours = [f"{name}={opened.address(target)}" for name, target in hosts]
        return answered(HERE / "original/compare.py", "--json", f"http://127.0.0.1:{port}/mcp", *ours)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise CouldNotRun("the original does not listen")
