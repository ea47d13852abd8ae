"""What other programs of this folder measure: the door's cost, and the budgets of instructions and allocations."""

import os
import re
import subprocess

from .bench import Finding, Part, at_most
from .machine import checkout

folder = checkout / "Benchmarks"


def run(part, name, command):
    """Runs a program and keeps what it printed; answers that and its status, or nothing where there is no such thing."""
    environment = {key: value for key, value in os.environ.items() if key != "TALLY_GATE_DISABLED"}
    finished = subprocess.run(
        [str(word) for word in command], cwd=checkout, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    part.rounds.append({"of": name, "status": finished.returncode, "printed": finished.stdout[-20_000:]})
    for line in finished.stdout.strip().splitlines()[-12:]:
        part.note(f"{name}: {line.strip()}")
    return finished.returncode, finished.stdout


def guard(bench):
    part = Part("guard", "Cost of the door")
    program = folder / "guard-cost"
    if not program.exists():
        part.add(at_most("time that the door adds", None, 2, "%", "Benchmarks/guard-cost is not there"))
        return part
    if bench.quick:
        part.note("not with --quick: it builds the relay twice")
        return part
    _, printed = run(part, "guard-cost", [program, bench.rounds])
    # The large room is the one that the target is about.
    found = [(int(viewers), shape, float(percent)) for shape, viewers, percent in re.findall(
        r"^(\S+), viewers (\d+): .*?\(([+-][0-9.]+) %", printed, re.MULTILINE)]
    largest = max((viewers for viewers, _, _ in found), default=None)
    worst = max((percent for viewers, _, percent in found if viewers == largest), default=None)
    part.add(at_most(f"time that the door adds, {largest} viewers", worst, 2, "%"))
    part.table(["", "viewers", "%"], [[shape, viewers, percent] for viewers, shape, percent in found])
    return part


def budgets(bench):
    """Builds for release, as both programs are of the engine's own code."""
    part = Part("budgets", "Instructions and allocations of a packet")
    if bench.quick:
        part.note("not with --quick: it builds for release")
        return part
    if (folder / "instructions").exists():
        status, _ = run(part, "instructions", [folder / "instructions"])
        part.add(Finding("instruction budget", "kept" if status == 0 else "exceeded", met=status == 0,
                         target="within its tolerance"))
    else:
        part.add(Finding("instruction budget", None, target="within its tolerance",
                         note="Benchmarks/instructions is not there"))
    if (folder / "HotPath").exists():
        status, _ = run(part, "allocations", ["swift", "run", "-c", "release", "HotPath", "allocations"])
        part.add(Finding("allocation budget", "kept" if status == 0 else "exceeded", met=status == 0,
                         target="0 a packet"))
    else:
        part.add(Finding("allocation budget", None, target="0 a packet", note="Benchmarks/HotPath is not there"))
    return part


def other_server(bench):
    part = Part("other-server", "The same command line against another server")
    part.note("Tests/EndToEnd/test_load.py::test_measures_a_server_that_shares_nothing_with_the_relay runs tally load with "
              "the same options, word for word, against an independent WHIP and WHEP server, and against this relay")
    return part
