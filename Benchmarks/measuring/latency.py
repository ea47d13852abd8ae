"""How long a packet takes through the relay: in small rooms, in one large room beside the floor, and in a herd."""

from .bench import Part, at_most, median, note_problems, of_stream, ratio
from .load import full

half = 0.5


def timing(bench, seconds=10):
    return ["--warm-up", bench.usual(7, 1), "--duration", bench.usual(seconds, 2)]


def rooms_at_half_load(bench, part, stream):
    """How many rooms of five by five take half of the relay's core, by a first run."""
    probe_rooms = bench.usual(10, 1)
    probe = bench.load(["--rooms", probe_rooms, "--publishers", 5, "--viewers", 5, "--join-rate", bench.usual(100, 20),
                        *timing(bench, 6), *of_stream(*stream)])
    relay, own = probe.number("server.cores"), probe.number("generator.cores")
    wanted = max(1, round(probe_rooms * half / max(1e-6, relay)))
    possible = max(1, int(probe_rooms * full * 0.9 / max(1e-6, own)))
    count = min(wanted, possible, bench.usual(200, 2))
    part.note(f"{probe_rooms} rooms took {relay:.3f} of the relay's core and {own:.3f} of the generator's: {count} rooms "
              "are measured")
    if count < wanted:
        part.note(f"half load would be {wanted} rooms, which the generator or the 200 rooms at most stand against")
    return count


def small_rooms(bench, part):
    stream = (bench.usual(500, 200), 30, True)
    count = rooms_at_half_load(bench, part, stream)
    options = ["--rooms", count, "--publishers", 5, "--viewers", 5, "--join-rate", bench.usual(100, 20),
               "--verify", 0.2, *timing(bench, 15), *of_stream(*stream)]
    name = f"{count} rooms of five by five"
    reports = bench.alternate(part, {name: lambda: bench.load(options)})[name]
    note_problems(part, name, reports)
    load = median([report.number("server.cores") for report in reports])
    of = {statistic: median([report.statistic("latency", statistic) for report in reports])
          for statistic in ("p50", "p90", "p99", "p999", "max")}
    sending = median([report.statistic("generator.send_time", "p50") for report in reports])
    aside = "" if load is None else f"relay at {load:.0%} of its core"
    part.add(at_most(f"{name}, p50", in_microseconds(of["p50"]), 100, "us", aside))
    part.add(at_most(f"{name}, p99", of["p99"], 1, "ms", aside))
    part.table(["", "p50, ms", "p90, ms", "p99, ms", "p99.9, ms", "max, ms", "sending in it, p50, ms"],
               [[name, *of.values(), sending]])
    if reports:
        part.chart("Latency, " + name, "ms", "% of packets at or below", {
            kind: cumulative(reports[-1], f"latency.{kind}") for kind in ("video", "audio")}, logarithmic=True)
    return reports


def in_microseconds(milliseconds):
    return None if milliseconds is None else milliseconds * 1000


def cumulative(report, name):
    found = report.document["distributions"].get(name)
    points, seen = [], 0
    for bound, count in (found or {}).get("steps", []):
        seen += count
        points.append([max(bound, 1e-3), 100 * seen / found["count"]])
    return points


def large_room(bench, part, viewers, stream):
    """The relay and the floor, which fans out the same packets in the same round."""
    options = ["--viewers", viewers, "--join-rate", bench.usual(200, 20), "--verify", 0.05, *timing(bench),
               *of_stream(*stream)]

    def run():
        report = bench.load(options)
        return report, bench.floor(report)

    name = f"one room of {viewers} viewers"
    pairs = bench.alternate(part, {name: run})[name]
    note_problems(part, name, [report for report, _ in pairs])
    rows = []
    for kind in ("video", "audio"):
        for statistic in ("p50", "p99"):
            relay = median([report.statistic(f"latency.{kind}", statistic) for report, _ in pairs])
            floor = median([floor.latency(kind, statistic) for _, floor in pairs])
            rows.append([f"{kind}, {statistic}", relay, floor, ratio(relay, floor)])
            part.add(at_most(f"{name}, {kind} {statistic}, as a multiple of the floor", ratio(relay, floor), 1.5, "x",
                             "" if relay is None else f"{relay:.3g} ms"))
    part.table(["", "relay, ms", "floor, ms", "ratio"], rows, name)
    for objection in {text for _, floor in pairs for text in floor.document["objections"]}:
        part.note(f"the floor of {name} objects: {objection}")
    part.rounds += [{"of": name, "relay": report.summary(), "floor": floor.document["results"],
                     "best": floor.document["best"]} for report, floor in pairs]
    return pairs


def herd(bench, part):
    """Those who watch, while many more join in one second."""
    count, watching = bench.usual(500, 5), bench.usual(100, 3)
    options = ["--viewers", watching, "--join-rate", bench.usual(50, 20), "--herd", count, "--herd-seconds", 1,
               "--verify", 0.5, "--warm-up", bench.usual(7, 1), "--duration", bench.usual(15, 4),
               *of_stream(bench.usual(1500, 300), 30, True)]
    name = f"{count} joins in one second beside {watching} who watch"
    reports = bench.alternate(part, {name: lambda: bench.load(options)})[name]
    note_problems(part, name, reports)
    worst = median([worst_second(report) for report in reports])
    part.add(at_most(f"{name}, p99 of their worst second", worst, 5, "ms"))
    part.add(at_most(f"{name}, p99 of the whole run", median([report.statistic("latency", "p99") for report in reports]), 5,
                     "ms", "the quiet before and after it included"))
    part.table(["", "p50", "p99", "max"], [
        [label, *(median([report.statistic(of, statistic) for report in reports]) for statistic in ("p50", "p99", "max"))]
        for label, of in (("latency of those who watch, ms", "latency"), ("joins of the herd, ms", "late_join"),
                          ("sending by the generator, ms", "generator.send_time"))], name)
    if reports:
        seconds = [second for second in reports[-1].document["seconds"] if second["is_measured"]]
        part.chart("Latency of those who watch, second by second", "seconds", "ms", {
            statistic: [[second["second"], second[f"latency_{statistic}_milliseconds"]] for second in seconds]
            for statistic in ("p50", "p99")})
    part.rounds += [{"of": name, **report.summary(), "worst_second_p99": worst_second(report)} for report in reports]


def worst_second(report):
    """The worst p99 of a second that was measured."""
    return max((second["latency_p99_milliseconds"] for second in report.document["seconds"]
                if second["is_measured"]), default=None)


def latency(bench):
    part = Part("latency", "Latency of forwarding")
    part.note("from the publisher's handing a frame to its socket to the kernel's receipt for the viewer: the sending of "
              "the frame's other packets is in it, so the relay's own part, between two receipts of the kernel, is less")
    reports = small_rooms(bench, part)
    part.rounds += [{"of": "small rooms", **report.summary()} for report in reports]
    large_room(bench, part, bench.usual(500, 10), (bench.usual(1500, 500), 30, True))
    large_room(bench, part, bench.usual(2000, 20), (400, 15, True))
    herd(bench, part)
    return part
