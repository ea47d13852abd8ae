"""The machine, its cores, and what is known of the build."""

import datetime
import os
import pathlib
import platform
import subprocess

checkout = pathlib.Path(__file__).resolve().parents[2]


def processor():
    """The processor's name and what it can do, by the kernel's words for it."""
    name, flags = "unknown", set()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() == "flags":
            flags = set(value.split())
    return name, flags


def git(*arguments):
    result = subprocess.run(["git", "-C", str(checkout), *arguments], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else ""


def facts(tally):
    """What every number is kept with."""
    name, flags = processor()
    memory = next(line for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line)
    return {
        "processor": name,
        "wide_vectors": {"avx512f", "vaes"} <= flags,
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": int(memory.split()[1]) * 1024,
        "kernel": platform.release(),
        "commit": git("rev-parse", "HEAD"),
        "changed_files": len(git("status", "--porcelain").splitlines()),
        # What is built without optimisation says nothing, and what it prints must not be taken for a result.
        "optimized": "debug" not in pathlib.Path(tally).resolve().parts,
        "started_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "load_average": os.getloadavg()[0],
    }


class Cores:
    """Which cores the relay and the generator have: one each, and with four cores or more a second one each."""

    def __init__(self):
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            raise SystemExit("two cores are needed: one for the relay and one for the generator")
        # The first core is where a machine's other work tends to be.
        self.relay = [usable[1]]
        self.generator = [usable[0]]
        self.all = usable
        self.spare = usable[2:]

    @property
    def has_four(self):
        return len(self.all) >= 4

    def relay_of(self, loops):
        """A core for each loop where the machine has them; else the loops share one."""
        return (self.relay + self.spare)[:loops] if self.has_four else self.relay

    def generator_beside(self, loops):
        """What two loops leave over."""
        return self.generator + self.spare[loops - 1:] if self.has_four and loops > 1 else self.generator


def pinned(cores):
    """For `preexec_fn`: the process and all its threads stay on these."""
    return lambda: os.sched_setaffinity(0, cores)
