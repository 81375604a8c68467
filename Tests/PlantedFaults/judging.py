"""Tests against one fault: they are run one after the other until one of them fails."""
import dataclasses
import os
import pathlib
import re
import resource
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
    # Seconds of processor time without a fault.
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


def processor_seconds(session):
    """The processor time of a session's processes and of their children that have ended."""
    ticks = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(session):
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Watch(threading.Thread):
    """Ends a session that has used more processor time than `limit`, or none for two minutes, as where all of its threads wait.

    Processor time, for other programs on the machine must not change what is found.
    """

    def __init__(self, session, limit):
        super().__init__(daemon=True)
        self.session = session
        self.limit = limit
        self.is_over = threading.Event()
        self.found = None

    def end(self):
        try:
            os.killpg(self.session, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def run(self):
        last, since = 0.0, time.monotonic()
        while not self.is_over.wait(1):
            used = processor_seconds(self.session)
            if used > last:
                last, since = used, time.monotonic()
            if used > self.limit:
                self.found = f"not done after {self.limit:.0f} s of processor time"
            elif time.monotonic() - since > 120:
                self.found = "nothing done in two minutes"
            else:
                continue
            self.end()
            return


def run_stage(stage, number, limit):
    """The test that fails, or how the program ends; nothing where all hold."""
    process = subprocess.Popen(
        stage.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        start_new_session=True, env={**os.environ, "PLANTED_FAULT": str(number), "NO_COLOR": "1"})
    watch = Watch(process.pid, limit)
    watch.start()
    what = None
    try:
        for line in process.stdout:
            if match := re.match(stage.failure, line.rstrip()):
                what = match["what"][:100]
                watch.end()
                break
        process.stdout.close()
        code = process.wait()
    finally:
        watch.is_over.set()
        watch.join()
        watch.end()
    if watch.found or what:
        return watch.found or what
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"exit code {code}" if code else None


def measure(all_stages):
    """Runs each stage without a fault; those that fail then say nothing about one.

    Returns what is wrong, if anything is.
    """
    for stage in all_stages:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        what = run_stage(stage, 0, 3600)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        stage.seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"without a fault: {stage.name} {stage.seconds:.0f} s of processor time{', fails: ' + what if what else ''}", flush=True)
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
