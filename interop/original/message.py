"""How a request of the corpus is written down: its name, and exactly what is sent."""

import json
from typing import NamedTuple

# What every client sends; a request's own headers are put over these, and None leaves one out.
USUAL_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
}


class Request(NamedTuple):
    """One HTTP request. The name is what differences are listed by."""

    name: str
    body: bytes
    headers: dict = {}
    method: str = "POST"


def raw(name, body, **headers):
    """A body as it is; headers are written with underscores."""
    body = body.encode() if isinstance(body, str) else body
    return Request(name, body, {header.replace("_", "-"): value for header, value in headers.items()})


def message(method, params=None, id="1"):
    """A JSON-RPC message whose params and id are JSON texts; None leaves one out."""
    members = {"jsonrpc": '"2.0"', "id": id, "method": json.dumps(method), "params": params}
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items() if value is not None) + "}"


def request(name, method, params=None, id="1", **headers):
    """A message as the body."""
    return raw(name, message(method, params, id), **headers)


def call(name, tool, arguments):
    """A call of a tool; the arguments are a JSON text."""
    return request(name, "tools/call", f'{{"name":{json.dumps(tool)},"arguments":{arguments}}}')


def call_with(name, tool, /, **arguments):
    """A call of a tool; each of the arguments is a JSON text."""
    return call(name, tool, "{" + ",".join(f'"{argument}":{value}' for argument, value in arguments.items()) + "}")
