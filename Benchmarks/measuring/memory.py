"""Resident memory of the relay for each viewer: of media, and what handshakes and event streams add."""

import contextlib
import http.client
import json
import time

from .bench import Finding, Part, at_most, median, of_stream
from .load import LoadFailed

kibibyte = 1024
limit = 24
# A handshake's state is kept for five seconds, to repeat a last flight that was lost.
settle_seconds = 8


def watching(bench, viewers, rate):
    """Resident memory before the first viewer, at its highest while they joined, and after handshakes are forgotten."""
    settle = bench.usual(settle_seconds, 6)
    options = ["--viewers", viewers, "--join-rate", rate, "--warm-up", settle, "--duration", bench.usual(6, 3),
               "--verify", 0.02, *of_stream(100, 10, True)]
    with bench.relay() as relay:
        process, path = bench.generator.start(relay, options)
        try:
            before, settled = follow(bench, relay, process, path, viewers)
        except BaseException:
            process.kill()
            process.wait()
            raise
        report = bench.generator.finish(relay, process, path)
        if report.number("viewers") != viewers or report.number("joins.failed") > 0:
            raise LoadFailed(f"{report.number('viewers'):.0f} of {viewers} viewers joined")
        return before, relay.peak_resident, settled


def follow(bench, relay, process, path, viewers):
    """Resident memory when the publisher is on air, and in the first seconds that are measured."""
    log = path.with_suffix(".log")
    before = None
    deadline = time.monotonic() + 600
    while process.poll() is None and time.monotonic() < deadline:
        said = log.read_text()
        if before is None and "viewers join," in said:
            before = relay.resident
        if "measuring" in said:
            return before, relay.resident
        time.sleep(0.05)
    raise LoadFailed(f"nothing was measured: {log.read_text()[-500:]}")


def slope(results, place):
    """Bytes for each viewer between the smaller and the larger crowd."""
    (few, fewer), (many, more) = sorted(results.items())
    low, high = median([result[place] for result in fewer]), median([result[place] for result in more])
    return None if low is None or high is None else (high - low) / (many - few)


def event_streams(bench, count):
    """Bytes for each event stream of a participant, all open at once."""
    room, participant = "events", "ada"
    with bench.relay() as relay, contextlib.ExitStack() as open_streams:
        status, body = relay.request("POST", "/v1/tokens", relay.operator, {
            "kind": "publish", "room": room, "participant": participant})
        if status != 201:
            raise LoadFailed(f"no token: {status} {body[:200]}")
        token = json.loads(body)["token"]
        path = f"/v1/rooms/{room}/participants/{participant}"
        status, body = relay.request("PUT", f"{path}/consents", token, {
            "changes": [{"purpose": "live_room", "choice": "grant"}]})
        if status != 200:
            raise LoadFailed(f"no grant: {status} {body[:200]}")

        def stream():
            connection = open_streams.enter_context(
                contextlib.closing(http.client.HTTPConnection("127.0.0.1", relay.port, timeout=30)))
            connection.request("GET", f"{path}/events", headers={
                "Authorization": f"Bearer {token}", "Accept": "text/event-stream"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise LoadFailed(f"no event stream: {answer.status} {answer.read(200)}")
            answer.readline()

        marks, opened = [], 0
        # The first ones pay for what all of them share.
        for wanted in (count // 5, count):
            for _ in range(wanted - opened):
                stream()
            opened = wanted
            time.sleep(2)
            marks.append((opened, relay.resident))
        (few, low), (many, high) = marks
        return (high - low) / (many - few)


def memory(bench):
    part = Part("memory", "Resident memory for each viewer")
    crowds = bench.usual([500, 2000], [4, 8])
    rate = bench.usual(100, 10)
    herds = bench.usual([200, 400], [3, 6])
    streams = bench.usual(500, 10)
    steps = {f"{count} viewers": lambda count=count: watching(bench, count, rate) for count in crowds}
    # All at once, so that the state of all handshakes is there together.
    steps |= {f"herd of {count}": lambda count=count: watching(bench, count, "herd") for count in herds}
    steps["event streams"] = lambda: event_streams(bench, streams)
    found = bench.alternate(part, steps)
    media = slope({count: found[f"{count} viewers"] for count in crowds}, 2)
    peak = slope({count: found[f"herd of {count}"] for count in herds}, 1)
    events = median(found["event streams"])

    def size(value):
        return None if value is None else value / kibibyte

    part.add(at_most(f"a viewer, by the slope from {crowds[0]} to {crowds[1]}", size(media), limit, "KiB",
                     "no event streams, after handshakes are forgotten"))
    added = None if media is None or peak is None else peak - media
    part.add(Finding(f"a handshake adds, by the peaks of herds of {herds[0]} and {herds[1]}", size(added), "KiB",
                     note="until five seconds after it; of requests under way too"))
    part.add(Finding(f"an event stream adds, of {streams}", size(events), "KiB"))
    part.table(["", "before, MiB", "peak, MiB", "settled, MiB"], [
        [name, *(median([result[place] for result in results]) / kibibyte / kibibyte for place in range(3))]
        for name, results in found.items() if name != "event streams" and results])
    part.rounds = [{"of": name, "values": results} for name, results in found.items()]
    return part
