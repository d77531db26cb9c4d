"""The original guide's server, its three tools as the guide has them.

    python server.py PORT        with mcp==1.30.0, at http://127.0.0.1:PORT/mcp

Only where it listens is not the guide's.
"""

import sys

from mcp.server.fastmcp import FastMCP

# Told the guide's host, the library checks no Host header; told loopback, it would.
mcp = FastMCP(host="0.0.0.0", stateless_http=True)


@mcp.tool()
def add_numbers(a: int, b: int) -> int:
    """Add two numbers together"""
    return a + b


@mcp.tool()
def multiply_numbers(a: int, b: int) -> int:
    """Multiply two numbers together"""
    return a * b


@mcp.tool()
def greet_user(name: str) -> str:
    """Greet a user by name"""
    return f"Hello, {name}! Nice to meet you."


if __name__ == "__main__":
    mcp.settings.host = "127.0.0.1"
    mcp.settings.port = int(sys.argv[1])
    mcp.run(transport="streamable-http")
