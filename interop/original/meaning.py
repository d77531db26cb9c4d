"""What an answer means, as one line of text: equal where a client would see no difference.

    accepted                                      a 202
    result "8", structured {"result": 8}          of a tool; integers at any size
    tool error about a, b                         the arguments that its text names
    tools add_numbers(a: integer, b: integer)...  names, order, arguments, results, descriptions
    initialize 2025-11-25, tools                  the version, and whether there are tools
    result {}                                     of any other method
    error -32601                                  a JSON-RPC error under a 200
    refused 400 with -32700                       an HTTP error; a 400 with its JSON-RPC error
    stream                                        one that stays open
    200 without an answer, no answer              an empty one, and none at all

Whether it comes as JSON or as an event is left out.
"""

import json
import re
import sys

# Enough for every answer; a million digits would take Python seconds.
sys.set_int_max_str_digits(10_000)

# What a client may keep and for how long, which is no part of the answer.
HINTS = ("_meta", "ttlMs", "cacheScope", "resultType")
# A line that starts with a name and says no more, or says it after a colon.
NAMED = re.compile(r"^(\w+)(?::|$)", re.MULTILINE)


def meaning(answer, sent):
    """The meaning of an answer, or of None, to the body that was sent."""
    if answer is None:
        return "no answer"
    if answer.body is None:
        return "stream"
    if answer.status == 202:
        return "accepted"
    message = message_in(answer)
    code = message.get("error", {}).get("code")
    if answer.status == 400 and code is not None:
        return f"refused 400 with {code}"
    if answer.status != 200:
        return f"refused {answer.status}"
    if not message:
        return "200 without an answer"
    said = f"error {code}" if code is not None else result(message["result"])
    return said + under(message.get("id"), sent)


def message_in(answer):
    """The JSON-RPC answer in a body; empty where there is none."""
    texts = [answer.body]
    if answer.content_type.startswith("text/event-stream"):
        texts = [line[len(b"data:") :] for line in answer.body.splitlines() if line.startswith(b"data:")]
    for text in texts:
        try:
            message = json.loads(text)
        except ValueError:
            continue
        if isinstance(message, dict) and ("result" in message or "error" in message):
            return message
    return {}


def under(got, sent):
    """Nothing where the answer has the id that was sent, or it cannot be told which that was."""
    try:
        asked = json.loads(sent)["id"]
    except (ValueError, RecursionError):
        return ""
    return "" if got == asked else f", under the id {written(got)}"


def result(value):
    if "protocolVersion" in value:
        return f"initialize {value['protocolVersion']}, {'tools' if 'tools' in value['capabilities'] else 'no tools'}"
    if "tools" in value:
        more = ", and more" if value.get("nextCursor") is not None else ""
        return f"tools {'; '.join(map(tool, value['tools']))}{more}"
    if "content" in value:
        return of_call(value)
    return f"result {written({name: member for name, member in value.items() if name not in HINTS})}"


def of_call(value):
    texts = [block["text"] if block["type"] == "text" else written(block) for block in value["content"]]
    if value.get("isError"):
        names = sorted(set(NAMED.findall("\n".join(texts))))
        return f"tool error about {', '.join(names)}" if names else "tool error"
    return f"result {', '.join(map(written, texts))}, structured {written(value.get('structuredContent'))}"


def tool(listed):
    gives = members(listed.get("outputSchema", {}))
    return f"{listed['name']}({members(listed['inputSchema'])}) -> ({gives}) {written(listed['description'])}"


def members(schema):
    """Each property and its type, with a question mark where it may be left out."""
    required = schema.get("required", [])
    properties = sorted(schema.get("properties", {}).items())
    return ", ".join(f"{name}{'' if name in required else '?'}: {of['type']}" for name, of in properties)


def written(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
