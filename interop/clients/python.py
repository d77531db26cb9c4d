"""An official Python client at work: mcp 1.x, which knows the handshake alone, or 2.x. How to start it,
and what it checks, is in checks.py."""

from contextlib import asynccontextmanager

import checks
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


class Sdk(checks.Client):
    def __init__(self, session, version):
        super().__init__(version)
        self.session = session

    async def tools(self):
        return {tool.name: tool.description for tool in (await answered(self.session.list_tools())).tools}

    async def call(self, tool, arguments):
        answer = (await answered(self.session.call_tool(tool, arguments))).model_dump(by_alias=True)
        return answer["content"][0]["text"], (answer["structuredContent"] or {}).get("result"), answer["isError"]


async def answered(request):
    try:
        return await request
    except MCPError as error:
        raise checks.Refused(error.error.code, error.error.message) from error


def mode(era):
    """What 2.x calls it."""
    return "legacy" if era == checks.HANDSHAKE else era


@asynccontextmanager
async def connected(era, command, *arguments):
    over_stdio = StdioServerParameters(command=command, args=arguments, env=checks.environment())
    server = command if checks.is_url(command) else over_stdio
    if Client:
        async with Client(server, mode=mode(era)) as client:
            yield Sdk(client, client.protocol_version)
    else:
        transport = streamable_http_client(server) if isinstance(server, str) else stdio_client(server)
        async with transport as (read, write, *_), ClientSession(read, write) as session:
            yield Sdk(session, (await session.initialize()).protocolVersion)


if __name__ == "__main__":
    checks.main(connected)
