"""The parts that are programs of their own: real clients, the guide's client, the original's server."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import clients as sdks
from doors import CouldNotRun, doors, started

HERE = Path(__file__).resolve().parent
ORIGINAL = "mcp-1.30.0"
STRIP = ["--strip", "mcp-method", "--strip", "mcp-name"]


def answered(*command):
    """What a program prints as JSON, whatever it thinks of it."""
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        raise CouldNotRun(f"{Path(command[0]).name} exits with {done.returncode}")
    return json.loads(done.stdout)


def clients():
    """A row for each client, era and host."""
    with doors() as opened:
        whole = [opened.address(target) for target in (opened.runtime, opened.function)]
        stripped = [opened.address(target, *STRIP) for target in (opened.runtime, opened.function)]
        return answered(HERE / "clients.py", "--json", *whole, *stripped)


def clients_faults(rows):
    for row in rows:
        if row["outcome"] != "ok":
            yield "{host}, {client} {version}, era {era}: {outcome}, but: {said}".format(**row)


def guide():
    """The guide's client against both hosts; it signs by itself."""
    subprocess.run([HERE / "guide.sh"], check=True, stdout=subprocess.DEVNULL)


def original():
    """The numbers, the differences and the faults of interop/original/compare.py."""
    sdks.install_python()
    python = Path("build/interop") / ORIGINAL / "bin/python"
    port = free_port()
    with started(python, HERE / "original/server.py", port), doors() as opened:
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
