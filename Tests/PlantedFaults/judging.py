"""Tests against one fault: they are run one after the other until one of them fails."""
import dataclasses
import os
import re
import signal
import subprocess
import threading
import time


@dataclasses.dataclass
class Stage:
    """A program of tests, and what a line says where one of them fails."""
    name: str
    command: list
    failure: str
    # The folder of sources whose faults alone it can see; none where it sees all.
    target: str = ""
    # Seconds without a fault.
    seconds: float = 0.0


def stages(binaries):
    """The tests, those first that kill most in least time."""
    bundle = str(binaries / "cnn-trainPackageTests.xctest")
    swift_testing = r"✘ (?P<what>.*?)( recorded an issue.*| failed after.*)?$"
    check = r"(?P<what>Tests/\S+-fuzz --case \S+|.*, \d+: .*|crashed: .*|.* kernels have run; not .*|Fatal error.*)$"

    def suites(*names):
        return [bundle, "--testing-library", "swift-testing", *(part for name in names for part in ("--filter", name))]

    return [
        Stage("GraphsTests", suites("GraphsTests"), swift_testing, "Graphs"),
        Stage("random layers", [str(binaries / "engine-check"), "kernels", "100", "1"], check),
        Stage("random networks", [str(binaries / "engine-check"), "networks", "60", "1"], check),
        Stage("KernelsTests and EngineTests", suites("KernelsTests", "EngineTests") + ["--skip", "RandomCaseTests"], swift_testing),
    ]


def run_stage(stage, number, limit):
    """The test that fails, or how the program ends; nothing where all hold."""
    process = subprocess.Popen(
        stage.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        start_new_session=True, env={**os.environ, "PLANTED_FAULT": str(number)})
    isLate = threading.Event()

    def end(late=False):
        if late:
            isLate.set()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    clock = threading.Timer(limit, end, [True])
    clock.start()
    what = None
    try:
        for line in process.stdout:
            if match := re.match(stage.failure, line.rstrip()):
                what = match["what"][:100]
                end()
                break
        process.stdout.close()
        code = process.wait()
    finally:
        clock.cancel()
        end()
    if isLate.is_set():
        return f"not done after {limit:.0f} s"
    if what:
        return what
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"exit code {code}" if code else None


def measure(all_stages):
    """Runs each stage without a fault; those that fail then say nothing about one.

    Returns what is wrong, if anything is.
    """
    for stage in all_stages:
        start = time.monotonic()
        what = run_stage(stage, 0, 3600)
        stage.seconds = time.monotonic() - start
        print(f"without a fault: {stage.name} {stage.seconds:.0f} s{', fails: ' + what if what else ''}", flush=True)
        if what:
            return f"{stage.name} fails without a fault: {what}"
    return None


def judge(all_stages, fault):
    """The stage that kills the fault and its reason; nothing where it survives."""
    for stage in all_stages:
        if stage.target in ("", fault.target):
            what = run_stage(stage, fault.number, 30 + 5 * stage.seconds)
            if what:
                return stage.name, what
    return None, None
