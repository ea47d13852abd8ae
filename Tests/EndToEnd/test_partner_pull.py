"""A partner's server that takes a room by WHEP, with a grant to re-broadcast it."""

import json
import os
import subprocess
import threading
import time

import pytest

from partner_site import first, second
from relay import binary, room
from room_page import eventually


class Program:
    """`tally watch` or `tally publish`, and the lines of JSON that it prints."""

    def __init__(self, relay, command, endpoint, token, *arguments):
        self.lines = []
        self.process = subprocess.Popen(
            [binary(), command, "--url", f"{relay.url}/v1/rooms/{room}/{endpoint}", *arguments],
            env={**os.environ, "TALLY_TOKEN": token}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.lines.append(json.loads(line))

    def of(self, kind):
        return [line for line in self.lines if line["type"] == kind]

    @property
    def showing(self):
        """What the first slots show in the last second, picture and sound."""
        reports = self.of("report")
        slots = {slot["kind"]: slot["showing"] for slot in reports[-1]["slots"]} if reports else {}
        return slots.get("video"), slots.get("audio")

    @property
    def session(self):
        return self.of("session")[0]["text"].rsplit("/", 1)[1]

    @property
    def ending(self):
        """Why the relay has ended the session, as its last event says."""
        reasons = [json.loads(line["data"])["reason"] for line in self.of("event") if line["event"] == "ended"]
        return reasons[0] if reasons else None

    def wait_for(self, showing, seconds=20):
        eventually(lambda: self.showing == showing, f"{showing} is shown; last {self.lines[-2:]}", seconds)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


live, nothing = ("stamped", "sound"), ("unstamped", "silence")


@pytest.fixture
def programs():
    running = []

    def start(*arguments):
        running.append(Program(*arguments))
        return running[-1]

    yield start
    for program in running:
        program.stop()


@pytest.fixture
def keys(relay):
    """Two partners with servers of their own."""
    return {name: relay.add_partner(name, purposes=["rebroadcast"]) for name in (first, second)}


def grant(relay, partner, key, **members):
    status, _, body = relay.request(
        "POST", f"/v1/partners/{partner}/grants", key, {"room": room, "purpose": "rebroadcast", **members})
    assert status == 201, body
    return json.loads(body)["grant"]


@pytest.fixture
def ada(relay, programs):
    """On air, agreed to be re-broadcast by the first partner only; answers her token."""
    token = relay.publish_token("ada", "Ada")
    relay.choose("ada", token, "grant", "live_room", f"rebroadcast:{first}")
    programs(relay, "publish", "whip", token, "--size", "320x180", "--fps", "30")
    eventually(lambda: relay.consents("ada", token)["on_air"], "Ada is on air", 20)
    return token


def pull(relay, programs, token):
    return programs(relay, "watch", "whep", token, "--seconds", "600", "--json")


def received(relay, token, recipient):
    _, _, body = relay.request("GET", "/v1/participants/ada/disclosures?limit=1000", token)
    return [line for line in json.loads(body)["disclosures"] if line.get("recipient") == recipient]


def test_a_server_gets_what_was_agreed_for_it_and_is_accounted_for(relay, keys, ada, programs):
    token = grant(relay, first, keys[first])
    agreed = pull(relay, programs, token)
    other = pull(relay, programs, grant(relay, second, keys[second]))
    agreed.wait_for(live)
    other.wait_for(nothing)
    overview = relay.audience("ada", ada, f"rebroadcast:{first}")
    assert (overview["state"], overview["viewers"]) == ("live", 1)

    relay.choose("ada", ada, "withdraw", f"rebroadcast:{first}")
    agreed.wait_for(nothing, 5)
    relay.choose("ada", ada, "grant", f"rebroadcast:{first}")
    agreed.wait_for(live, 5)
    # The grant was for one session.
    offer = ("POST", f"/v1/rooms/{room}/whep", token, b"v=0\r\n", "application/sdp")
    status, _, body = relay.request(*offer)
    assert (status, json.loads(body)["type"]) == (401, "urn:tally:problem:grant-redeemed")

    terms = {"legal_name": "First", "contact": "a@b.example", "origins": [], "purposes": ["rebroadcast"]}
    status, _, _ = relay.request(
        "PUT", f"/v1/partners/{first}", relay.token("operator"), {**terms, "state": "suspended"})
    assert status == 200
    eventually(lambda: agreed.ending == "partner-suspended", "the event that says why", 10)
    assert other.ending is None and other.showing == nothing

    def closed():
        return [line for line in received(relay, ada, first) if line["outcome"] == "closed" and line["packets"] > 0]

    # Two stretches, one each side of the withdrawal.
    eventually(lambda: len({line["from"] for line in closed()}) >= 2, "both stretches of the pull are closed", 10)
    lines = closed()
    print("disclosed to the server:", [(line["purpose"], line["media"], line["packets"]) for line in lines])
    assert {(line["purpose"], line["recipient_class"]) for line in lines} == {("rebroadcast", "restream_destination")}
    assert not [line for line in received(relay, ada, second) if line["packets"]]


def test_a_pull_ends_with_its_grant_unless_another_renews_it(relay, keys, ada, programs):
    short = pull(relay, programs, grant(relay, first, keys[first], lifetime_seconds=60))
    renewed = pull(relay, programs, grant(relay, first, keys[first], lifetime_seconds=60))
    started = time.monotonic()
    short.wait_for(live)
    renewed.wait_for(live)
    path = f"/v1/sessions/{renewed.session}/renewals"
    status, _, body = relay.request("POST", path, grant(relay, first, keys[first], lifetime_seconds=600))
    assert status == 200, body
    status, _, body = relay.request("POST", path, grant(relay, second, keys[second]))
    assert (status, json.loads(body)["type"]) == (403, "urn:tally:problem:foreign-audience")
    eventually(lambda: short.ending == "grant-expired", "the event that says why", 75)
    assert time.monotonic() - started >= 55
    # Well past the end of the grant that it began with.
    time.sleep(3)
    assert renewed.ending is None and renewed.showing == live


def test_another_implementation_pulls_too(network, network_relay, peers, long_clip):
    """aiortc, as a server that passes the room on might."""
    relay = network_relay
    key = relay.add_partner(first, purposes=["rebroadcast"])
    peers.start_aiortc(
        network, relay, "publish", relay.publish_token("ada", "Ada", [f"rebroadcast:{first}"]), 25, long_clip)
    token = relay.publish_token("ada", "Ada")
    eventually(lambda: relay.consents("ada", token)["on_air"], "the publisher is on air", 20)
    viewer = peers.start_aiortc(network, relay, "view", grant(relay, first, key), 8).result()
    assert viewer["created"] == 201 and viewer["deleted"] == 200
    assert viewer["video"] >= 8 * 10 and viewer["loudest"] > 1000
    room_viewer = peers.start_aiortc(network, relay, "view", relay.view_token(), 6).result()
    assert room_viewer["loudest"] < 100, "what is agreed for a server is for nobody else"
