"""A plain MCP client, the Python SDK's: lists the tools and calls one.

    plain_client.py URL
"""

import asyncio
import sys

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client


async def main(url):
    async with streamablehttp_client(url) as (read, write, _), ClientSession(read, write) as client:
        await client.initialize()
        print([tool.name for tool in (await client.list_tools()).tools])
        result = await client.call_tool("greet_user", {"name": "Alice"})
        assert result.content[0].text == "Hello, Alice! Nice to meet you.", result


asyncio.run(main(sys.argv[1]))
