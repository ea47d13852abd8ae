"""The relay's CPU for a delivered packet beside the floor's, and the generator's beside the relay's."""

from .bench import Part, at_least, at_most, median, note_problems, of_stream, ratio

targets = {"with Opus": 1.5, "video alone": 1.3}
fixed_limit_nanoseconds = 700
referee_tolerance = 1.1


def cost(bench):
    part = Part("cost", "Cost of a delivered packet, one room of 500 viewers")
    viewers = bench.usual(500, 10)
    referees = []

    def step(name):
        options = ["--viewers", viewers, "--join-rate", bench.usual(100, 20), "--warm-up", bench.usual(7, 1),
                   "--duration", bench.usual(10, 2), "--verify", 0.02,
                   *of_stream(1500 if not bench.quick else 500, 30, audio=name == "with Opus")]

        def run():
            report = bench.load(options)
            floor = bench.floor(report)
            fixed = bench.referee.run(
                bench.cores, viewers, bench.usual(200_000, 10_000), floor.packet_bytes)
            return report, floor, fixed
        return run

    found = bench.alternate(part, {name: step(name) for name in targets})
    rows, fixed_modes = [], []
    for name, limit in targets.items():
        reports = [report for report, _, _ in found[name]]
        floors = [floor for _, floor, _ in found[name]]
        relay = median([report.cost for report in reports])
        floor = median([floor.nanoseconds / 1000 for floor in floors])
        whole = median([floor.whole["nanoseconds_of_packet"] / 1000 for floor in floors if floor.whole])
        referees += [fixed for _, _, fixed in found[name] if fixed]
        fixed_modes += [floor.fixed["nanoseconds_of_packet"] for floor in floors]
        note_problems(part, name, reports)
        for objection in {text for floor in floors for text in floor.document["objections"]}:
            part.note(f"the floor {name} objects: {objection}")
        part.add(at_most(f"relay, {name}, as a multiple of the floor", ratio(relay, floor), limit, "x",
                         f"medians of {len(reports)} rounds"))
        rows.append([name, relay, floor, ratio(relay, floor), whole, ratio(relay, whole),
                     median([report.number("packets.rate") for report in reports]),
                     median([report.statistic("server.run", "mean") for report in reports]),
                     median([report.number("packets.video.mean_size") for report in reports])])
        part.rounds += [{"of": name, "relay": report.summary(), "floor": floor.document["results"],
                         "best": floor.document["best"], "c_floor_8x10": fixed} for report, floor, fixed in found[name]]
    part.table(["", "relay, us a packet", "floor of the same runs, us", "ratio", "floor of whole pictures, us",
                "ratio", "packets a second", "packets a message", "bytes of a video packet"], rows)
    judge_machine(bench, part, median(fixed_modes), median(referees))
    return part


def judge_machine(bench, part, fixed, referee):
    """Whether the machine was quiet enough for any of it to count."""
    if bench.machine["wide_vectors"]:
        part.add(at_most("8 x 10 mode of the floor", fixed, fixed_limit_nanoseconds, "ns", "else the run is invalid"))
    else:
        part.note("no AVX-512: the 8 x 10 mode has no limit here")
    if referee is None:
        part.note(f"the floor in C was not measured: {bench.referee.failure or 'it printed no such line'}")
    part.add(at_most("8 x 10 mode as a multiple of the floor in C", ratio(fixed, referee), referee_tolerance, "x",
                     "else the run is invalid"))
    if any(finding.met is False and "invalid" in finding.note for finding in part.findings):
        part.note("INVALID: the machine was too busy, or the floor in C is more than a tenth faster")


def generator(bench):
    """Near the relay's limit, since batches make packets cheaper for both."""
    part = Part("generator", "What the generator carries on one core")
    stream = of_stream(1500 if not bench.quick else 500, 30, audio=True)
    timing = ["--warm-up", bench.usual(7, 1), "--duration", bench.usual(8, 2), "--verify", 0.02]
    probe = bench.load(["--viewers", bench.usual(500, 5), "--join-rate", bench.usual(100, 20), *timing, *stream])
    most = bench.usual(5000, 10)
    viewers = max(1, min(most, int(0.85 / max(1e-6, probe.number("server.cores")) * probe.number("viewers"))))
    part.note(f"{viewers} viewers, for about 85 % of the relay's core by a first run")

    def run():
        return bench.load(["--viewers", viewers, "--join-rate", bench.usual(200, 20), *timing, *stream])

    reports = bench.alternate(part, {"near the relay's limit": run})["near the relay's limit"]
    note_problems(part, "near the relay's limit", reports)
    relay = median([ratio(report.number("packets.rate"), report.number("server.cores")) for report in reports])
    own = median([ratio(report.number("packets.rate"), report.number("generator.cores")) for report in reports])
    part.add(at_least(
        "packets a second of the generator's core as a multiple of the relay's core", ratio(own, relay), 2, "x",
        "each from its CPU at the same load, publishing included"))
    part.table(["", "relay", "generator"], [
        ["packets a second and core", relay, own],
        ["cores used", median([report.number("server.cores") for report in reports]),
         median([report.number("generator.cores") for report in reports])],
        ["us a delivered packet", median([report.cost for report in reports]),
         median([ratio(1e6, ratio(report.number("packets.rate"), report.number("generator.cores")))
                 for report in reports])]])
    part.rounds = [report.summary() for report in reports]
    return part
