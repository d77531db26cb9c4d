"""The official conformance suite, against both hosts and against the client.

Every scenario of every revision is run. Those that do not pass are in expected.json, each with the
checks that fail and the reason; any other outcome, for the better too, is a fault.
"""

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import npm
from doors import BUILT, CouldNotRun, doors, finished

VERSION = "0.2.0-alpha.12"
REVISIONS = ["2025-06-18", "2025-11-25", "2026-07-28"]
# What runs behind each door, by the options of `local-aws up` and the door.
HOSTS = {
    "AgentCore": ([], "runtime"),
    "AgentCore with sessions": (["--env", "MCP_SESSIONS=true"], "runtime"),
    "Lambda": ([], "function"),
    "Lambda, streaming": (["--invoke-mode", "response-stream"], "function"),
}
HERE = Path(__file__).parent
INSTALLED = Path("build/interop/conformance")
# A scenario may take 30 s; the whole of them took 10 when all was well.
PATIENCE = 600


def suite(*arguments):
    """One run of the suite: its exit code, and what it prints. What it complains of is in a log."""
    modules = (INSTALLED / "node_modules").absolute()
    path = os.pathsep.join([str(modules / "node/bin"), os.environ["PATH"]])
    command = [modules / "node/bin/node", modules / ".bin/conformance", *arguments]
    with open(INSTALLED / "log", "a") as log:
        return finished(*command, seconds=PATIENCE, environment={"PATH": path}, stderr=log)


def scenarios(side, revision):
    """What there is to run, by name. Authorization is OAuth's, which IAM stands in for."""
    code, listed = suite("list", f"--{side}", "--spec-version", revision)
    names = re.findall(r"^ +- (\S+) \[", listed, re.MULTILINE)
    if code != 0 or not names:
        raise CouldNotRun(f"the suite lists no scenarios for a {side} of {revision}: {listed}")
    return [name for name in names if not name.startswith("auth/")]


class Outcome(NamedTuple):
    """What came of a scenario: the checks that failed, and those that the suite left out."""

    failed: list
    skipped: list
    tested: bool

    def shown(self):
        if self.failed:
            return "fails " + ", ".join(self.failed)
        return "passes" if self.tested else "has nothing tested"


NOT_RUN = Outcome(["not run"], [], False)


def outcome(checks):
    def ids(*statuses):
        # Whether what was sent is well-formed is checked of anything.
        return sorted({check["id"] for check in checks if check["status"] in statuses})

    tested = set(ids("SUCCESS")) - {"wire-schema-valid"}
    return Outcome(ids("FAILURE", "WARNING"), ids("SKIPPED"), bool(tested))


def outcomes(folder):
    """By scenario, as the suite names its folders."""
    files = sorted(folder.glob("*/checks.json"))
    named = {re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", file.parent.name): file for file in files}
    return {name: outcome(json.loads(file.read_text())) for name, file in named.items()}


def empty(*names):
    """A folder for results, which stay until the next run."""
    folder = INSTALLED / "results" / "-".join(names).replace(", ", "-").replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def against_host(host, address, revision):
    folder = empty(host, revision)
    suite("server", "--url", address, "--suite", "all", "--spec-version", revision, "-o", folder)
    ran = outcomes(folder)
    return {name.removeprefix("server-"): result for name, result in ran.items()}


def against_client(scenario, revision):
    """The suite is the server, and starts the client, whose exit code counts too."""
    folder = empty("client", revision, scenario)
    command = shlex.join(map(str, [sys.executable, HERE / "client.py", (BUILT / "mcp-sigv4").absolute()]))
    code, _ = suite("client", "--command", command, "--scenario", scenario, "--spec-version", revision, "-o", folder)
    result = outcomes(folder).get(scenario, NOT_RUN)
    return result if code == 0 or result.failed else result._replace(failed=[f"exit code {code}"])


def found():
    """(side, host, revision, scenario) to its outcome, for all there are."""
    npm.install(INSTALLED, [f"@modelcontextprotocol/conformance@{VERSION}"])
    (INSTALLED / "log").unlink(missing_ok=True)
    wanted = {revision: scenarios("server", revision) for revision in REVISIONS}
    everything = BUILT / "examples/everything"
    servers = ["--agentcore-server", everything, "--lambda-server", everything]
    answers = {}
    for host, (options, door) in HOSTS.items():
        with doors(*servers, *options) as opened:
            address = opened.address(getattr(opened, door))
            for revision in REVISIONS:
                ran = against_host(host, address, revision)
                # Those that were run and not listed are looked at as well.
                for scenario in dict.fromkeys([*wanted[revision], *ran]):
                    answers["server", host, revision, scenario] = ran.get(scenario, NOT_RUN)
    for revision in REVISIONS:
        for scenario in scenarios("client", revision):
            answers["client", "mcp-sigv4", revision, scenario] = against_client(scenario, revision)
    return answers


def expectations():
    """The entries of expected.json, by (host, revision, scenario): what fails, and the reason."""
    listed = {}
    for entry in json.loads((HERE / "expected.json").read_text()):
        for host in entry.get("hosts", HOSTS):
            for revision in entry.get("revisions", REVISIONS):
                for scenario, failed in entry["scenarios"].items():
                    listed[host, revision, scenario] = failed, entry["reason"]
    return listed


def reason(host, revision, scenario, result, listed):
    """Why a scenario does not pass, if it is listed so."""
    failed, why = listed.get((host, revision, scenario), ([], None))
    if (failed is None and not result.failed and not result.tested) or (failed and failed == result.failed):
        return why
    return None


def faults(answers):
    """What is not as it is listed, a line each. `answers` is what `found` found."""
    listed = expectations()
    for (_, host, revision, scenario), result in answers.items():
        expected = (host, revision, scenario) in listed
        if result.shown() == "passes" and expected:
            yield f"{host}, {revision}, {scenario}: is listed, and passes now: take it out of expected.json"
        elif result.shown() != "passes" and not reason(host, revision, scenario, result, listed):
            yield f"{host}, {revision}, {scenario}: {result.shown()}, and is {'listed otherwise' if expected else 'not listed'}"
    ran = {(host, scenario) for _, host, _, scenario in answers}
    for host, scenario in sorted({(host, scenario) for host, _, scenario in listed} - ran):
        yield f"{host}, {scenario}: is listed, and the suite has no such scenario"
