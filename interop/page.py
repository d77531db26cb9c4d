"""What was found, as a page."""

from pathlib import Path

import suite

HEAD = """\
# Proven against software that was written elsewhere

`interop/run` makes this page and fails where it would be another one. All of it goes through the front doors
of `local-aws`, which check signatures and policies; clients that cannot sign reach them through a forwarder
that signs and changes nothing else. What an AWS account would add is in the last section of the main README.
"""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def passed(found, side, host, revision):
    outcomes = [outcome for key, outcome in found.items() if key[:3] == (side, host, revision)]
    return f"{sum(outcome == [] for outcome in outcomes)} of {len(outcomes)}"


def suite_section(found):
    lanes = [("server", host) for host in suite.HOSTS] + [("client", "mcp-sigv4")]
    rows = [[host, *(passed(found, side, host, revision) for revision in suite.REVISIONS)] for side, host in lanes]
    text = f"""
## The official conformance suite

`@modelcontextprotocol/conformance` {suite.VERSION}: every scenario of each revision but those of OAuth, for which IAM
stands in. The server is `local-aws/examples/everything`, a handler with all that the suite asks for, hosted by the
same lines as the real tools. The client is the program `mcp-sigv4`, as `interop/conformance/client.py` runs it.
Scenarios passed:

"""
    text += table(["", *suite.REVISIONS], rows)
    text += "\nThe others, which are checked to be these and no more (`interop/conformance/expected.json`):\n\n"
    return text + "".join(f"- {line}\n" for line in exceptions(found))


def exceptions(found):
    """A line for each reason: which scenarios, on which hosts."""
    listed, by_reason = suite.expectations(), {}
    for (_, host, revision, scenario), outcome in found.items():
        if outcome != []:
            outcome, reason = listed.get((host, revision, scenario), (outcome, "Not listed."))
            hosts, scenarios = by_reason.setdefault(reason, ({}, {}))
            hosts[host] = scenarios[scenario] = True
    for reason, (hosts, scenarios) in by_reason.items():
        where = "all hosts" if list(hosts) == suite.HOSTS else " and ".join(hosts)
        yield f"{', '.join(f'`{scenario}`' for scenario in scenarios)} ({where}): {reason}"


def clients_section(rows):
    hosts = list(dict.fromkeys(row["host"] for row in rows))
    lanes = dict.fromkeys((row["client"], row["version"], row["era"]) for row in rows)
    said = {(row["client"], row["version"], row["era"], row["host"]): outcome(row) for row in rows}
    cells = [[*lane, *(said[*lane, host] for host in hosts)] for lane in lanes]
    text = """
## Clients

Each connects, lists the tools, calls each, and gets a bad argument, an unknown tool and a number beyond 64 bits right,
in each era that it can be told to speak. The version is what was agreed on. The last columns are what becomes of it
where a platform drops the headers `Mcp-Method` and `Mcp-Name`: whoever insists on 2026-07-28 is refused with -32020, as
the protocol demands, and whoever falls back to the handshake works. The guide's own client library, which signs by
itself, passes on both hosts too (`interop/guide.sh`), and so do all of these through `mcp-sigv4 proxy`
(`interop/proxy.sh`).

"""
    return text + table(["client", "", "era asked for", *hosts], cells)


def outcome(row):
    if row["outcome"] != "ok":
        return f"FAILED: {row['outcome']}"
    agreed = row["said"]
    return agreed if len(agreed) == len("2026-07-28") else "refused"


def original_section(found):
    text = """
## The original beside ours

The guide's Python server and both hosts get the same requests, from everyday to hostile, and the answers are compared
for what they mean (`interop/original`).

"""
    rows = [[host["name"], host["requests"], host["alike"], host["differ"]] for host in found["hosts"]]
    text += table(["", "requests", "answered alike", "otherwise"], rows)
    text += "\nWhat differs, which is checked to be this and no more (`interop/original/differences.toml`):\n\n"
    return text + "".join(f"- {difference['reason']}\n" for difference in found["differences"])


def made(suite, clients, original, guide=None):
    """The page. The guide's client has no figures: where it fails there is no page."""
    return HEAD + suite_section(suite) + clients_section(clients) + original_section(original)
