"""The official conformance suite, against both hosts and against the client.

Every scenario of every revision is run. Those that do not pass are in expected.json, each with the
checks that fail and the reason; any other outcome, for the better too, is a fault.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from doors import BUILT, CouldNotRun, doors

VERSION = "0.2.0-alpha.12"
NODE = "24.21.0"
REVISIONS = ["2025-06-18", "2025-11-25", "2026-07-28"]
HOSTS = ["AgentCore", "Lambda", "Lambda, streaming"]
HERE = Path(__file__).parent
INSTALLED = Path("build/interop/conformance")
# A scenario may take 30 s; the whole of them took 10 when all was well.
PATIENCE = 600


def install():
    """The suite, and the Node it needs, from npm."""
    packages = [f"@modelcontextprotocol/conformance@{VERSION}", f"node@{NODE}"]
    marker = INSTALLED / "installed"
    if not marker.exists() or marker.read_text() != " ".join(packages):
        INSTALLED.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--loglevel=error", "--no-save", "--prefix", INSTALLED, *packages]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        marker.write_text(" ".join(packages))


def suite(*arguments):
    """One run of the suite; what it prints."""
    bin_ = (INSTALLED / "node_modules").absolute()
    path = os.pathsep.join([str(bin_ / "node/bin"), os.environ["PATH"]])
    command = [bin_ / "node/bin/node", bin_ / ".bin/conformance", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=os.environ | {"PATH": path})
    except subprocess.TimeoutExpired as error:
        raise CouldNotRun(f"the suite took more than {PATIENCE} s: {arguments}") from error
    return done.stdout


def scenarios(side, revision):
    """What there is to run, by name. Authorization is OAuth's, which IAM stands in for."""
    listed = re.findall(r"^ +- (\S+) \[", suite("list", f"--{side}", "--spec-version", revision), re.MULTILINE)
    return [name for name in listed if not name.startswith("auth/")]


def outcomes(folder):
    """By scenario: the checks that failed, or None where nothing was checked at all."""
    found = {}
    for file in sorted(Path(folder).glob("*/checks.json")):
        scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT[\d-]+Z$", "", file.parent.name, count=0)
        checks = json.loads(file.read_text())
        failed = sorted({check["id"] for check in checks if check["status"] == "FAILURE"})
        found[scenario] = failed if failed or any(check["status"] == "SUCCESS" for check in checks) else None
    return found


def against_host(address, revision):
    with tempfile.TemporaryDirectory() as folder:
        suite("server", "--url", address, "--suite", "all", "--spec-version", revision, "-o", folder)
        return outcomes(folder)


def against_client(scenario, revision):
    """The suite is the server, and starts the client."""
    command = f"python3 {HERE / 'client.py'} {(BUILT / 'mcp-sigv4').absolute()}"
    with tempfile.TemporaryDirectory() as folder:
        suite("client", "--command", command, "--scenario", scenario, "--spec-version", revision, "-o", folder)
        return outcomes(folder).get(scenario, ["not run"])


def found():
    """(side, host, revision, scenario) to its outcome, for all there are."""
    install()
    wanted = {revision: scenarios("server", revision) for revision in REVISIONS}
    everything = BUILT / "examples/everything"
    servers = ["--agentcore-server", everything, "--lambda-server", everything]
    answers = {}
    with doors(*servers) as buffered, doors(*servers, "--invoke-mode", "response-stream") as streaming:
        addresses = {
            "AgentCore": buffered.address(buffered.runtime),
            "Lambda": buffered.address(buffered.function),
            "Lambda, streaming": streaming.address(streaming.function),
        }
        for host in HOSTS:
            for revision in REVISIONS:
                ran = against_host(addresses[host], revision)
                for scenario in wanted[revision]:
                    answers["server", host, revision, scenario] = ran.get(scenario, ["not run"])
    for revision in REVISIONS:
        for scenario in scenarios("client", revision):
            answers["client", "mcp-sigv4", revision, scenario] = against_client(scenario, revision)
    return answers


def expectations():
    """The entries of expected.json, by (host, revision, scenario)."""
    listed = {}
    for entry in json.loads((HERE / "expected.json").read_text()):
        for host in entry.get("hosts", HOSTS):
            for revision in entry.get("revisions", REVISIONS):
                for scenario, outcome in entry["scenarios"].items():
                    listed[host, revision, scenario] = outcome, entry["reason"]
    return listed


def shown(outcome):
    match outcome:
        case []:
            return "passes"
        case None:
            return "has nothing tested"
        case _:
            return "fails " + ", ".join(outcome)


def faults(answers):
    """What is not as it is listed, a line each. `answers` is what `found` found."""
    listed = expectations()
    for (_, host, revision, scenario), outcome in answers.items():
        expected, _ = listed.get((host, revision, scenario), ([], ""))
        if outcome != expected:
            yield f"{host}, {revision}, {scenario}: {shown(outcome)}, where it was to be: {shown(expected)}"
    ran = {(host, scenario) for _, host, _, scenario in answers}
    for host, scenario in sorted({(host, scenario) for host, _, scenario in listed} - ran):
        yield f"{host}, {scenario}: is listed, and the suite has no such scenario"
