"""Two proxies side by side: `mcp-sigv4 proxy`, and AWS's `mcp-proxy-for-aws`, which is Python.

    python proxy_bench.py URL SERVICE MCP_SIGV4 MCP_PROXY_FOR_AWS

Both stand in front of the same URL, are started as MCP clients start them, and are measured in turn by
the same loop. Credentials and region come from the environment; botocore comes with AWS's proxy.
Prints a table; exits 1 where ours does not start much sooner or does not take much less memory.
"""

import json
import os
import platform
import select
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import ExitStack
from importlib.metadata import version
from itertools import count
from statistics import median
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

OURS, THEIRS, DIRECT = "mcp-sigv4", "mcp-proxy-for-aws", "no proxy"
STARTS = {OURS: 30, THEIRS: 15}
ROUNDS = 8
CALLS = {1: 40, 16: 64}  # of a round, by how many are in flight
CALLS_BEFORE_MEMORY = 100
# Far from what is measured, so that a busy machine fails neither.
TIMES_SOONER = 10
SHARE_OF_MEMORY = 0.25

# What MCP clients let a server have of their environment, and what its entry would add.
PASSED = ("HOME", "PATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")

INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}

# Every request has a number of its own, which is also what a call adds one to.
numbers = count(1000)


def message(method, **more):
    return json.dumps({"jsonrpc": "2.0", "method": method, **more}).encode()


def request(method, params):
    return message(method, id=next(numbers), params=params)


def addition():
    number = next(numbers)
    return number, message("tools/call", id=number, params={"name": "add_numbers", "arguments": {"a": number, "b": 1}})


def check(answer):
    text = answer.get("result", {}).get("content", [{}])[0].get("text")
    if text != str(answer["id"] + 1):
        sys.exit(f"FAILED: {answer['id']} + 1 was answered {answer}")


class Proxy:
    """A proxy process, and the other ends of its pipes."""

    def __init__(self, command):
        passed = {name: value for name, value in os.environ.items() if name in PASSED}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=passed)
        self.input, self.output = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def prepare(self, body):
        return body + b"\n"

    def send(self, prepared, _):
        os.write(self.input, prepared)

    def answers(self):
        """The answers that have come, at least one."""
        come = []
        while not come:
            read = os.read(self.output, 1 << 16)
            if not read:
                sys.exit(f"FAILED: {self.process.args[0]} has ended")
            *lines, self.unread = (self.unread + read).split(b"\n")
            said = [json.loads(line) for line in lines]
            come = [(answer, None) for answer in said if "id" in answer]  # the others are notifications
        return come

    def greet(self):
        """Seconds from before exec to the answer to `initialize`, and to that to `tools/list`."""
        took, said = [], []
        for method, params in [("initialize", INITIALIZE), ("tools/list", {})]:
            self.send(self.prepare(request(method, params)), None)
            [(answer, _)] = self.answers()
            took.append(time.perf_counter() - self.began)
            said.append(answer)
            if method == "initialize":
                self.send(self.prepare(message("notifications/initialized")), None)
        if "add_numbers" not in json.dumps(said):
            sys.exit(f"FAILED: {self.process.args[0]} answered {said}")
        return took

    def memory(self, field):
        """Megabytes: VmRSS is what is resident now, VmHWM the most that ever was."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) / 1000 for line in status if line.startswith(field))


class Direct:
    """The same calls without a proxy, as fast as they can be: on connections that are open already,
    and signed before the clock starts. So what a proxy adds is all it does, signing included."""

    def __init__(self, url, service):
        self.url, self.service, self.session = url, service, None
        self.credentials = Session().get_credentials()
        parts = urlsplit(url)
        self.ready = select.poll()
        self.ways = []
        for _ in range(max(CALLS)):
            way = socket.create_connection((parts.hostname, parts.port))
            way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.ready.register(way, select.POLLIN)
            self.ways.append(way)
        self.send(self.prepare(request("initialize", INITIALIZE)), 0)
        head, _ = self.receive(self.ways[0])
        self.session = head.lower().partition(b"mcp-session-id:")[2].split(b"\r\n")[0].strip().decode()

    def prepare(self, body):
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if self.session:
            headers |= {"Mcp-Session-Id": self.session, "MCP-Protocol-Version": INITIALIZE["protocolVersion"]}
        signed = AWSRequest("POST", self.url, headers, body)
        SigV4Auth(self.credentials, self.service, os.environ["AWS_REGION"]).add_auth(signed)
        parts = urlsplit(self.url)
        head = [f"POST {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in signed.headers.items()]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def send(self, prepared, way):
        self.ways[way].sendall(prepared)

    @staticmethod
    def receive(way):
        read = b""
        while True:
            read += way.recv(1 << 16)
            head, end, body = read.partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(f"FAILED: the target answered {read}")
            if end and (whole := unwrapped(head.lower(), body)):
                return head, whole

    def answers(self):
        ready = {descriptor for descriptor, _ in self.ready.poll()}
        return [(json.loads(self.receive(way)[1]), i) for i, way in enumerate(self.ways) if way.fileno() in ready]


def unwrapped(head, body):
    """The body, once it is all there: of the length that was told, or in chunks."""
    length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
    if length:
        return body if len(body) >= int(length) else None
    return b"".join(body.split(b"\r\n")[1::2]) if body.endswith(b"\r\n0\r\n\r\n") else None


def timed(caller, calls, in_flight):
    """Seconds that each call took with so many in flight, and that all took together."""
    waiting = deque((number, caller.prepare(body)) for number, body in (addition() for _ in range(calls)))
    sent, took, answers = {}, [], []

    def send(way):
        number, prepared = waiting.popleft()
        sent[number] = time.perf_counter()
        caller.send(prepared, way)

    began = time.perf_counter()
    for way in range(in_flight):
        send(way)
    while len(answers) < calls:
        for answer, way in caller.answers():
            took.append(time.perf_counter() - sent[answer["id"]])
            answers.append(answer)
            if waiting:
                send(way)
    together = time.perf_counter() - began
    for answer in answers:
        check(answer)
    return took, together


def starts(commands):
    """Median seconds to the first answers, of either proxy. Its very first start warms the disk's cache."""
    measured = {who: [] for who in commands}
    for run in range(1 + max(STARTS.values())):
        for who, command in commands.items():
            if run <= STARTS[who]:
                with Proxy(command) as proxy:
                    measured[who].append(proxy.greet())
    return {who: [median(column) for column in zip(*runs[1:])] for who, runs in measured.items()}


