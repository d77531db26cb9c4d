"""The original beside ours: the same requests to both, and the answers compared for meaning.

    python compare.py [--json] ORIGINAL_URL NAME=URL [NAME=URL ...]

What may differ is listed in differences.toml, with a reason each. Exits 1 where an answer differs and is
not listed, is listed and does not differ, or where an entry is of no use any more; 2 where a server
cannot be reached.
"""

import argparse
import json
import re
import sys
import tomllib
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from os.path import commonprefix
from pathlib import Path

from ask import Server, Unreachable
from meaning import meaning
from protocol import initialize
from corpus import REQUESTS

LISTED = Path(__file__).with_name("differences.toml")
SHOWN_CHARACTERS = 160
GREETING = initialize("greeting", "2025-11-25")

# What the original and a host of ours answered to one request.
Pair = namedtuple("Pair", "request host original ours")


@dataclass
class Difference:
    """An entry of the list: patterns, of each kind of which one has to match, and the reason."""

    requests: list
    original: list
    ours: list
    reason: str
    hosts: list = field(default_factory=lambda: ["*"])
    explained: list = field(default_factory=list, init=False)

    def is_about(self, pair):
        return one_matches(self.requests, pair.request) and one_matches(self.hosts, pair.host)

    def explains(self, pair):
        return one_matches(self.original, pair.original) and one_matches(self.ours, pair.ours)


def one_matches(patterns, text):
    """In a pattern, * stands for any text. Brackets are brackets, as in JSON."""
    return any(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) for pattern in patterns)


def answers(url):
    """The meaning of the answer to each request of the corpus, in order."""
    server = Server(url)
    greeted = meaning(server.ask(GREETING), GREETING.body)
    if not greeted.startswith("initialize"):
        raise Unreachable(f"greet {url}: {greeted}")
    return [meaning(server.ask(request), request.body) for request in REQUESTS]


def judge(pair, differences):
    """What is wrong with a pair, if anything is. An entry that explains it takes note."""
    entries = [difference for difference in differences if difference.is_about(pair)]
    if pair.original == pair.ours:
        return "LISTED, AND THE SAME" if entries else None
    if not entries:
        return "NOT LISTED"
    if len(entries) > 1:
        return "LISTED TWICE"
    if not entries[0].explains(pair):
        return "LISTED OTHERWISE"
    entries[0].explained.append(pair)
    return None


def needless(difference, hosts):
    """Faults for patterns that match nothing. An entry for hosts that are not compared is left alone."""
    if not any(one_matches(difference.hosts, host) for host in hosts):
        return
    if not difference.explained:
        yield f"OF NO USE: {difference.reason}"
        return
    for kind, patterns in [("request", difference.requests), ("original", difference.original), ("ours", difference.ours)]:
        for pattern in patterns:
            if not any(one_matches([pattern], getattr(pair, kind)) for pair in difference.explained):
                yield f"OF NO USE: {kind} {pattern!r} of: {difference.reason}"


def shown(pair):
    """Both meanings, and of long ones where they begin to differ."""
    start = max(0, len(commonprefix(pair[2:])) - SHOWN_CHARACTERS // 2)
    for text in (pair.original, pair.ours):
        part = text[start : start + SHOWN_CHARACTERS]
        yield text if len(text) <= SHOWN_CHARACTERS else f"…{part}… ({len(text)} characters)"


def fault(what, pair):
    original, ours = shown(pair)
    return f"{what}: {pair.request}\n  original: {original}\n  {pair.host}: {ours}"


def count(host, pairs, differences):
    differ = sum(pair.original != pair.ours for pair in pairs)
    explained = [sum(pair.host == host for pair in difference.explained) for difference in differences]
    return {
        "name": host,
        "requests": len(pairs),
        "alike": len(pairs) - differ,
        "differ": differ,
        "not_explained": differ - sum(explained),
        "reasons": sum(map(bool, explained)),
    }


def summary(counts):
    said = "{name}: {requests} requests, {alike} answered alike, {differ} differ for {reasons} listed reasons".format(**counts)
    return said + (f", {counts['not_explained']} of them for none" if counts["not_explained"] else "")


def told(difference):
    """An entry as the page that shows it wants it, with the first of its requests as the example."""
    pairs = difference.explained
    original, ours = shown(pairs[0])
    return {
        "reason": difference.reason,
        "hosts": list(dict.fromkeys(pair.host for pair in pairs)),
        "requests": list(dict.fromkeys(pair.request for pair in pairs)),
        "example": {"request": pairs[0].request, "original": original, "ours": ours},
    }


def compare(original, ours):
    """The counts by host, the list with what it explains, and the faults."""
    differences = [Difference(**entry) for entry in tomllib.loads(LISTED.read_text(encoding="utf-8"))["difference"]]
    with ThreadPoolExecutor() as pool:
        expected, *given = pool.map(answers, [original, *ours.values()])
    faults, counts = [], []
    for host, got in zip(ours, given):
        pairs = [Pair(request.name, host, *meanings) for request, *meanings in zip(REQUESTS, expected, got)]
        faults += [fault(wrong, pair) for pair in pairs if (wrong := judge(pair, differences))]
        counts.append(count(host, pairs, differences))
    faults += [useless for difference in differences for useless in needless(difference, ours)]
    return counts, differences, faults


def named(argument):
    name, url = argument.split("=", 1)
    return name, url


def main():
    parser = argparse.ArgumentParser(description="Compare the original and ours, request by request")
    parser.add_argument("--json", action="store_true", help="print the numbers and the differences as JSON")
    parser.add_argument("original", metavar="ORIGINAL_URL")
    parser.add_argument("ours", metavar="NAME=URL", nargs="+", type=named)
    arguments = parser.parse_args()
    try:
        counts, differences, faults = compare(arguments.original, dict(arguments.ours))
    except Unreachable as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    if arguments.json:
        listed = [told(difference) for difference in differences if difference.explained]
        print(json.dumps({"hosts": counts, "differences": listed, "faults": faults}, indent=2))
    else:
        # A lone surrogate cannot be printed as it is.
        sys.stdout.reconfigure(errors="backslashreplace")
        print(*faults, *map(summary, counts), sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
