"""Invokes a function as its function URL would, under the Lambda Runtime Interface Emulator.

    invoke.py EMULATOR (arm64 | native | fixture) PROGRAM
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

TIMEOUT = 3


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def event(method, params):
    host = "abc123.lambda-url.us-east-1.on.aws"
    http = {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "rehearsal"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": host, "content-type": "application/json", "accept": "application/json, text/event-stream"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": host,
            "domainPrefix": "abc123",
            "http": http,
            "requestId": "rehearsal",
            "routeKey": "$default",
            "stage": "$default",
            "time": "22/Nov/2026:00:00:00 +0000",
            "timeEpoch": 1795305600000,
        },
        "body": json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
        "isBase64Encoded": False,
    }


class Function:
    def __init__(self, emulator, program):
        self.port = free_port()
        addresses = [
            f"--runtime-interface-emulator-address=127.0.0.1:{self.port}",
            f"--runtime-api-address=127.0.0.1:{free_port()}",
        ]
        limits = {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(TIMEOUT), "AWS_LAMBDA_FUNCTION_NAME": "rust-mcp"}
        self.process = subprocess.Popen([emulator, *addresses, program], env=os.environ | limits)

    def __enter__(self):
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise TimeoutError("the emulator does not listen")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def invoke(self, method, params):
        """What the platform gets: the function's response, or an error in its place."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        payload = json.dumps(event(method, params)).encode()
        try:
            with urllib.request.urlopen(url, payload, timeout=30) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        print(params.get("name", method), text)
        return text

    def call(self, tool, **arguments):
        """The JSON-RPC message that a caller of the URL gets."""
        response = json.loads(self.invoke("tools/call", {"name": tool, "arguments": arguments}))
        assert response["statusCode"] == 200, response
        return json.loads(response["body"])


def answers(function):
    for tool, arguments, expected in [
        ("add_numbers", {"a": 5, "b": 3}, "8"),
        ("multiply_numbers", {"a": 4, "b": 7}, "28"),
        ("greet_user", {"name": "Alice"}, "Hello, Alice! Nice to meet you."),
    ]:
        result = function.call(tool, **arguments)["result"]
        assert result["content"][0]["text"] == expected and not result["isError"], result


def survives(function):
    first = function.call("pid")["result"]["content"][0]["text"]
    assert function.call("panic")["result"]["isError"], "a panic is a tool error"
    assert function.call("pid")["result"]["content"][0]["text"] == first, "the process outlives a panic"

    late = function.invoke("tools/call", {"name": "sleep", "arguments": {"milliseconds": TIMEOUT * 10_000}})
    assert "timed out" in late.lower(), late
    second = function.call("pid")["result"]["content"][0]["text"]
    assert second != first, "a new process after a timeout"

    crashed = function.invoke("tools/call", {"name": "crash", "arguments": {}})
    assert "exit status 3" in crashed, crashed
    assert function.call("pid")["result"]["content"][0]["text"] != second, "a new process after a crash"


emulator, run, program = sys.argv[1:]
with Function(emulator, program) as function:
    survives(function) if run == "fixture" else answers(function)
print("ok:", run)
