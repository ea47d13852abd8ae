"""One run of `tally load`, of `tally load floor`, and of the floor in C."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

from .machine import checkout, pinned

# From here on the generator, or the relay, counts as full.
full = 0.9
# More lost packets than this are no accident.
lossy = 0.002


class LoadFailed(Exception):
    """A run that gave no report."""


class Report:
    """What `tally load --json` wrote."""

    def __init__(self, document, path, relay_cores, generator_cores):
        self.document = document
        self.path = path
        self.relay_cores = relay_cores
        self.generator_cores = generator_cores

    def number(self, name, otherwise=None):
        found = self.document["numbers"].get(name)
        return otherwise if found is None else found["value"]

    def statistic(self, name, statistic):
        found = self.document["distributions"].get(name)
        return None if not found or not found["count"] else found[statistic]

    @property
    def cost(self):
        """Microseconds of the relay's CPU for a delivered packet."""
        return self.number("server.cpu_per_packet")

    @property
    def problems(self):
        """Why its figures say less than they seem to; what was full is said first."""
        found = []
        relay, generator = self.number("server.cores", 0), self.number("generator.cores", 0)
        if relay > full * self.relay_cores:
            found.append(f"the relay was full: {relay:.2f} of {self.relay_cores} cores")
        if generator > full * self.generator_cores:
            found.append(f"the generator was full: {generator:.2f} of {self.generator_cores} cores")
        packets, lost = self.number("packets", 0), self.number("lost", 0)
        if lost > lossy * max(1, packets):
            found.append(f"{lost:.0f} of {packets + lost:.0f} packets were lost")
        for name, text in (("joins.failed", "joins failed"), ("viewers.lost", "viewers were lost")):
            if self.number(name, 0) > 0:
                found.append(f"{self.number(name):.0f} {text}")
        return found + self.document["warnings"]

    def summary(self):
        """What is kept of it beside a result."""
        keep = ["viewers", "packets.rate", "server.cores", "server.cpu_per_packet", "generator.cores",
                "generator.cpu_per_packet", "lost", "packets.video.mean_size", "server.switches.voluntary",
                "server.switches.involuntary"]
        kept = {name: self.number(name) for name in keep}
        kept["latency"] = {name: self.statistic("latency", name) for name in ("p50", "p99", "p999", "max")}
        kept["send_time_p99"] = self.statistic("generator.send_time", "p99")
        kept["packets_of_message"] = self.statistic("server.run", "mean")
        kept["problems"] = self.problems
        return kept


class Generator:
    """`tally load` against one relay after the other, on its own core."""

    def __init__(self, tally, cores, folder):
        self.tally = tally
        self.cores = cores
        self.folder = folder
        self.count = 0

    def command(self, relay, path, options, cores):
        arguments = [str(option) for option in options]
        return [self.tally, "load", "--relay", relay.url, "--operator-token-file", str(relay.token_file),
                "--server-pid", str(relay.pid), "--json", str(path), "--receivers", str(len(cores)), *arguments]

    def start(self, relay, options, cores=None):
        """Begins a run that goes on while the caller looks at the relay; answers the process and its report's path."""
        self.count += 1
        path = self.folder / f"load-{self.count}.json"
        cores = cores or self.cores
        # What it says goes to a file: a pipe that nobody empties would stop it.
        with path.with_suffix(".log").open("w") as log:
            process = subprocess.Popen(
                self.command(relay, path, options, cores), stdout=subprocess.DEVNULL, stderr=log,
                preexec_fn=pinned(cores))
        return process, path

    def run(self, relay, options, timeout=900, cores=None):
        """Runs to the end and answers the report; raises `LoadFailed`."""
        process, path = self.start(relay, options, cores)
        return self.finish(relay, process, path, timeout, cores)

    def finish(self, relay, process, path, timeout=900, cores=None):
        try:
            process.wait(timeout)
        except BaseException as error:
            process.kill()
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise LoadFailed(f"no end after {timeout} s: {' '.join(process.args)}") from None
            raise
        if process.returncode != 0 or not path.exists():
            said = path.with_suffix(".log").read_text()[-2000:]
            raise LoadFailed(f"ended with {process.returncode}: {said}")
        return Report(json.loads(path.read_text()), path, len(relay.cores), len(cores or self.cores))


def move_threads(process, belongs, core):
    """Moves the threads that `belongs` names to another core as soon as there is one."""
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        moved = False
        for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                if belongs(int(task.name), (task / "comm").read_text().strip()):
                    os.sched_setaffinity(int(task.name), core)
                    moved = True
        if moved:
            return
        time.sleep(0.005)


class Floor:
    """What `tally load floor --json` printed."""

    def __init__(self, document):
        self.document = document
        self.results = {result["mode"]: result for result in document["results"]}
        self.best = self.results[document["best"]]
        self.fixed = next(result for result in document["results"] if result["kind"] == "fixed")
        self.whole = next((result for result in document["results"] if result["kind"] == "whole_pictures"), None)

    @property
    def nanoseconds(self):
        return self.best["nanoseconds_of_packet"]

    @property
    def packet_bytes(self):
        return self.document["shape"]["payload_bytes"] + 28

    def latency(self, kind, statistic):
        """Of `video` or `audio`, in milliseconds, of the way to send that cost least."""
        return (self.best.get(f"latency_{kind}") or {}).get(statistic)


def run_floor(tally, cores, report, seconds):
    """The floor with the shape of a run, sending on the relay's core and receiving on the generator's."""
    process = subprocess.Popen(
        [tally, "load", "floor", "--json", "--report", str(report.path), "--duration", str(seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=pinned(cores.relay))
    move_threads(process, lambda _, name: name == "floor sink", cores.generator)
    printed, said = process.communicate(timeout=600)
    # Status 1 with a document means that it objects to itself, which the document says.
    try:
        return Floor(json.loads(printed))
    except (json.JSONDecodeError, StopIteration, KeyError):
        raise LoadFailed(f"the floor ended with {process.returncode}: {said[-2000:] or printed[-2000:]}") from None


class Referee:
    """The floor in C, compiled once."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder, "floor")
        source = checkout / "Benchmarks" / "Floor" / "floor.c"
        built = subprocess.run(
            ["cc", "-O2", "-pthread", "-o", str(self.path), str(source), "-lcrypto", "-lIPSec_MB"],
            capture_output=True, text=True)
        self.failure = "" if built.returncode == 0 else built.stderr.strip()[-500:]

    def run(self, cores, viewers, packets, packet_bytes):
        """Nanoseconds a packet of multi-buffer GCM and 8 x 10 GSO; `None` where it cannot be built."""
        if self.failure:
            return None
        process = subprocess.Popen(
            [str(self.path), str(viewers), str(packets), str(packet_bytes)], stdout=subprocess.PIPE, text=True,
            preexec_fn=pinned(cores.relay))
        move_threads(process, lambda number, _: number != process.pid, cores.generator)
        printed, _ = process.communicate(timeout=600)
        found = re.search(r"^multi-buffer GCM\s+sendmmsg of 8 x 10 GSO\s+([0-9.]+)", printed, re.MULTILINE)
        return float(found[1]) if found else None


