#!/usr/bin/env python3
"""Kills a training run again and again, and compares its end with that of a run that nobody killed.

LeNet on Fashion-MNIST under `mpirun -n 4`, a checkpoint every 20 steps. At random moments either the whole run (mpirun and all ranks) or one
rank alone is killed with SIGKILL; the run is then resumed on 1, 2 or 4 ranks, until it has been killed so often, and then to its end. The
digests of all parameters (`parameters_sha256` of the last line of metrics.jsonl) must be the same.

    Tests/KillTests/kill_and_resume.py --program .build/release/cnn-train [--kills 30] [--seed 1] [--steps 4000] [--data fashion-mnist]

It needs `. launch/env` and, for the data, Debian's dataset-fashion-mnist. Moments are drawn from the seed; what they hit is up to the machine.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--every", type=int, default=20, help="steps between two checkpoints")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--model", default="lenet")
    parser.add_argument("--folder", help="where runs go; a temporary folder otherwise, removed at the end")
    return parser.parse_args()


class Run:
    """A run in its folder, whatever becomes of the processes that work on it."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder

    def start(self, ranks):
        command = [
            "mpirun", "-n", str(ranks), self.options.program, "--model", self.options.model, "--data",
            self.options.data, "--batch-size", str(self.options.batch_size), "--steps", str(self.options.steps),
            "--lr", "0.1", "--threads", "1", "--log-every", "20", "--output", self.folder, "--checkpoint-every",
            f"{self.options.every}steps", "--keep-last", "3", "--resume"]
        self.log = open(self.folder + ".log", "a")
        # A session of its own, so that all of it can be found and killed.
        return subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)

    def records(self):
        try:
            with open(self.folder + "/metrics.jsonl") as file:
                lines = file.read().split("\n")
        except FileNotFoundError:
            return []
        records = []
        for line in lines:
            try:
                records.append(json.loads(line))
            except ValueError:
                pass
        return records

    def end(self):
        records = self.records()
        if not records or records[-1]["kind"] != "final":
            sys.exit(f"{self.folder} did not come to its end; see {self.folder}.log")
        # Of every step one line, in order: no step was told twice or left out.
        steps = [record["step"] for record in records if record["kind"] == "train"]
        if steps != sorted(set(steps)):
            sys.exit(f"{self.folder}: steps are told as {steps}")
        losses = [record["loss"] for record in records if record["kind"] in ("train", "evaluation")]
        return records[-1]["parameters_sha256"], losses


def ranks_of(launcher):
    """The processes of cnn-train that mpirun has started."""
    children = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(launcher)], capture_output=True, text=True)
    return [int(line.split()[0]) for line in children.stdout.splitlines() if "cnn-train" in line]


def kill(process, moment, alone):
    """Waits for the moment and kills. False where the run had ended before."""
    end = time.monotonic() + moment
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    if alone is not None:
        ranks = ranks_of(process.pid)
        if not ranks:
            alone = None
        else:
            os.kill(sorted(ranks)[alone % len(ranks)], signal.SIGKILL)
    if alone is None:
        for rank in ranks_of(process.pid):
            os.kill(rank, signal.SIGKILL)
        process.kill()
    # A rank that is left alone must not stay: mpirun ends the others.
    process.wait(timeout=120)
    return True


def main():
    options = arguments()
    dice = random.Random(options.seed)
    folder = options.folder or tempfile.mkdtemp(prefix="kill-and-resume-")
    os.makedirs(folder, exist_ok=True)

    whole = Run(options, folder + "/whole")
    begin = time.monotonic()
    if whole.start(4).wait() != 0:
        sys.exit(f"the run that nobody kills failed; see {whole.folder}.log")
    seconds = time.monotonic() - begin
    expected = whole.end()
    print(f"never killed: {expected[0]} in {seconds:.1f} s")

    run = Run(options, folder + "/killed")
    kills, early = 0, 0
    ranks = 4
    while kills < options.kills:
        # From before the first step on, and so that there is something left to kill.
        moment = dice.uniform(0.2, max(2 * seconds / options.kills, 4))
        alone = dice.choice([None, 0, 1, 2, 3])
        process = run.start(ranks)
        if not kill(process, moment, alone):
            if process.returncode != 0:
                sys.exit(f"a resumed run failed by itself; see {run.folder}.log")
            # It came to its end: once more from the middle, which is what is left of it then.
            early += 1
            shutil.rmtree(run.folder)
            continue
        kills += 1
        steps = [record["step"] for record in run.records()]
        what = "the whole run" if alone is None else "one rank"
        print(f"kill {kills}: {what} of {ranks} ranks after {moment:.2f} s, told of step {max(steps, default=0)}")
        ranks = dice.choice([1, 2, 4])
    if run.start(ranks).wait() != 0:
        sys.exit(f"the last resumed run failed; see {run.folder}.log")
    found = run.end()
    print(f"killed {kills} times: {found[0]}" + (f" ({early} runs ended before)" if early else ""))
    if found != expected:
        sys.exit(f"the ends differ; see {folder}")
    print("the same bits, and the same losses on the way")
    if not options.folder:
        shutil.rmtree(folder)


main()
