"""What was found, as a page."""

import suite

HEAD = """\
# Proven against software that was written elsewhere

`interop/run` makes this page, and fails where it would be another one. Servers are reached through the front doors of
`local-aws`, which check signatures and policies. Clients that cannot sign go through a forwarder, which signs, names the
host, and keeps to one session of AgentCore; what client and host say to each other it does not touch.

In short: all passes that the official suite asks of a client without OAuth. What it asks of a server and is not served
here is listed with the reason. Each official client works in each era that it speaks. Each difference to the original has
its reason too. What only an AWS account could show is in the last section of the main README.
"""

SUITE = """
## The official conformance suite

`@modelcontextprotocol/conformance` {version}: every scenario of each revision. Left out are those of OAuth, for which
IAM stands in, and of extensions (tasks, skills), which no revision demands. The server is
`local-aws/examples/everything`, a handler with all that the suite asks for, hosted by the same lines as the real tools.
The client is the program `mcp-sigv4`, as `interop/conformance/client.py` runs it. Scenarios passed:

"""

CLIENTS = """
## Clients

Each connects, lists the tools, calls each of them and twenty at once, and has a bad argument and an unknown tool refused,
in each era that it can be told to speak. Numbers beyond 64 bits are exact in Python's; TypeScript's sends them as texts, and
the Inspector, which has JavaScript's numbers and its own list of tools, is spared them and the unknown tool. The cells are
the version that was agreed on. In the last columns a platform drops the headers `Mcp-Method` and `Mcp-Name`: whoever
insists on 2026-07-28 is refused, as the protocol demands, and whoever falls back to the handshake works.

"""

ELSEWHERE = """
The guide's own client library, which signs by itself, passes on both hosts (`interop/guide.sh`). The clients above pass
through `mcp-sigv4 proxy` too, over stdio and by HTTP (`interop/proxy.sh`, which `.ci/run` runs).
"""

ORIGINAL = """
## The original beside ours

The guide's Python server and both hosts get the same requests, from everyday to hostile, and the answers are compared
for what they mean (`interop/original`).

"""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def passed(found, side, host, revision):
    shown = [result.shown() for key, result in found.items() if key[:3] == (side, host, revision)]
    return f"{shown.count('passes')} of {len(shown)}"


def suite_table(found):
    lanes = [("server", host) for host in suite.HOSTS] + [("client", "mcp-sigv4")]
    rows = [[host, *(passed(found, side, host, revision) for revision in suite.REVISIONS)] for side, host in lanes]
    return table(["", *suite.REVISIONS], rows)


def suite_section(found):
    text = SUITE.format(version=suite.VERSION) + suite_table(found)
    text += "\nThe others, which are checked to be these and no more (`interop/conformance/expected.json`):\n\n"
    text += "".join(f"- {line}\n" for line in exceptions(found))
    text += "\nChecks that the suite itself skips in scenarios that pass (AgentCore's door names sessions, whatever the server):\n\n"
    return text + "".join(f"- {line}\n" for line in skipped(found))


def exceptions(found):
    """A line for each reason, hosts and scenarios that do not pass."""
    listed, lanes = suite.expectations(), {}
    for (_, host, revision, scenario), result in found.items():
        if result.shown() != "passes":
            reason = suite.reason(host, revision, scenario, result, listed) or f"NOT LISTED: {result.shown()}"
            lanes.setdefault((scenario, reason), {})[host] = True
    merged = {}
    for (scenario, reason), hosts in lanes.items():
        merged.setdefault((reason, tuple(hosts)), []).append(scenario)
    for (reason, hosts), scenarios in merged.items():
        yield f"{named(scenarios)}, on {where(hosts)}: {reason}"


def skipped(found):
    lanes = {}
    for (_, host, _, scenario), result in found.items():
        if result.shown() == "passes" and result.skipped:
            lanes.setdefault((scenario, tuple(result.skipped)), {})[host] = True
    for (scenario, ids), hosts in lanes.items():
        yield f"{named([scenario])}, on {where(hosts)}: {named(ids)}"


def named(names):
    return ", ".join(f"`{name}`" for name in names)


def where(hosts):
    return "all hosts" if list(hosts) == list(suite.HOSTS) else "; ".join(hosts)


def clients_table(rows):
    hosts = list(dict.fromkeys(row["host"] for row in rows))
    lanes = dict.fromkeys((row["client"], row["version"], row["era"]) for row in rows)
    cells = {(row["client"], row["version"], row["era"], row["host"]): cell(row) for row in rows}
    lines = [[*lane, *(cells[*lane, host] for host in hosts)] for lane in lanes]
    return table(["client", "", "era asked for", *hosts], lines)


def cell(row):
    return (row["agreed"] or "refused") if row["outcome"] == "ok" else "FAILED"


def original_table(found):
    rows = [[host["name"], host["requests"], host["alike"], host["differ"]] for host in found["hosts"]]
    return table(["", "requests", "answered alike", "differently, for reasons below"], rows)


def original_section(found):
    text = ORIGINAL + original_table(found)
    text += "\nWhat differs, which is checked to be this and no more (`interop/original/differences.toml`):\n\n"
    return text + "".join(f"- {difference['reason']}\n" for difference in found["differences"])


def made(suite, clients, original, guide):
    """The page, of what each part found. Of the guide's client that is its faults."""
    return HEAD + suite_section(suite) + CLIENTS + clients_table(clients) + ELSEWHERE + original_section(original)
