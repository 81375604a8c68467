#!/usr/bin/env python3
"""What it costs a run to be watched: lenet on Fashion-MNIST, whose steps are the shortest, so that it costs most there.

  launch/build
  Benchmarks/measure_watching.py --program .build/release/cnn-train

Runs of one recipe take turns in an order that alternates: what the machine does besides falls on all of them.
- bare: without report, TensorBoard's files and status page. metrics.jsonl and evaluation.json are always written.
- written: with report and TensorBoard's files, which nobody looks at.
- watched: with all of them, a browser's page open and Prometheus asking each second.
- attacked: bare but for a status page to which up to 200 connections are open, 100 a second of them new: a third says
  nothing, a third asks and reads its answer a byte at a time, a third sends random bytes.

Seconds are those of training, evaluations included. The ratio of each turn is to its bare run; the median is what
counts. Threads that watch have CPU seconds of their own, the writing of evaluation.json included: their share of all
cores' time is the most that they can take from training. Clients take CPU time of the same machine, told apart.
All runs must end with the same parameters. Needs Linux, and Debian's dataset-fashion-mnist.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

BARE = ["--report", "none", "--no-tensorboard"]
# Threads beside training: the observers' and SwiftNIO's.
WATCHING = ("observers", "NIO-")
TICKS = os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="cnn-train, of a release build")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--kinds", default="bare,written,watched,attacked", help="which runs; bare is one of them")
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    turns = []
    for number in range(options.turns):
        order = kinds if number % 2 == 0 else list(reversed(kinds))
        turns.append({kind: run(kind, options) for kind in order})
        print(f"turn {number + 1}: " + ", ".join(f"{kind} {turns[-1][kind].seconds:.3f} s" for kind in kinds), file=sys.stderr)
    digests = {result.digest for turn in turns for result in turn.values()}
    print("| run | seconds | of the bare run's | least and most | CPU of threads that watch | CPU of clients | requests |")
    print("|---|---|---|---|---|---|---|")
    for kind in kinds:
        print(row(kind, turns))
    print(f"\n{options.turns} turns of {options.epochs} epochs, {options.threads} threads")
    if len(digests) > 1:
        sys.exit(f"runs ended with other parameters: {digests}")


def row(kind, turns):
    results = [turn[kind] for turn in turns]
    ratios = [turn[kind].seconds / turn["bare"].seconds for turn in turns]

    def share(number):
        return f"{100 * statistics.median(number(result) / result.capacity for result in results):.2f} %"

    return (f"| {kind} | {statistics.median(result.seconds for result in results):.3f} "
            f"| {100 * (statistics.median(ratios) - 1):+.2f} % "
            f"| {100 * (min(ratios) - 1):+.2f} % to {100 * (max(ratios) - 1):+.2f} % "
            f"| {share(lambda result: result.watching)} | {share(lambda result: result.clients)} "
            f"| {statistics.median(result.requests for result in results):.0f} |")


class Result:
    def __init__(self, final, watching, clients, requests, threads):
        self.seconds, self.digest = final["seconds"], final["parameters_sha256"]
        self.watching, self.clients, self.requests = watching, clients, requests
        # Seconds of all cores.
        self.capacity = self.seconds * threads


def run(kind, options):
    folder = tempfile.mkdtemp(prefix="watching-")
    output = os.path.join(folder, "run")
    command = [options.program, "--model", "lenet", "--data", options.data, "--epochs", str(options.epochs),
               "--threads", str(options.threads), "--output", output, "--progress", "plain",
               *(BARE if kind in ("bare", "attacked") else []),
               *(["--status-port", "0"] if kind in ("watched", "attacked") else [])]
    log = pathlib.Path(folder, "log")
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    audience = {"bare": Nobody, "written": Nobody, "watched": Visitors, "attacked": Attackers}[kind]()
    before, watching = os.times(), {}
    try:
        while process.poll() is None:
            watching.update(thread_seconds(process.pid))
            if not audience.port:
                match = re.search(r"Status page: http://127\.0\.0\.1:(\d+)/", log.read_text())
                if match:
                    audience.come(int(match.group(1)))
            time.sleep(0.05)
    finally:
        audience.leave()
        process.kill()
    after = os.times()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text()}")
    lines = map(json.loads, pathlib.Path(output, "metrics.jsonl").read_text().splitlines())
    final = next(line for line in lines if line["kind"] == "final")
    shutil.rmtree(folder)
    clients = after.user + after.system - before.user - before.system
    return Result(final, sum(watching.values()), clients, audience.requests, options.threads)


def thread_seconds(process):
    """The CPU seconds so far of each thread that watches."""
    seconds = {}
    for task in pathlib.Path(f"/proc/{process}/task").glob("*"):
        try:
            name, fields = (task / "comm").read_text(), (task / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if name.startswith(WATCHING):
            seconds[task.name] = (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


class Nobody:
    requests = 0
    port = None

    def come(self, port):
        self.port = port

    def leave(self):
        pass


class Visitors(Nobody):
    """A page that is open in a browser, and Prometheus."""

    def __init__(self):
        self.end = threading.Event()
        self.report = None

    def come(self, port):
        self.port = port
        self.thread = threading.Thread(target=self.visit)
        self.thread.start()

    def visit(self):
        for path in ["", "status.css", "status.js"]:
            self.ask(path)
        number = 0
        while not self.end.wait(1):
            self.ask("metrics")
            number += 1
            if number % 2:
                continue
            told = json.loads(self.ask("api/run") or "{}").get("report_written")
            if told != self.report:
                self.report = told
                self.ask("report.html")

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
                body = answer.read()
        except OSError:
            # Not yet, or no more.
            return None
        self.requests += 1
        return body

    def leave(self):
        self.end.set()
        if self.port:
            self.thread.join()


class Attackers(Nobody):
    CONNECTIONS = 200
    # Those that are new in a second, and reads of a byte.
    PACE = 100
    PATHS = ["report.html", "status.js", "api/run", "metrics", "../../etc/passwd", "%2e%2e/config.yaml"]

    def __init__(self):
        self.end = threading.Event()
        self.open = []
        self.random = random.Random(1)

    def come(self, port):
        self.port = port
        self.thread = threading.Thread(target=self.attack)
        self.thread.start()

    def attack(self):
        while not self.end.wait(1 / self.PACE):
            if len(self.open) == self.CONNECTIONS:
                self.open.pop(0).close()
            self.connect()
            if self.open:
                self.read(self.random.choice(self.open))
        for connection in self.open:
            connection.close()

    def connect(self):
        connection = socket.socket()
        # A client that does not read fills this, and then the server's.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        said = self.random.choice([
            b"", f"GET /{self.random.choice(self.PATHS)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
            self.random.randbytes(600)])
        try:
            connection.connect(("127.0.0.1", self.port))
            connection.sendall(said)
        except OSError:
            connection.close()
            return
        connection.setblocking(False)
        self.open.append(connection)
        self.requests += 1

    def read(self, connection):
        try:
            if connection.recv(1):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.open.remove(connection)
        connection.close()

    def leave(self):
        self.end.set()
        if self.port:
            self.thread.join()


main()
