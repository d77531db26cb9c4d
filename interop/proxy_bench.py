"""Two proxies side by side: `mcp-sigv4 proxy` and AWS's `mcp-proxy-for-aws`, in front of one target.

    python proxy_bench.py URL SERVICE MCP_SIGV4 MCP_PROXY_FOR_AWS

Credentials and region come from the environment. Needs botocore, which AWS's proxy brings along.
Exits 1 where ours does not start much faster or does not take much less memory.
"""

import json
import os
import platform
import select
import socket
import statistics
import subprocess
import sys
import time
from collections import deque
from importlib.metadata import version
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

STARTS = {"ours": 30, "theirs": 15}
ROUNDS = 8
CALLS = {1: 40, 16: 64}  # in a round, by how many are in flight
CALLS_BEFORE_MEMORY = 100
# Far from what is measured, so that no busy machine fails this.
STARTS_FASTER = 10
SHARE_OF_MEMORY = 0.25

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "proxy-bench", "version": "1"},
}


def message(method, params=None, id=None):
    said = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        said["id"] = id
    if params is not None:
        said["params"] = params
    return json.dumps(said).encode()


def add_one(number):
    return message("tools/call", {"name": "add_numbers", "arguments": {"a": number, "b": 1}}, id=number)


def check(answer, number):
    """That this is the answer to `add_one(number)`: looked at after the clock has stopped."""
    answer = json.loads(answer)
    text = answer.get("result", {}).get("content", [{}])[0].get("text")
    if answer["id"] != number or text != str(number + 1):
        raise SystemExit(f"FAILED: {number} + 1 was answered {answer}")


