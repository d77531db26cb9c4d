"""The original guide's test client: boto3 credentials, the guide's client library, its calls.

    python guide_client.py URL SERVICE

Only what the guide leaves open is a parameter: the URL and the service to sign for.
"""

import asyncio
import sys

import boto3
from mcp import ClientSession, McpError
from mcp_lambda.client.streamable_http_sigv4 import streamablehttp_client_with_sigv4

CALLS = [
    ("add_numbers", {"a": 5, "b": 3}),
    ("multiply_numbers", {"a": 4, "b": 7}),
    ("greet_user", {"name": "Alice"}),
    # What the guide does not call.
    ("multiply_numbers", {"a": 2**70, "b": 2**70}),
    ("add_numbers", {"a": "five", "b": 3}),
    ("subtract_numbers", {}),
]


async def main(url: str, service: str) -> None:
    session = boto3.Session()
    async with streamablehttp_client_with_sigv4(
        url=url,
        service=service,
        region=session.region_name,
        credentials=session.get_credentials(),
        timeout=120,
        terminate_on_close=False,
    ) as (read_stream, write_stream, _):
        async with ClientSession(read_stream, write_stream) as client:
            await client.initialize()
            for tool in (await client.list_tools()).tools:
                print(f"{tool.name}: {tool.description}")
            for tool, arguments in CALLS:
                try:
                    result = await client.call_tool(tool, arguments)
                    print(f"{tool} = {result.content[0].text} {result.structuredContent}")
                except McpError as error:
                    print(f"{tool}: {error.error.code}")


asyncio.run(main(*sys.argv[1:]))
