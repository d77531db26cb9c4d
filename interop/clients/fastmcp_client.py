"""fastmcp's client at work, which is built on mcp 2.x. How to start it, and what it checks, is in
checks.py."""

from contextlib import asynccontextmanager

import checks
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from python import answered, mode


class FastMcp(checks.Client):
    def __init__(self, client):
        super().__init__(client.protocol_version)
        self.client = client

    async def tools(self):
        return {tool.name: tool.description for tool in await answered(self.client.list_tools())}

    async def call(self, tool, arguments):
        answer = await answered(self.client.call_tool(tool, arguments, raise_on_error=False))
        return answer.content[0].text, (answer.structured_content or {}).get("result"), answer.is_error


@asynccontextmanager
async def connected(era, command, *arguments):
    # Kept alive, as by default, the server would outlive the client.
    over_stdio = StdioTransport(command, list(arguments), env=checks.environment(), keep_alive=False)
    async with Client(command if checks.is_url(command) else over_stdio, mode=mode(era)) as client:
        yield FastMcp(client)


if __name__ == "__main__":
    checks.main(connected)