class Proxy:
    """A proxy process, and the other end of its pipes."""

    def __init__(self, command):
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.input, self.output = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.unread = b""

    def say(self, said):
        os.write(self.input, said + b"\n")

    def lines(self):
        """All whole lines that have come, at least one."""
        while b"\n" not in self.unread:
            read = os.read(self.output, 1 << 16)
            if not read:
                raise SystemExit(f"FAILED: {self.process.args[0]} has ended")
            self.unread += read
        *lines, self.unread = self.unread.split(b"\n")
        return lines

    def ask(self, said, id):
        self.say(said)
        while True:
            for line in self.lines():
                if json.loads(line).get("id") == id:
                    return json.loads(line)

    def greet(self):
        """Seconds from before exec to the answer to `initialize`, and to that to `tools/list`."""
        answers = [self.ask(message("initialize", INITIALIZE, id=0), 0)]
        greeted = time.perf_counter() - self.began
        self.say(message("notifications/initialized"))
        answers.append(self.ask(message("tools/list", {}, id=1), 1))
        listed = time.perf_counter() - self.began
        if "add_numbers" not in str(answers):
            raise SystemExit(f"FAILED: {self.process.args[0]} answered {answers}")
        return greeted, listed

    def call(self, numbers, in_flight):
        """Seconds that each call took, with so many in flight, and the seconds of all together."""
        waiting, sent, latencies, answers = deque(numbers), {}, [], []
        said = {number: add_one(number) + b"\n" for number in numbers}
        began = time.perf_counter()
        for _ in range(in_flight):
            number = waiting.popleft()
            sent[number] = time.perf_counter()
            os.write(self.input, said[number])
        while len(answers) < len(numbers):
            for line in self.lines():
                now = time.perf_counter()
                number = json.loads(line).get("id")
                if number is None:
                    continue  # a notification
                latencies.append(now - sent[number])
                answers.append((line, number))
                if waiting:
                    number = waiting.popleft()
                    sent[number] = time.perf_counter()
                    os.write(self.input, said[number])
        took = time.perf_counter() - began
        for answer in answers:
            check(*answer)
        return latencies, took

    def memory(self, what):
        """Bytes: VmRSS is what is resident now, VmHWM the most that ever was."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(what))

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Direct:
    """The same calls without a proxy, as fast as they can be made at all: every request is signed
    before the clock starts, so that what a proxy adds includes what its signing takes, and goes out
    on a connection that is open already."""

    def __init__(self, url, service):
        self.url, self.service, self.region = url, service, os.environ["AWS_REGION"]
        self.credentials = Session().get_credentials()
        self.address = urlsplit(url).hostname, urlsplit(url).port
        self.session = None
        self.sockets = [self.connect() for _ in range(max(CALLS))]
        said = message("initialize", INITIALIZE, id=0)
        self.sockets[0].sendall(self.request(said))
        head, _ = self.answer(self.sockets[0], b"")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"mcp-session-id:"):
                self.session = line.split(b":", 1)[1].strip().decode()

    def connect(self):
        connected = socket.create_connection(self.address)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def request(self, body):
        """The bytes of a signed request."""
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": INITIALIZE["protocolVersion"],
        }
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        signed = AWSRequest("POST", self.url, headers, body)
        SigV4Auth(self.credentials, self.service, self.region).add_auth(signed)
        parts = urlsplit(self.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        head = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in signed.headers.items()]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    @staticmethod
    def answer(connected, read):
        """Head and body, once they are all there."""
        while True:
            read += connected.recv(1 << 16)
            head, end, body = read.partition(b"\r\n\r\n")
            if end:
                if b"chunked" in head:
                    if body.endswith(b"\r\n0\r\n\r\n"): return head, body.split(b"\r\n")[1]
                    continue
                length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
                if not head.startswith(b"HTTP/1.1 200") or not length:
                    raise SystemExit(f"FAILED: the target answered {read}")
                if len(body) >= int(length):
                    return head, body

    def call(self, numbers, in_flight):
        waiting, sent, latencies, answers = deque(numbers), {}, [], []
        said = {number: self.request(add_one(number)) for number in numbers}
        open_sockets = {connected.fileno(): connected for connected in self.sockets[:in_flight]}
        ready = select.poll()
        under_way = {}
        began = time.perf_counter()

        def send(connected):
            number = waiting.popleft()
            under_way[connected.fileno()] = number
            sent[number] = time.perf_counter()
            connected.sendall(said[number])

        for descriptor, connected in open_sockets.items():
            ready.register(descriptor, select.POLLIN)
            send(connected)
        while len(answers) < len(numbers):
            for descriptor, _ in ready.poll():
                connected = open_sockets[descriptor]
                _, body = self.answer(connected, b"")
                number = under_way.pop(descriptor)
                latencies.append(time.perf_counter() - sent[number])
                answers.append((body, number))
                if waiting:
                    send(connected)
        took = time.perf_counter() - began
        for answer in answers:
            check(*answer)
        return latencies, took


def starts(commands):
    """What `greet` says, run after run, the one proxy and the other in turn."""
    measured = {who: [] for who in commands}
    for run in range(-1, max(STARTS.values())):
        for who, command in commands.items():
            if run < STARTS[who]:
                proxy = Proxy(command)
                greeted = proxy.greet()
                proxy.end()
                if run >= 0:  # the first is for the disk
                    measured[who].append(greeted)
    return {who: [statistics.median(column) for column in zip(*runs)] for who, runs in measured.items()}


def main(url, service, ours, theirs):
    began = time.perf_counter()
    options = ["--service", service, "--region", os.environ["AWS_REGION"]]
    commands = {"ours": [ours, "proxy", url, *options], "theirs": [theirs, url, *options]}

    direct = Direct(url, service)
    next_number = iter(range(1000, 10**9))
    numbers = lambda count: [next(next_number) for _ in range(count)]
    for in_flight in CALLS:
        direct.call(numbers(10 * in_flight), in_flight)  # all of the target is warm now

    started = starts(commands)

    proxies = {who: Proxy(command) for who, command in commands.items()}
    memory = {}
    for who, proxy in proxies.items():
        proxy.greet()
        proxy.call(numbers(CALLS_BEFORE_MEMORY), 1)
        memory[who] = proxy.memory("VmRSS")
        proxy.call(numbers(32), 16)
    callers = {**proxies, "direct": direct}
    latencies = {(who, load): [] for who in callers for load in CALLS}
    seconds = dict.fromkeys(latencies, 0.0)
    for _ in range(ROUNDS):
        for load, calls in CALLS.items():
            for who, caller in callers.items():
                measured, took = caller.call(numbers(calls), load)
                latencies[who, load] += measured
                seconds[who, load] += took
    most = {who: proxy.memory("VmHWM") for who, proxy in proxies.items()}
    for proxy in proxies.values():
        proxy.end()
    print(started, memory, most)
    for key in latencies:
        l = sorted(latencies[key])
        print(key, "median", 1000*statistics.median(l), "p99", 1000*l[int(len(l)*.99)], "per s", len(l)/seconds[key])
    print(time.perf_counter()-began)


main(*sys.argv[1:])
