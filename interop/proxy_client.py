"""An official Python client at work through `mcp-sigv4 proxy`.

    python proxy_client.py COMMAND [ARGUMENT]...     starts it, as clients do, and talks over stdio
    python proxy_client.py http://ADDRESS/mcp        talks to one that listens there

With mcp 1.x by the handshake, with 2.x without one (2026-07-28). Prints what was agreed on; what is
wrong goes to standard error, and the exit code is 1.
"""

import asyncio
import os
import sys
import time
from contextlib import asynccontextmanager

from mcp import StdioServerParameters

try:
    from mcp import Client  # 2.x
    from mcp import MCPError
except ImportError:
    from mcp import ClientSession
    from mcp import McpError as MCPError
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    Client = None

TOOLS = {
    "add_numbers": "Add two numbers together",
    "multiply_numbers": "Multiply two numbers together",
    "greet_user": "Greet a user by name",
}
BIG = 2**70
CALLS = [
    ("add_numbers", {"a": 5, "b": 3}, 8),
    ("multiply_numbers", {"a": 4, "b": 7}, 28),
    ("greet_user", {"name": "Alice"}, "Hello, Alice! Nice to meet you."),
    ("multiply_numbers", {"a": BIG, "b": BIG}, BIG * BIG),
]
AT_ONCE = 20
VERSION = "2026-07-28" if Client else "2025-11-25"
# Clients end a server by force after 2 seconds.
MOST_SECONDS_TO_END = 1.5

faults = []


def expect(holds, what):
    if not holds:
        faults.append(what)


@asynccontextmanager
async def connected(server):
    """A session, and the version of the protocol that was agreed on."""
    if Client:
        async with Client(server) as client:
            yield client, client.protocol_version
    else:
        transport = streamable_http_client(server) if isinstance(server, str) else stdio_client(server)
        async with transport as (read, write, *_), ClientSession(read, write) as session:
            yield session, (await session.initialize()).protocolVersion


async def call(session, tool, arguments):
    """The text of the answer, its result, and whether it is an error."""
    answer = (await session.call_tool(tool, arguments)).model_dump(by_alias=True)
    return answer["content"][0]["text"], (answer["structuredContent"] or {}).get("result"), answer["isError"]


async def use(session):
    listed = {tool.name: tool.description for tool in (await session.list_tools()).tools}
    # Tools that were added since may be listed too.
    expect(TOOLS.items() <= listed.items(), f"the tools are {listed}")

    for tool, arguments, result in CALLS:
        answer = await call(session, tool, arguments)
        expect(answer == (str(result), result, False), f"{tool} {arguments}: {answer}")

    text, _, is_error = await call(session, "add_numbers", {"a": "five", "b": 3})
    expect(is_error and 'a: expected an integer, got "five"' in text, f"a bad argument: {text}")

    try:
        expect(False, f"an unknown tool: {await call(session, 'subtract_numbers', {})}")
    except MCPError as error:
        expect(error.error.code == -32602, f"an unknown tool: {error.error}")

    sums = await asyncio.gather(*(call(session, "add_numbers", {"a": i, "b": i}) for i in range(AT_ONCE)))
    expect([sum for _, sum, _ in sums] == [i + i for i in range(AT_ONCE)], f"{AT_ONCE} at once: {sums}")


async def main(command, *arguments):
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    over_stdio = StdioServerParameters(command=command, args=arguments, env=environment)
    async with connected(command if command.startswith("http:") else over_stdio) as (session, version):
        expect(version == VERSION, f"agreed on {version}")
        await use(session)
        left = time.monotonic()
    took = time.monotonic() - left
    expect(took < MOST_SECONDS_TO_END, f"took {took:.1f} s to end when its client left")
    print(version)


asyncio.run(main(*sys.argv[1:]))
if faults:
    sys.exit("\n".join(faults))
