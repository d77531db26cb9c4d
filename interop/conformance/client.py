"""What the conformance suite tests as a client: the program `mcp-sigv4`, run as each scenario needs it.

    python client.py PROGRAM URL        started by the suite, which says in the environment what it wants

Exits with 1 where the program does.
"""

import json
import os
import subprocess
import sys

scenario = os.environ["MCP_CONFORMANCE_SCENARIO"]
context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
stateless = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION") == "2026-07-28"

ASK_BACK = ("test_mrtr_echo_state", "test_mrtr_unrelated", "test_mrtr_no_state", "test_mrtr_no_result_type")


def run(command, *arguments):
    """What it prints, as JSON; what it says of an error is the suite's to show."""
    program, url = sys.argv[1:]
    protocol = ["--protocol", "2026-07-28" if stateless else "initialize"]
    done = subprocess.run([program, command, "--output", "json", *protocol, url, *arguments], stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"{command} {arguments} exits with {done.returncode}")
    return json.loads(done.stdout)


def call(tool, arguments, *options):
    return run("call", tool, "--json", json.dumps(arguments), *options)


tools = {tool["name"]: tool for tool in run("tools")}
match scenario:
    case "initialize" | "request-metadata" | "json-schema-ref-no-deref":
        pass
    case "tools_call":
        call("add_numbers", {"a": 5, "b": 3})
    case "sse-retry":
        call("test_reconnection", {})
    case "elicitation-sep1034-client-defaults":
        call("test_client_elicitation_defaults", {}, "--accept-defaults")
    case "sep-2322-client-request-state":
        for tool in ASK_BACK:
            call(tool, {}, "--accept-defaults")
    case "http-standard-headers":
        for tool in tools:
            call(tool, {})
    case "http-custom-headers":
        for wanted in context["toolCalls"]:
            call(wanted["name"], wanted["arguments"])
    case "http-invalid-tool-headers":
        # All that are listed: the client has left out what it must not call.
        for tool in tools:
            call(tool, {"region": "us-west1"})
    case "json-schema-2020-12-preservation":
        call("json_schema_echo", {"schema": tools["json_schema_2020_12_tool"]["inputSchema"]})
    case _:
        sys.exit(f"no command for the scenario {scenario}")
