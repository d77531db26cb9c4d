"""What carries a message: JSON-RPC, JSON and HTTP, in good order and not."""

import json

from message import Request, call_with, message, raw, request
from protocol import UNKNOWN_VERSIONS, VERSIONS

IDS = {
    "string": '"abc"',
    "empty string": '""',
    "digits in a string": '"1"',
    "emoji": '"\U0001f600"',
    "NUL": '"\\u0000"',
    "10 kB": json.dumps("x" * 10_000),
    "zero": "0",
    "negative": "-1",
    "2^53 + 1": str(2**53 + 1),
    "2^63 - 1": str(2**63 - 1),
    "-2^63": str(-(2**63)),
    "beyond 64 bits/2^63": str(2**63),
    "beyond 64 bits/2^70": str(2**70),
    "no string or integer/zero fraction": "1.0",
    "no string or integer/fraction": "1.5",
    "no string or integer/exponent": "1e2",
    "no string or integer/null": "null",
    "no string or integer/true": "true",
    "no string or integer/list": "[1]",
    "no string or integer/object": "{}",
}

SUM = message("tools/call", '{"name":"add_numbers","arguments":{"a":5,"b":3}}')
PING = message("ping")

# The members of a message, and messages that are none.
MEMBERS = {
    "wrong/no jsonrpc": '{"id":1,"method":"ping"}',
    "wrong/jsonrpc 1.0": '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    "wrong/jsonrpc a number": '{"jsonrpc":2.0,"id":1,"method":"ping"}',
    "wrong/jsonrpc null": '{"jsonrpc":null,"id":1,"method":"ping"}',
    "wrong/no method": '{"jsonrpc":"2.0","id":1}',
    "wrong/method null": '{"jsonrpc":"2.0","id":1,"method":null}',
    "wrong/method a number": '{"jsonrpc":"2.0","id":1,"method":5}',
    "wrong/method a list": '{"jsonrpc":"2.0","id":1,"method":["ping"]}',
    "extra": '{"jsonrpc":"2.0","id":1,"method":"ping","extra":{"x":[1]}}',
    "other order": '{"method":"ping","id":1,"jsonrpc":"2.0"}',
    "wrong/empty object": "{}",
    "wrong/string": '"ping"',
    "wrong/number": "5",
    "wrong/null": "null",
    "wrong/true": "true",
    "answer/result": '{"jsonrpc":"2.0","id":1,"result":{}}',
    "answer/error": '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}',
    "wrong/answer without an id": '{"jsonrpc":"2.0","result":{}}',
    "wrong/batch empty": "[]",
    "wrong/batch of one": f"[{PING}]",
    "wrong/batch of two": f"[{PING},{SUM}]",
    "wrong/batch of a notification": f"[{message('notifications/initialized', id=None)}]",
    "wrong/batch of nonsense": "[1,2,3]",
    "twice/jsonrpc": '{"jsonrpc":"1.0","jsonrpc":"2.0","id":1,"method":"ping"}',
    "twice/id": '{"jsonrpc":"2.0","id":7,"id":1,"method":"ping"}',
    "twice/method": '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"ping"}',
}

SPACED = json.dumps(json.loads(SUM), indent=4)
JSON = {
    "empty": "",
    "blank": " \n",
    "one brace": "{",
    "truncated in a string": SUM[:20],
    "truncated before the end": SUM[:-1],
    "one brace more": SUM + "}",
    "words": "add 5 and 3",
    "a form": "a=5&b=3",
    "XML": "<?xml version='1.0'?><methodCall/>",
    "single quotes": SUM.replace('"', "'"),
    "names without quotes": '{jsonrpc:"2.0",id:1,method:"ping"}',
    "comma before the end": SUM[:-1] + ",}",
    "comment": SUM[:-1] + "/* five */}",
    "two messages": f"{PING}\n{PING}",
    "spaced": SPACED,
    "spaced with tabs and CRLF": SPACED.replace("\n    ", "\r\n\t"),
    "blanks around": f"\r\n\t {SUM} \r\n",
    "a megabyte of blanks": SUM + " " * 10**6,
    "form feed": "\f" + SUM,
    "no-break space": "\u00a0" + SUM,
    "NUL after": SUM + "\0",
    "newline in a string": PING.replace("ping", "pi\nng"),
    "NUL in a string": PING.replace("ping", "pi\0ng"),
    "unknown escape": PING.replace("ping", "\\ping"),
    "number/leading zero": SUM.replace('"a":5', '"a":05'),
    "number/plus": SUM.replace('"a":5', '"a":+5'),
    "number/point first": SUM.replace('"a":5', '"a":.5'),
    "number/point last": SUM.replace('"a":5', '"a":5.'),
    "number/hexadecimal": SUM.replace('"a":5', '"a":0x5'),
    "not a number/NaN": SUM.replace('"a":5', '"a":NaN'),
    "not a number/Infinity": SUM.replace('"a":5', '"a":Infinity'),
    "not a number/-Infinity": SUM.replace('"a":5', '"a":-Infinity'),
    "other encodings/byte order mark": b"\xef\xbb\xbf" + SUM.encode(),
    "other encodings/UTF-16": SUM.encode("utf-16"),
    "other encodings/UTF-16 without a mark": SUM.encode("utf-16-le"),
    "other encodings/UTF-32": SUM.encode("utf-32"),
    "invalid UTF-8/byte": SUM.replace("add", "\xff").encode("latin-1"),
    "invalid UTF-8/truncated": SUM.replace("add", "\xe2\x82").encode("latin-1"),
    "invalid UTF-8/overlong": SUM.replace("add", "\xc0\xaf").encode("latin-1"),
    "invalid UTF-8/surrogate": SUM.replace("add", "\xed\xa0\x80").encode("latin-1"),
    "escaped surrogate/method": message("ping").replace("ping", "\\ud800"),
    "escaped surrogate/id": message("ping", id='"\\ud800"'),
    "escaped surrogate/extra argument": SUM.replace('"a":5', '"c":"\\ud800","a":5'),
    "escaped surrogate/name of an argument": SUM.replace('"a":5', '"\\ud800":1,"a":5'),
}

