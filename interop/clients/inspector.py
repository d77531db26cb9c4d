"""The MCP Inspector's command line at work, which is to be on the PATH. How to start it, and what it
checks, is in checks.py. Each question is a run of its own, which ends by itself."""

import asyncio
import json
import os
import tempfile
from contextlib import asynccontextmanager

import checks

ERAS = {checks.HANDSHAKE: "legacy", checks.MODERN: "modern", checks.AUTO: "auto"}


class Inspector(checks.Client):
    # Whatever is to be an integer it makes a number of JavaScript's: digits are lost, words are null.
    carries_big_integers = False
    five = "null"
    # It looks in the list of tools, and asks no host for what is not there.
    unknown_tool = "tool_not_found"

    def __init__(self, run, version):
        super().__init__(version)
        self.run = run

    async def tools(self):
        return {tool["name"]: tool["description"] for tool in (await self.run("tools/list"))["result"]["tools"]}

    async def call(self, tool, arguments):
        answer = (await self.run("tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)))["result"]
        return answer["content"][0]["text"], answer.get("structuredContent", {}).get("result"), answer["isError"]

    async def right_at_once(self, count):
        load = ["--load", "--load-requests", str(count), "--load-concurrency", str(count)]
        return (await self.run("tools/call", "--tool-name", "add_numbers", "--tool-arg", "a=5", "b=3", *load))["result"]["ok"]


def refusal(complaint):
    try:
        error = json.loads(complaint)["error"]
    except ValueError:
        return RuntimeError(complaint)
    return checks.Refused(error["code"], error["message"])


def runner(options, directory):
    """What runs the Inspector and reads its answer; it keeps its files in this directory."""

    async def run(method, *more):
        command = ["mcp-inspector", "--cli", "--quiet", "--format", "json", "--method", method, *more, *options]
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | {"MCP_STORAGE_DIR": directory},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        answer, complaint = await process.communicate()
        # A tool that fails is told of in both places.
        if answer:
            return json.loads(answer)
        raise refusal(complaint.decode())

    return run


@asynccontextmanager
async def connected(era, command, *arguments):
    # All that has a hyphen the Inspector takes for its own, before -- at least.
    variables = [option for variable in checks.environment().items() for option in ("-e", "=".join(variable))]
    over_stdio = [*variables, "--", command, *arguments]
    target = ["--server-url", command] if checks.is_url(command) else over_stdio
    with tempfile.TemporaryDirectory() as directory:
        run = runner(["--protocol-era", ERAS[era], *target], directory)
        yield Inspector(run, (await run("initialize"))["result"]["protocolVersion"])


if __name__ == "__main__":
    checks.main(connected)
