"""Calls of tools: their arguments as a whole, their names, and greetings."""

import json

from message import call, call_with, request

# All of `arguments`, for add_numbers.
ARGUMENTS = {
    "empty": "{}",
    "null": "null",
    "misfit/list": "[5, 3]",
    "misfit/string": '"5, 3"',
    "misfit/JSON in a string": '"{\\"a\\": 5, \\"b\\": 3}"',
    "misfit/number": "5",
    "misfit/true": "true",
    "b alone": '{"b": 3}',
    "a alone": '{"a": 5}',
    "a alone, and wrong": '{"a": "five"}',
    "both wrong": '{"a": "five", "b": null}',
    "extra": '{"a": 5, "b": 3, "c": 9}',
    "extra and nested": '{"a": 5, "b": 3, "c": {"a": [1, {"b": null}]}}',
    "of another tool": '{"name": "Alice"}',
    "capitals": '{"A": 5, "B": 3}',
    "other order": '{"b": 3, "a": 5}',
    "empty name": '{"": 1, "a": 5, "b": 3}',
    "prototype": '{"__proto__": {"a": 1}, "a": 5, "b": 3}',
    "names as escapes": '{"\\u0061": 5, "\\u0062": 3}',
    "a twice": '{"a": 1, "a": 5, "b": 3}',
    "10,000 of them": "{%s}" % ",".join(['"a": 5, "b": 3'] + [f'"c{i}": {i}' for i in range(10_000)]),
}

# All of `params` of tools/call.
PARAMS = {
    "misfit/absent": None,
    "misfit/null": "null",
    "misfit/empty": "{}",
    "list": '["add_numbers", {"a": 5, "b": 3}]',
    "string": '"add_numbers"',
    "no arguments": '{"name": "add_numbers"}',
    "misfit/no name": '{"arguments": {"a": 5, "b": 3}}',
    "misfit/name null": '{"name": null, "arguments": {}}',
    "misfit/name a number": '{"name": 5, "arguments": {}}',
    "misfit/name a list": '{"name": ["add_numbers"], "arguments": {}}',
    "extra": '{"name": "add_numbers", "arguments": {"a": 5, "b": 3}, "priority": 1}',
    "progress token": '{"name": "add_numbers", "arguments": {"a": 5, "b": 3}, "_meta": {"progressToken": 7}}',
    "meta null": '{"name": "add_numbers", "arguments": {"a": 5, "b": 3}, "_meta": null}',
    "misfit/meta a string": '{"name": "add_numbers", "arguments": {"a": 5, "b": 3}, "_meta": "x"}',
}

UNKNOWN_TOOLS = {
    "another": "subtract_numbers",
    "empty": "",
    "capitals": "ADD_NUMBERS",
    "blank after": "add_numbers ",
    "emoji": "\U0001f600",
    "long": "x" * 10_000,
    "of Python": "__class__",
}

NAMES = {
    "the guide's": "Alice",
    "two words": "Ada Lovelace",
    "accents": "Zo\u00eb",
    "combining": "Zoe\u0308",
    "cjk": "\u5c71\u7530",
    "right to left": "\u05d3\u05d5\u05d3",
    "emoji": "\U0001f600",
    "joined emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "flag": "\U0001f1ea\U0001f1fa",
    "direction overridden": "\u202ednim\u202c",
    "empty": "",
    "blank": " ",
    "blanks around": "  Alice  ",
    "newline": "Alice\nBob",
    "carriage return": "Alice\r\nBob",
    "tab": "\tAlice",
    "NUL": "Alice\0Bob",
    "control": "\x01\x1b[31m\x7f",
    "line separator": "\u2028\u2029",
    "byte order mark": "\ufeffAlice",
    "noncharacter": "\uffff\U0010ffff",
    "private use": "\ue000",
    "quotes": "\"Alice\" 'Bob'",
    "backslash": "C:\\temp\\n",
    "braces": "{name} {0} {{",
    "percent": "%s %n %00",
    "html": "<script>alert(1)</script>&amp;",
    "sql": "'; DROP TABLE users; --",
    "digits": "5",
    "null in words": "null",
    "JSON": '{"name": "Alice"}',
    "an event": "\n\nevent: message\ndata: {}\n\n",
    "64 kB": "A" * 2**16,
    "1 MB": "A" * 10**6,
    "1 MB of emoji": "\U0001f600" * 250_000,
}

# As JSON writes them, where Python would write them otherwise.
WRITTEN_NAMES = {
    "escaped": '"\\u0041lice"',
    "escaped slash": '"\\/"',
    "escaped pair": '"\\ud83d\\ude00"',
    "surrogates/high": '"\\ud83d"',
    "surrogates/low": '"\\ude00"',
    "surrogates/turned round": '"\\ude00\\ud83d"',
    "types/number": "5",
    "types/true": "true",
    "types/null": "null",
    "types/list": '["Alice"]',
    "types/object": "{}",
}

CALLS = [
    *(call(f"add_numbers/arguments/{case}", "add_numbers", arguments) for case, arguments in ARGUMENTS.items()),
    *(request(f"tools/call/{case}", "tools/call", params) for case, params in PARAMS.items()),
    *(call(f"unknown tool/{case}", tool, "{}") for case, tool in UNKNOWN_TOOLS.items()),
    # Characters as they are; WRITTEN_NAMES has the escapes.
    *(call_with(f"greet_user/{case}", "greet_user", name=json.dumps(name, ensure_ascii=False)) for case, name in NAMES.items()),
    *(call_with(f"greet_user/{case}", "greet_user", name=name) for case, name in WRITTEN_NAMES.items()),
    call("greet_user/none", "greet_user", "{}"),
    call("greet_user/for add_numbers", "greet_user", '{"a": 5, "b": 3}'),
]
