"""How the cost of a packet grows with viewers and with rooms, on one and on two media loops."""

from .bench import Part, at_least, at_most, median, note_problems, of_stream, ratio
from .load import LoadFailed

broadcast_viewers = [100, 200, 500, 1000, 2000]
room_counts = [1, 10, 50, 100, 200]
people = 5
# Below this an almost idle relay's own bookkeeping is most of what is measured.
busy_cores = 0.05
# The same for every point of a curve, so that the largest stays below what the machine carries.
broadcast_stream = (400, 15, True)
rooms_stream = (250, 15, False)


def timing(bench):
    return ["--warm-up", bench.usual(7, 1), "--duration", bench.usual(6, 2), "--verify", 0.02,
            "--join-rate", bench.usual(200, 20)]


def broadcast(bench, viewers, stream=broadcast_stream):
    return ["--viewers", viewers, *timing(bench), *of_stream(*stream)]


def rooms(bench, count):
    return ["--rooms", count, "--publishers", people, "--viewers", people, *timing(bench), *of_stream(*rooms_stream)]


def carried(bench, part, points):
    """The points up to the first that the machine does not carry, found out in runs that do not count."""
    kept = {}
    for name, options in points.items():
        try:
            report = bench.load(options)
        except LoadFailed as error:
            part.note(f"{name}: not carried, and so nothing larger: {str(error).strip().splitlines()[-1][:300]}")
            break
        if any(word in problem for problem in report.problems for word in ("full", "lost", "bottleneck")):
            part.note(f"{name}: not carried, and so nothing larger: {'; '.join(report.problems)}")
            break
        kept[name] = options
    return kept


def curve(bench, part, points):
    """Reports of each point on one and on two loops."""
    kept = carried(bench, part, points)
    steps = {}
    for name, options in kept.items():
        for loops in (1, 2):
            steps[f"{name}, loops {loops}"] = lambda options=options, loops=loops: bench.load(options, loops)
    found = bench.alternate(part, steps)
    for name, reports in found.items():
        note_problems(part, name, reports)
    part.rounds = [{"of": name, **report.summary()} for name, reports in found.items() for report in reports]
    return kept, found


def draw(bench, part, kept, found, sizes, unit):
    costs = {name: {loops: median([report.cost for report in found[f"{name}, loops {loops}"]]) for loops in (1, 2)}
             for name in kept}
    first = next(iter(costs.values()), {1: None, 2: None})
    part.table(
        ["", "one loop, us a packet", "to the smallest", "two loops, us a packet", "two to one", "packets a second",
         "packets a message", "relay's cores", "generator's cores"],
        [[name, cost[1], ratio(cost[1], first[1]), cost[2], ratio(cost[2], cost[1]),
          *(median([value(report) for report in found[f"{name}, loops 1"]]) for value in (
              lambda report: report.number("packets.rate"), lambda report: report.statistic("server.run", "mean"),
              lambda report: report.number("server.cores"), lambda report: report.number("generator.cores")))]
         for name, cost in costs.items()])
    part.chart("CPU for a delivered packet", unit, "us", {
        f"{word} loop{'s' if loops == 2 else ''}": [
            [sizes[name], cost[loops]] for name, cost in costs.items() if cost[loops] is not None]
        for word, loops in (("one", 1), ("two", 2))}, logarithmic=True)
    return costs


def two_loops(part, costs, found):
    """The worst of the points at which the relay has something to do."""
    busy = [name for name in costs if all(
        (median([report.number("server.cores") for report in found[f"{name}, loops {loops}"]]) or 0) >= busy_cores
        for loops in (1, 2))]
    worst = max((ratio(costs[name][2], costs[name][1]) for name in busy), default=None)
    part.add(at_most("two loops as a multiple of one loop's CPU for a packet, worst point", worst, 1.15, "x",
                     f"of points with {busy_cores:.0%} of a core or more: {', '.join(busy) or 'none'}"))


def note_loops(bench, part):
    if not bench.cores.has_four:
        part.note(f"{len(bench.cores.all)} cores: two loops share the relay's core, so that what is compared is the "
                  "work of two against that of one, and not the way between cores")


def scaling(bench):
    part = Part("scaling", "One broadcaster to many viewers")
    note_loops(bench, part)
    sizes = {f"{count} viewers": count for count in bench.usual(broadcast_viewers, [4, 8])}
    kept, found = curve(bench, part, {name: broadcast(bench, count) for name, count in sizes.items()})
    costs = draw(bench, part, kept, found, sizes, "viewers")
    first = next(iter(costs.values()), {1: None})[1]
    last = max(kept, key=sizes.get, default=None)
    worst = max((ratio(cost[1], first) for cost in costs.values() if cost[1] and first), default=None)
    part.add(at_most(f"cost of a packet, dearest point to the smallest, up to {last}", worst, 1.1, "x"))
    missing = [name for name in sizes if name not in kept]
    if missing:
        part.note(f"not measured: {', '.join(missing)}")
    two_loops(part, costs, found)
    capacity(bench, part)
    return part


def capacity(bench, part):
    """Whether two loops on two cores carry what they should, without loss, where there are the cores for it."""
    claim, limit = "load carried by two loops on two cores, to one loop's", 1.7
    if not bench.cores.has_four:
        part.add(at_least(claim, None, limit, "x", f"{len(bench.cores.all)} cores, and four are wanted"))
        return
    stream = (1500, 30, True)
    probe = bench.load(broadcast(bench, bench.usual(500, 5), stream))
    viewers = bench.usual(0.85, 0.01) / probe.number("server.cores") * probe.number("viewers")
    found = bench.alternate(part, {
        f"{loops} loops near their limit": lambda loops=loops, share=share: bench.load(
            broadcast(bench, max(1, int(viewers * share)), stream), loops)
        for loops, share in ((1, 1), (2, limit))})
    rates = {}
    for name, reports in found.items():
        note_problems(part, name, reports)
        rates[name[0]] = median([report.number("packets.rate") for report in reports
                                 if report.number("lost", 0) == 0])
    part.add(at_least(claim, ratio(rates["2"], rates["1"]), limit - 0.01, "x", "runs without loss; offered 1.7 x"))


def small_rooms(bench):
    part = Part("rooms", "Rooms of five broadcasters and five viewers")
    note_loops(bench, part)
    sizes = {f"{count} rooms": count for count in bench.usual(room_counts, [1, 2])}
    points = {name: rooms(bench, count) for name, count in sizes.items()}
    # What small rooms are held against: the same stream, and as many viewers as in the most rooms.
    watchers = people * max(sizes.values())
    one_room = f"one room, one broadcaster, {watchers} viewers"
    sizes[one_room] = 0
    kept, found = curve(bench, part, {one_room: broadcast(bench, watchers, rooms_stream), **points})
    reference = median([report.cost for report in found.get(f"{one_room}, loops 1", [])])
    names = [name for name in kept if name != one_room]
    costs = draw(bench, part, names, found, sizes, "rooms")
    part.table(["", "us a packet"], [[one_room, reference]])
    last = max(names, key=sizes.get, default=None)
    dearest = costs[last][1] if last else None
    part.add(at_most(f"{last or 'rooms'}, to the one-room shape with the same stream", ratio(dearest, reference), 1.5, "x"))
    if names:
        part.add(at_most(f"{last}, to one room of five by five", ratio(dearest, costs[names[0]][1]), 1.5, "x",
                         "beside the target: an almost idle relay is dear a packet"))
    missing = [name for name in points if name not in kept]
    if missing:
        part.note(f"not measured: {', '.join(missing)}")
    two_loops(part, costs, found)
    return part
