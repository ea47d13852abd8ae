"""What all measurements share: the processes, the rounds, and how a result is judged and said."""

import pathlib
import statistics
import sys
import time

from .load import Generator, LoadFailed, Referee, run_floor
from .machine import Cores, facts
from .relay import Relay


class Finding:
    """One result against its target."""

    def __init__(self, claim, value, unit="", target="", met=None, note=""):
        self.claim, self.value, self.unit, self.target, self.met, self.note = claim, value, unit, target, met, note

    @property
    def verdict(self):
        return {True: "met", False: "NOT MET", None: "" if self.value is not None else "not measured"}[self.met]

    @property
    def text(self):
        return "not measured" if self.value is None else f"{short(self.value)} {self.unit}".strip()

    @property
    def line(self):
        target = f" (target {self.target})" if self.target else ""
        verdict = f": {self.verdict}" if self.met is not None else ""
        note = f" [{self.note}]" if self.note else ""
        return f"{self.claim}: {self.text}{target}{verdict}{note}"

    def document(self):
        return {"claim": self.claim, "value": self.value, "unit": self.unit, "target": self.target, "met": self.met,
                "note": self.note}


def at_most(claim, value, limit, unit="", note=""):
    """A result that must not exceed its limit; one that was not measured is not met and not missed."""
    met = None if value is None else value <= limit
    return Finding(claim, value, unit, f"at most {short(limit)} {unit}".strip(), met, note)


def at_least(claim, value, limit, unit="", note=""):
    met = None if value is None else value >= limit
    return Finding(claim, value, unit, f"at least {short(limit)} {unit}".strip(), met, note)


def short(value):
    """Digits that count."""
    if isinstance(value, str):
        return value
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3g}"


def median(values):
    """Of those that were measured; `None` of none."""
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def ratio(value, other):
    return None if value is None or not other else value / other


class Part:
    """What one measurement found."""

    # Not where the figures are of a debug build or of tiny shapes: those meet no target and miss none.
    judges = True

    def __init__(self, name, title):
        self.name, self.title = name, title
        self.findings, self.tables, self.charts, self.notes, self.rounds = [], [], [], [], []

    def add(self, finding):
        if not Part.judges:
            finding.met = None
        self.findings.append(finding)
        print(f"  {finding.line}", flush=True)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
            print(f"  {text}", flush=True)

    def table(self, head, rows, title=""):
        self.tables.append({"title": title, "head": head, "rows": rows})

    def chart(self, title, x, y, lines, logarithmic=False):
        """`lines` are names with points."""
        self.charts.append({"title": title, "x": x, "y": y, "lines": lines, "logarithmic": logarithmic})

    def document(self):
        return {"name": self.name, "title": self.title, "findings": [finding.document() for finding in self.findings],
                "tables": self.tables, "charts": self.charts, "notes": self.notes, "rounds": self.rounds}


class Bench:
    """The machine with its two sides, and how long things take."""

    def __init__(self, tally, folder, quick, rounds):
        self.tally, self.folder, self.quick = str(tally), pathlib.Path(folder), quick
        self.rounds = rounds
        self.cores = Cores()
        self.machine = facts(tally)
        self.generator = Generator(self.tally, self.cores.generator, self.folder)
        self._referee = None

    @property
    def referee(self):
        if self._referee is None:
            self._referee = Referee(self.folder)
        return self._referee

    def usual(self, whole, quick):
        """A size for a measurement, and one for trying whether it runs."""
        return quick if self.quick else whole

    def relay(self, loops=1):
        return Relay(self.tally, self.cores.relay_of(loops), loops)

    def load(self, options, loops=1):
        """A fresh relay and one run against it."""
        with self.relay(loops) as relay:
            return self.generator.run(relay, options, cores=self.cores.generator_beside(loops))

    def floor(self, report):
        return run_floor(self.tally, self.cores, report, self.usual(3, 0.4))

    def alternate(self, part, steps):
        """Runs each step once a round, in turn forwards and backwards; the first round is thrown away.

        `steps` are names with functions of no arguments. Answers lists by name; a step that failed has a shorter one.
        """
        found = {name: [] for name in steps}
        for number in range(self.rounds):
            names = list(steps) if number % 2 == 0 else list(reversed(list(steps)))
            for name in names:
                began = time.monotonic()
                try:
                    result = steps[name]()
                except LoadFailed as error:
                    part.note(f"{name}: a run failed: {str(error).strip().splitlines()[-1][:300]}")
                    continue
                counts = number > 0
                self.progress(f"round {number} of {self.rounds - 1}", name, began, counts)
                if counts:
                    found[name].append(result)
        return found

    def progress(self, stage, name, began, counts=True):
        aside = "" if counts else ", thrown away"
        print(f"  {stage}, {name}: {time.monotonic() - began:.0f} s{aside}", file=sys.stderr, flush=True)


def note_problems(part, name, reports):
    """Says what was wrong with runs, once for each kind of it."""
    kinds = {}
    for report in reports:
        for problem in report.problems:
            kinds.setdefault(problem.split(":")[0], []).append(problem)
    for problems in kinds.values():
        part.note(f"{name}: in {len(problems)} of {len(reports)} runs: {problems[0]}")


def of_stream(bitrate, fps, audio):
    """Options of a publisher's media: packets of up to 1200 bytes of UDP."""
    options = ["--codec", "vp8", "--size", "640x360", "--bitrate", bitrate, "--fps", fps, "--payload-bytes", 1160]
    return options if audio else [*options, "--no-audio"]
