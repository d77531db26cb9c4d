"""What every client that a Python program can drive is to do with our tools.

    python PROGRAM [--era ERA] COMMAND [ARGUMENT]...     starts a server, as clients do, and talks over stdio
    python PROGRAM [--era ERA] http://ADDRESS/mcp        talks to one that listens there

ERA is 2025-11-25, the handshake; 2026-07-28, without one; or auto, whichever the client prefers, which
is the default. Prints the version that was agreed on; what is wrong goes to standard error, and the
exit code is 1.
"""

import argparse
import asyncio
import os
import sys
import time

HANDSHAKE = "2025-11-25"
MODERN = "2026-07-28"
AUTO = "auto"

TOOLS = {
    "add_numbers": "Add two numbers together",
    "multiply_numbers": "Multiply two numbers together",
    "greet_user": "Greet a user by name",
}
CALLS = [
    ("add_numbers", {"a": 5, "b": 3}, 8),
    ("multiply_numbers", {"a": 4, "b": 7}, 28),
    ("greet_user", {"name": "Alice"}, "Hello, Alice! Nice to meet you."),
]
BIG = 2**70
AT_ONCE = 20
INVALID_PARAMS = -32602
# Clients end a server by force after 2 seconds.
MOST_SECONDS_TO_END = 1.5


class Refused(Exception):
    """An answer that is an error of the protocol, by its code."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Client:
    """A client that is connected, `version` being what was agreed on. What one cannot do, for a reason
    of its own, it says here."""

    carries_big_integers = True
    # What becomes of "five" where a number is to be.
    five = '"five"'
    # How an unknown tool is refused.
    unknown_tool = INVALID_PARAMS

    def __init__(self, version):
        self.version = version

    async def tools(self):
        """The descriptions of the tools, by their names."""
        raise NotImplementedError

    async def call(self, tool, arguments):
        """The text of the answer, its result, and whether it is an error; or `Refused`."""
        raise NotImplementedError

    async def right_at_once(self, count):
        """How many of so many calls at once are answered as they should be."""
        answers = await asyncio.gather(*(self.call("add_numbers", {"a": i, "b": i}) for i in range(count)))
        return sum(result == i + i for i, (_, result, _) in enumerate(answers))


async def faults_of(client):
    faults = []

    def expect(holds, what):
        if not holds:
            faults.append(what)

    listed = await client.tools()
    # Tools that were added since may be listed too.
    expect(TOOLS.items() <= listed.items(), f"the tools are {listed}")

    big = [("multiply_numbers", {"a": BIG, "b": BIG}, BIG * BIG)] if client.carries_big_integers else []
    for tool, arguments, result in CALLS + big:
        answer = await client.call(tool, arguments)
        expect(answer == (str(result), result, False), f"{tool} {arguments}: {answer}")

    text, _, is_error = await client.call("add_numbers", {"a": "five", "b": 3})
    expect(is_error and f"a: expected an integer, got {client.five}" in text, f"a bad argument: {text}")

    try:
        expect(False, f"an unknown tool: {await client.call('subtract_numbers', {})}")
    except Refused as refused:
        expect(refused.code == client.unknown_tool, f"an unknown tool: {refused}")

    right = await client.right_at_once(AT_ONCE)
    expect(right == AT_ONCE, f"of {AT_ONCE} calls at once {right} are answered right")
    return faults


def causes(error):
    """What went wrong at the bottom of a group of exceptions, in words."""
    if not hasattr(error, "exceptions"):
        return [f"{type(error).__name__} {error}"]
    return [cause for inner in error.exceptions for cause in causes(inner)]


async def use(connected, era, target):
    """The version that was agreed on, and the faults."""
    version = None
    try:
        async with connected(era, *target) as client:
            version = client.version
            faults = await faults_of(client)
            left = time.monotonic()
    except Exception as error:
        return version, causes(error)
    took = time.monotonic() - left
    # Over HTTP there is nothing of ours to end.
    if took > MOST_SECONDS_TO_END and not is_url(target[0]):
        faults.append(f"took {took:.1f} s to end when its client left")
    return version, faults


def environment():
    """What a server that signs needs of ours; clients start servers with next to nothing."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def is_url(command):
    return command.startswith("http:")


def main(connected):
    """`connected(era, command, *arguments)` is to be an async context manager with a `Client`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--era", choices=[HANDSHAKE, MODERN, AUTO], default=AUTO)
    parser.add_argument("target", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    version, faults = asyncio.run(use(connected, given.era, given.target))
    if faults:
        sys.exit("\n".join(faults))
    print(version)
