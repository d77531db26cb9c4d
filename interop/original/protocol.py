"""The protocol: the handshake, and every method but the calls of tools."""

import json

from message import request

VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
UNKNOWN_VERSIONS = ["2023-01-01", "2099-01-01", "1.0", "latest", ""]
CLIENT = '"clientInfo":{"name":"corpus","version":"1"}'

# All of `params` of initialize.
INITIALIZE = {
    "misfit/absent": None,
    "misfit/null": "null",
    "misfit/empty": "{}",
    "list": "[]",
    "misfit/no version": '{"capabilities":{},%s}' % CLIENT,
    "misfit/version null": '{"protocolVersion":null,"capabilities":{},%s}' % CLIENT,
    "misfit/version a list": '{"protocolVersion":[],"capabilities":{},%s}' % CLIENT,
    "misfit/no capabilities": '{"protocolVersion":"2025-11-25",%s}' % CLIENT,
    "misfit/capabilities a list": '{"protocolVersion":"2025-11-25","capabilities":[],%s}' % CLIENT,
    "all capabilities": '{"protocolVersion":"2025-11-25","capabilities":{"roots":{"listChanged":true},"sampling":{},'
    '"elicitation":{},"experimental":{"x":{}}},%s}' % CLIENT,
    "unknown capability": '{"protocolVersion":"2025-11-25","capabilities":{"flight":{"high":true}},%s}' % CLIENT,
    "misfit/no client": '{"protocolVersion":"2025-11-25","capabilities":{}}',
    "misfit/client without a version": '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"corpus"}}',
    "more of the client": '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"corpus","title":"Corpus",'
    '"version":"1","websiteUrl":"https://example.com"}}',
}

NOTIFICATIONS = {
    "notifications/initialized": None,
    "notifications/cancelled": '{"requestId":1,"reason":"enough"}',
    "notifications/progress": '{"progressToken":1,"progress":0.5}',
    "notifications/roots/list_changed": "{}",
    "notifications/unknown": "{}",
    "tools/list": "{}",
}

# All of `params` of tools/list.
LIST = {
    "empty": "{}",
    "cursor": '{"cursor":"abc"}',
    "empty cursor": '{"cursor":""}',
    "cursor null": '{"cursor":null}',
    "misfit/cursor a number": '{"cursor":5}',
    "list": "[]",
    "string": '"x"',
    "extra": '{"limit":1}',
    "meta": '{"_meta":{"progressToken":"t"}}',
}

# Methods of MCP that this server has no use for.
UNUSED = {
    "prompts/list": "{}",
    "prompts/get": '{"name":"greeting"}',
    "resources/list": "{}",
    "resources/templates/list": "{}",
    "resources/read": '{"uri":"file:///etc/passwd"}',
    "resources/subscribe": '{"uri":"file:///etc/passwd"}',
    "resources/unsubscribe": '{"uri":"file:///etc/passwd"}',
    "completion/complete": '{"ref":{"type":"ref/prompt","name":"greeting"},"argument":{"name":"name","value":"A"}}',
    "logging/setLevel": '{"level":"debug"}',
    "tasks/list": "{}",
    "tasks/get": '{"taskId":"1"}',
}

UNKNOWN_METHODS = {
    "name of a tool": "add_numbers",
    "another of tools": "tools/delete",
    "capitals": "Tools/List",
    "blank after": "tools/list ",
    "reserved": "rpc.discover",
    "empty": "",
    "emoji": "\U0001f600",
    "10 kB": "x" * 10_000,
    "of clients/roots": "roots/list",
    "of clients/sampling": "sampling/createMessage",
    "of clients/elicitation": "elicitation/create",
}


def initialize(name, version):
    params = '{"protocolVersion":%s,"capabilities":{},%s}' % (json.dumps(version), CLIENT)
    return request(f"initialize/{name}", "initialize", params, MCP_Protocol_Version=None)


def handshake():
    yield from (initialize(f"version {version}", version) for version in VERSIONS)
    yield from (initialize(f"unknown version/{version or 'empty'}", version) for version in UNKNOWN_VERSIONS)
    for case, params in INITIALIZE.items():
        yield request(f"initialize/params/{case}", "initialize", params, MCP_Protocol_Version=None)
    for method, params in NOTIFICATIONS.items():
        yield request(f"notification/{method}", method, params, id=None)
    yield request("notification/params null", "notifications/initialized", "null", id=None)


def methods():
    for method in ("ping", "tools/list"):
        yield request(method, method)
        yield request(f"{method}/params null", method, "null")
    yield from (request(f"tools/list/{case}", "tools/list", params) for case, params in LIST.items())
    yield from (request(f"unused method/{method}", method, params) for method, params in UNUSED.items())
    yield from (request(f"unknown method/{case}", method, "{}") for case, method in UNKNOWN_METHODS.items())


PROTOCOL = [*handshake(), *methods()]
