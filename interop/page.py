"""What was found, as a page."""

import suite

HEAD = """\
# Tested against software from elsewhere

`interop/run` makes this page, and fails where it would be another one. AgentCore and Lambda are here the front doors that
`local-aws` simulates, with their checks of signatures and policies: nothing on this page ran on AWS
([what is not verified](../README.md#what-is-not-verified)). Clients that cannot sign go through a forwarder, which signs,
names the host, and keeps to one session of AgentCore; what client and host say to each other it does not touch.

In short: all passes that the official suite asks of a client without OAuth. What it asks of a server and is not served
here is listed with the reason. Each official client works in each revision of the protocol that it speaks. Each difference
to the original has its reason too.
"""

SUITE = """
## The official conformance suite

`@modelcontextprotocol/conformance` {version}: every scenario of these revisions of the protocol. Left out are those of
OAuth, for which IAM stands in, and of extensions (tasks, skills), which no revision demands. The server is
`local-aws/examples/everything`, a handler with all that the suite asks for, hosted by the same lines as the real tools;
with sessions is `--sessions`. The client is the program `mcp-sigv4`, as `interop/conformance/client.py` runs it. Scenarios
passed:

"""

CLIENTS = """
## Clients

Each connects, lists the tools, calls each of them and twenty at once, and has a bad argument and an unknown tool refused,
in each revision that it can be told to speak: 2025-11-25, which begins with a handshake, 2026-07-28, which has none, or
whichever it finds (auto). Numbers beyond 64 bits are exact in Python's; TypeScript's sends them as texts, and the Inspector,
which has JavaScript's numbers and its own list of tools, is spared them and the unknown tool. The cells are the revision
that was agreed on. The last columns show what happens where a platform drops the headers `Mcp-Method` and `Mcp-Name`, which
AWS names among those that AgentCore passes on: whoever insists on 2026-07-28 is refused, as the protocol demands, and
whoever falls back to the handshake works.

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
    text += table(["scenarios", "revisions", "hosts", "reason"], exceptions(found))
    text += "\nChecks that the suite itself skips in scenarios that pass (AgentCore gives each client a session id, whatever the"
    text += "\nserver):\n\n"
    return text + "".join(f"- {line}\n" for line in skipped(found))


def exceptions(found):
    """A row for each reason, by the scenarios, revisions and hosts that do not pass for it."""
    listed, lanes = suite.expectations(), {}
    for (_, host, revision, scenario), result in found.items():
        if result.shown() != "passes":
            reason = suite.reason(host, revision, scenario, result, listed) or f"NOT LISTED: {result.shown()}"
            for lane, of in zip(lanes.setdefault(reason, ({}, {}, {})), (scenario, revision, host)):
                lane[of] = True
    for reason, (scenarios, revisions, hosts) in lanes.items():
        yield named(scenarios), ", ".join(sorted(revisions)), where(hosts), reason


def skipped(found):
    lanes = {}
    for (_, host, _, scenario), result in found.items():
        if result.shown() == "passes" and result.skipped:
            lanes.setdefault((scenario, tuple(result.skipped)), {})[host] = True
    for (scenario, ids), hosts in lanes.items():
        yield f"{named([scenario])} ({where(hosts)}): {named(ids)}"


def named(names):
    return ", ".join(f"`{name}`" for name in names)


def where(hosts):
    return "all hosts" if list(hosts) == list(suite.HOSTS) else "; ".join(hosts)


def clients_table(rows):
    hosts = list(dict.fromkeys(row["host"] for row in rows))
    lanes = dict.fromkeys((row["client"], row["version"], row["era"]) for row in rows)
    cells = {(row["client"], row["version"], row["era"], row["host"]): cell(row) for row in rows}
    lines = [[*lane, *(cells[*lane, host] for host in hosts)] for lane in lanes]
    return table(["client", "", "asked for", *hosts], lines)


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