def calls(commands, direct):
    """What calls take, by who makes them and how many are in flight; and what memory the proxies take."""
    with ExitStack() as open_proxies:
        proxies = {who: open_proxies.enter_context(Proxy(command)) for who, command in commands.items()}
        for proxy in proxies.values():
            proxy.greet()
            timed(proxy, CALLS_BEFORE_MEMORY, 1)
        memory = {who: [proxy.memory("VmRSS")] for who, proxy in proxies.items()}
        callers = {**proxies, DIRECT: direct}
        took = {(who, in_flight): ([], []) for who in callers for in_flight in CALLS}
        for _ in range(ROUNDS):
            for in_flight, number in CALLS.items():
                for who, caller in callers.items():
                    each, together = timed(caller, number, in_flight)
                    took[who, in_flight][0].extend(each)
                    took[who, in_flight][1].append(together)
        for who, proxy in proxies.items():
            memory[who].append(proxy.memory("VmHWM"))
    return took, memory


def milliseconds(seconds):
    return f"{seconds * 1000:.{2 if seconds < 0.1 else 0}f} ms"


def p99(values):
    return sorted(values)[len(values) * 99 // 100]


def table(started, took, memory):
    def row(what, value, columns=(OURS, THEIRS, DIRECT)):
        cells = [value(who) if who in columns else "" for who in (OURS, THEIRS, DIRECT)]
        print(f"{what:<36}{''.join(f'{cell:>20}' for cell in cells)}".rstrip())

    proxies = (OURS, THEIRS)
    row("", str)
    row("exec to the answer to initialize", lambda who: milliseconds(started[who][0]), proxies)
    row("exec to the answer to tools/list", lambda who: milliseconds(started[who][1]), proxies)
    row(f"memory after {CALLS_BEFORE_MEMORY} calls", lambda who: f"{memory[who][0]:.1f} MB", proxies)
    row(f"memory at most, {max(CALLS)} in flight", lambda who: f"{memory[who][1]:.1f} MB", proxies)
    for load in CALLS:
        row(f"{load} in flight: median", lambda who: milliseconds(median(took[who, load][0])))
        row("  p99", lambda who: milliseconds(p99(took[who, load][0])))
        row("  calls per second", lambda who: f"{len(took[who, load][0]) / sum(took[who, load][1]):.0f}")
        row("  added to the median", lambda who: milliseconds(added(took, who, load)), proxies)


def added(took, who, load):
    return median(took[who, load][0]) - median(took[DIRECT, load][0])


def main(url, service, ours, theirs):
    options = ["--service", service, "--region", os.environ["AWS_REGION"]]
    commands = {OURS: [ours, "proxy", url, *options], THEIRS: [theirs, url, *options]}
    direct = Direct(url, service)
    for in_flight in CALLS:
        timed(direct, 100, in_flight)  # from here on the target is warm

    started = starts(commands)
    took, memory = calls(commands, direct)

    print(f"{THEIRS} {version(THEIRS)} on fastmcp {version('fastmcp')} and Python {platform.python_version()}; {os.cpu_count()} cores")
    table(started, took, memory)
    sooner = started[THEIRS][0] / started[OURS][0]
    share = memory[OURS][0] / memory[THEIRS][0]
    print(f"\n{OURS} answers first {sooner:.0f} times sooner, takes {share:.0%} of the memory, and adds "
          f"{milliseconds(added(took, OURS, 1))} to a call where {THEIRS} adds {milliseconds(added(took, THEIRS, 1))}")
    if sooner < TIMES_SOONER or share > SHARE_OF_MEMORY:
        sys.exit(f"FAILED: at least {TIMES_SOONER} times sooner and at most {SHARE_OF_MEMORY:.0%} of the memory are expected")


main(*sys.argv[1:])
