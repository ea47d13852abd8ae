"""What a withdrawal does at a partner, measured: in the frame's own decoder, and at every packet."""

import datetime
import json
import re
import statistics
import subprocess
import time

from partner_site import first, second
from relay import binary, room
from room_page import difference, eventually

rounds = 10
slate_milliseconds = 500
# A slate is one still picture: what the codec leaves of it differs by less, and what a camera shows by far more.
same_picture, other_picture = 4, 10


def milliseconds(text):
    """A time of the API, in milliseconds of the clock that the browser reads too."""
    whole, fraction = re.fullmatch(r"(.*?)(\.\d+)?Z", text).groups()
    moment = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return (moment + float(fraction or 0)) * 1000


def test_the_slate_is_decoded_within_half_a_second_and_nobody_else_notices(
        relay, sites, publisher, chromium, open_room, visit, tmp_path):
    agreed, other = visit(sites[first].origin), visit(sites[second].origin)
    third = open_room(chromium, relay)
    tile = third.tile(name="Ada")
    third.wait_for_frames(tile, count=30)
    agreed.wait_for_picture()
    eventually(lambda: other.tile("withheld").count() == 1, "a slate", 20)
    eventually(lambda: other.decoded()[0] >= 2, "the slate is decoded", 20)
    slate = other.picture()
    assert difference(slate, agreed.picture()) > other_picture, "the slate is another picture than the camera's"
    agreed.watch(slate)
    other.watch(slate)
    participant, token = publisher.participant()
    measuring = third.start_measuring(tile)
    latencies = []
    for turn in range(rounds):
        eventually(lambda: agreed.shown(time.time() * 1000 - 300), "pictures come")
        withdrawn = relay.choose(participant, token, "withdraw", f"live_embed:{first}")
        effective_at = milliseconds(withdrawn["effective_at"])
        # A second is longer than anything that was on its way takes to be shown.
        time.sleep(1.2)
        shown = agreed.shown(effective_at)
        slates = [at for at, differs in shown if differs < same_picture]
        assert slates, f"no slate in round {turn}: {shown}"
        latencies.append(slates[0] - effective_at)
        assert all(differs < same_picture for at, differs in shown if at > slates[0]), "pictures after the slate"
        if turn == 0:
            agreed.page.screenshot(path=str(tmp_path / "withdrawn.png"))
            third.page.screenshot(path=str(tmp_path / "third.png"))
        granted = relay.choose(participant, token, "grant", f"live_embed:{first}")
        eventually(
            lambda since=milliseconds(granted["effective_at"]): any(
                differs > other_picture for _, differs in agreed.shown(since)), "the picture is back", 5)
    measured = third.measured(measuring)
    print("slate after effective_at, ms:", json.dumps([round(latency, 1) for latency in latencies]),
          "median", round(statistics.median(latencies), 1))
    print("the room's own viewer meanwhile:", json.dumps(measured))
    assert statistics.median(latencies) <= slate_milliseconds
    assert measured["states"] == "live" and measured["longest_gap"] <= 500
    never = other.shown()
    print("pictures at the partner without a grant:", len(never), "farthest from the slate",
          round(max(differs for _, differs in never), 2))
    assert all(differs < same_picture for _, differs in never)


def test_not_one_packet_reaches_a_partner_after_a_withdrawal(relay, tmp_path):
    """Decrypted, told by their bytes, dated by the kernel: as for the room's own viewers."""
    relay.add_partner(first)
    token = tmp_path / "operator.token"
    token.write_text(relay.token("operator"))
    run = subprocess.run(
        [binary(), "flips", "--base-url", relay.url, "--operator-token-file", str(token), "--partner", first,
         "--viewers", "4", "--flips", str(2 * rounds), "--bitrate", "600", "--json"],
        capture_output=True, text=True, timeout=180)
    report = json.loads(run.stdout)
    print({name: report[name] for name in (
        "leaks", "withdrawals", "packetsReceived", "packetsExamined", "packetsOfBroadcaster", "packetsWhileWithheld",
        "withdrawalMillisecondsP50", "withdrawalMillisecondsMaximum", "resumptionMillisecondsP50", "viewersLost")})
    assert report["leaks"] == 0, f"leaked: {report['examples']}"
    assert report["withdrawals"] == rounds and report["viewersLost"] == 0
    # Enough was seen to say so: of the broadcaster while granted, and slates while withheld.
    assert report["packetsOfBroadcaster"] > 1000 and report["packetsWhileWithheld"] > 0
    flipper = relay.token("publish", "--room", "flips", "--participant", "flipper", "--name", "Flip")
    _, _, body = relay.request("GET", "/v1/participants/flipper/disclosures?limit=1000", flipper)
    disclosures = json.loads(body)["disclosures"]
    assert disclosures and {(line["purpose"], line.get("recipient")) for line in disclosures} == {("live_embed", first)}
    assert room != "flips"
