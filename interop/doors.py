"""`local-aws up` with programs of one's choice, and a plain address for each door.

Clients that cannot sign reach the doors through `client/examples/forwarder.rs`, which signs, and lets
messages and their headers through as they are.
"""

import os
import re
import selectors
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

# Where `cargo test` leaves them too.
BUILT = Path(os.environ.get("BUILT", "build/debug"))
PATIENCE = 30


class CouldNotRun(Exception):
    """What kept a check from being made."""


def build():
    """The programs, unless BUILT says where they are."""
    if "BUILT" not in os.environ:
        subprocess.run(["cargo", "build", "--locked", "--bins", "--examples"], check=True)


def end(process):
    """Ends a program with all that it has started in its group, by asking first."""
    for number, patience in [(signal.SIGTERM, 10), (signal.SIGKILL, None)]:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)


@contextmanager
def started(*command, environment=None, stdout=subprocess.DEVNULL, stderr=None):
    """A program that runs until it is no longer needed."""
    process = subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=os.environ | (environment or {}),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def finished(*command, seconds, environment=None, stderr=None):
    """The exit code of a program, and what it prints."""
    with started(*command, environment=environment, stdout=subprocess.PIPE, stderr=stderr) as process:
        try:
            printed, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise CouldNotRun(f"{Path(command[0]).name} took more than {seconds} s") from error
        return process.returncode, printed.decode()


@contextmanager
def saying(pattern, *command, environment=None):
    """The same, and what it has printed once that holds the pattern."""
    with started(*command, environment=environment, stdout=subprocess.PIPE) as process:
        printed, deadline = b"", time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not re.search(pattern, printed.decode()):
                piece = selector.select(deadline - time.monotonic()) and os.read(process.stdout.fileno(), 4096)
                if not piece:
                    raise CouldNotRun(f"{command[0]} does not say {pattern}, but {printed.decode()!r}")
                printed += piece
        yield printed.decode()


class Doors:
    """Both doors, open: what is behind them, and as whom it is called."""

    def __init__(self, directions, stack):
        self.environment = dict(re.findall(r"([A-Z_]+)=(\S+)", directions))
        [self.runtime] = re.findall(r"arn:aws:bedrock-agentcore:\S+", directions)
        [self.function] = re.findall(r"http://\S*lambda-url\S*", directions)
        self.stack = stack

    def address(self, target, *options):
        """Where requests to a target may go unsigned, as long as the doors are open."""
        command = [BUILT / "examples/forwarder", *options, target]
        forwarder = saying(r"http://.*\n", *command, environment=self.environment)
        return self.stack.enter_context(forwarder).strip()


@contextmanager
def doors(*options):
    """`local-aws up` with these options."""
    with ExitStack() as stack:
        up = [BUILT / "local-aws", "up", "--agentcore-port", "0", "--lambda-port", "0", *options]
        directions = stack.enter_context(saying(r"lambda-url\S*\n", *up))
        yield Doors(directions, stack)