# Of an argument that no tool has.
DEPTHS = [100, 200, 5000]

ACCEPT = {
    "loose/absent": None,
    "empty": "",
    "loose/json": "application/json",
    "event stream": "text/event-stream",
    "loose/anything": "*/*",
    "loose/json, or anything": "application/json, */*",
    "loose/halves": "application/*, text/*",
    "html": "text/html",
    "both/other order": "text/event-stream, application/json",
    "both/with weights": "application/json;q=0.9, text/event-stream;q=0.1",
    "both/without a blank": "application/json,text/event-stream",
    "loose/capitals": "Application/JSON, Text/Event-Stream",
}

CONTENT_TYPE = {
    "other/absent": None,
    "other/empty": "",
    "other/text": "text/plain",
    "other/form": "application/x-www-form-urlencoded",
    "nearly": "application/json-rpc",
    "other/a kind of JSON": "application/vnd.api+json",
    "charset": "application/json; charset=utf-8",
    "charset without a blank": "application/json;charset=UTF-8",
    "another charset": "application/json; charset=latin1",
    "capitals": "Application/JSON",
}

# AgentCore wants 33 characters of a session id.
OTHER_HEADERS = {
    "session/unknown": {"Mcp-Session-Id": "6e7ad2a4-9e5b-4f0e-8b55-2c9c7a1d0f3e"},
    "session/short": {"Mcp-Session-Id": "abc"},
    "session/blanks": {"Mcp-Session-Id": "not an id but thirty-three characters"},
    "origin": {"Origin": "https://example.com"},
    "last event": {"Last-Event-ID": "7"},
    "user agent": {"User-Agent": "corpus/1"},
    "cookie": {"Cookie": "a=1; b=2"},
    "8 kB": {"X-Long": "x" * 8000},
}

METHODS = ["GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"]


def nested(depth, opening, closing):
    return SUM.replace('"a":5', f'"c":{opening * depth}1{closing * depth},"a":5')


def messages():
    yield from (request(f"id/{case}", "ping", id=written) for case, written in IDS.items())
    yield from (raw(f"message/{case}", body) for case, body in MEMBERS.items())
    yield from (raw(f"json/{case}", body) for case, body in JSON.items())
    for depth in DEPTHS:
        yield raw(f"json/nested/lists {depth} deep", nested(depth, "[", "]"))
        yield raw(f"json/nested/objects {depth} deep", nested(depth, '{"x":', "}"))


def http():
    yield from (raw(f"accept/{case}", SUM, Accept=value) for case, value in ACCEPT.items())
    yield from (raw(f"content type/{case}", SUM, Content_Type=value) for case, value in CONTENT_TYPE.items())
    for version in [None, *VERSIONS, *UNKNOWN_VERSIONS]:
        name = "absent" if version is None else version or "empty"
        yield raw(f"version header/{name}", SUM, MCP_Protocol_Version=version)
    yield from (Request(f"header/{case}", SUM.encode(), headers) for case, headers in OTHER_HEADERS.items())
    yield from (Request(f"http/{method}", b"", {}, method) for method in METHODS)


def sizes():
    for megabytes in (3, 5, 7):
        yield call_with(f"size/{megabytes} MB", "add_numbers", a=5, b=3, ignored=json.dumps("A" * megabytes * 10**6))


# Sizes are last: whoever refuses a body may end the connection, and a proxy before it not notice in
# time for the next request.
WIRE = [*messages(), *http(), *sizes()]
