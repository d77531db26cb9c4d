"""`local-aws up` with programs of one's choice, and a plain address for each door.

Clients that cannot sign reach the doors through the forwarder, which signs and changes nothing else.
"""

import os
import re
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

BUILT = Path(os.environ.get("BUILT", "build/demo"))
PROGRAMS = ["local-aws", "agentcore-server", "lambda-server", "mcp-sigv4"]
EXAMPLES = ["forwarder", "everything"]
PATIENCE = 20


class CouldNotRun(Exception):
    """What kept a check from being made."""


def build():
    wanted = [f"--bin={name}" for name in PROGRAMS] + [f"--example={name}" for name in EXAMPLES]
    if "BUILT" not in os.environ:
        subprocess.run(["cargo", "build", "--profile", "demo", "--locked", *wanted], check=True)


@contextmanager
def started(*command, environment=None):
    """A program that runs until it is no longer needed, and what it prints."""
    environment = os.environ | (environment or {})
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield process.stdout
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Doors:
    """Both doors, open. Where they are, and as whom they are called."""

    def __init__(self, directions, stack):
        self.environment = dict(re.findall(r"([A-Z_]+)=(\S+)", directions))
        [self.runtime] = re.findall(r"arn:aws:bedrock-agentcore:\S+", directions)
        [self.function] = re.findall(r"http://\S*lambda-url\S*", directions)
        self.stack = stack

    def address(self, target, *options):
        """Where requests to a target may go unsigned; forwarded until the doors close."""
        forwarder = started(BUILT / "examples/forwarder", *options, target, environment=self.environment)
        said = self.stack.enter_context(forwarder).readline().strip()
        if not said:
            raise CouldNotRun(f"the forwarder to {target} does not say where it listens")
        return said


@contextmanager
def doors(*options):
    """`local-aws up` with these options."""
    with ExitStack() as stack:
        up = [BUILT / "local-aws", "up", "--agentcore-port", "0", "--lambda-port", "0", *options]
        printed = stack.enter_context(started(*up))
        directions, deadline = "", time.monotonic() + PATIENCE
        while "lambda-url" not in directions and time.monotonic() < deadline:
            line = printed.readline()
            if not line:
                raise CouldNotRun("local-aws ended before its doors were open")
            directions += line
        yield Doors(directions, stack)
