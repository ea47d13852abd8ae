"""Re-broadcast: a room is pushed to other servers for as long as its participants agree to them."""

import datetime
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

import whip_server
from peers import folder
from relay import Relay, binary, free_port, room
from room_page import eventually
from wiretap import Wiretap


class Upstream(Relay):
    """A relay with Ada on air, a partner that may re-broadcast, and what an operator does about pushes."""

    def __init__(self, directory):
        super().__init__(directory)
        self.publisher = None

    def go_on_air(self, *arguments):
        self.ada = self.publish_token("ada", "Ada")
        self.chief = self.token("operator", "--name", "op")
        self.add_partner("site", purposes=["rebroadcast"])
        self.publisher = subprocess.Popen(
            [binary(), "publish", "--url", f"{self.url}/v1/rooms/{room}/whip", "--size", "320x180", *arguments],
            env={**os.environ, "TALLY_TOKEN": self.ada}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self.consents("ada", self.ada)["on_air"], "Ada is on air", 20)

    def ask(self, method, path, body=None, status=(200, 201, 204)):
        answer = self.request(method, path, self.chief, body)
        assert answer[0] in status, answer[2]
        return json.loads(answer[2] or "{}")

    def push_to(self, url, bearer, webhook=None):
        hook = webhook and {"url": webhook, "secret": whip_server.secret, "acknowledge_within_seconds": 2}
        self.ask("POST", "/v1/destinations", {
            "id": "b", "partner": "site", "url": url, "token": bearer, **({"webhook": hook} if hook else {})})
        return self.ask("POST", f"/v1/rooms/{room}/pushes", {"destination": "b"})["id"]

    @property
    def push(self):
        return self.ask("GET", f"/v1/rooms/{room}/pushes")["pushes"][0]

    def wait_for_push(self, state, seconds=20):
        eventually(lambda: self.push["state"] == state, f"the push is {state}", seconds)

    def stop(self, *arguments):
        if self.publisher:
            self.publisher.terminate()
            self.publisher.wait(20)
            self.publisher = None
        return super().stop(*arguments)


class WHIPServer:
    """The aiortc server as a program of its own."""

    def __init__(self):
        self.port = free_port(socket.SOCK_STREAM, "127.0.0.1")
        self.process = None

    def start(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, str(folder / "whip_server.py"), str(self.port), *arguments])
        eventually(lambda: self.answers(), "the server answers", 20)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def answers(self):
        try:
            return self.seen() is not None
        except OSError:
            return False

    def seen(self):
        with urllib.request.urlopen(self.url("/seen"), timeout=5) as answer:
            return json.load(answer)

    @property
    def session(self):
        sessions = self.seen()["sessions"]
        return sessions[-1] if sessions else None

    def wait_for_frames(self, count, seconds=30):
        eventually(lambda: self.session and self.session["video"] >= count and self.session["audio"] >= count,
                   f"{count} frames have arrived", seconds)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def upstream(tmp_path):
    (tmp_path / "up").mkdir()
    relay = Upstream(tmp_path / "up")
    relay.start()
    yield relay
    relay.stop()


@pytest.fixture
def downstream(tmp_path):
    (tmp_path / "down").mkdir()
    relay = Relay(tmp_path / "down")
    relay.start()
    yield relay
    relay.stop()


@pytest.fixture
def whip(network):
    """With an address beside loopback, because aiortc gathers no loopback candidates."""
    server = WHIPServer()
    yield server
    server.stop()


@pytest.fixture
def wiretap():
    assert os.geteuid() == 0, "listening to an interface needs root: run deploy/test"
    tap = Wiretap()
    yield tap
    tap.close()


class Watcher:
    """`tally watch` on the receiving relay."""

    def __init__(self, relay):
        self.showing = None
        self.process = subprocess.Popen(
            [binary(), "watch", "--url", f"{relay.url}/v1/rooms/{room}/whep", "--json"],
            env={**os.environ, "TALLY_TOKEN": relay.view_token()}, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if message["type"] == "report":
                self.showing = {slot["kind"]: slot["showing"] for slot in message["slots"]}

    def wait_until(self, **wanted):
        eventually(lambda: self.showing and wanted.items() <= self.showing.items(), f"{wanted} is shown", 30)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def effective(acknowledgement):
    return datetime.datetime.fromisoformat(acknowledgement["effective_at"]).timestamp()


def media_port(relay):
    return int(re.search(r"^udp:\n(?:  .*\n)*?  port: (\d+)", relay.config.read_text(), re.M).group(1))


def test_tally_to_tally_carries_media_until_consent_goes(upstream, downstream, wiretap):
    upstream.go_on_air()
    ingest = downstream.publish_token("from-the-other", "Ada, passed on", ["live_room"])
    upstream.push_to(f"{downstream.url}/v1/rooms/{room}/whip", ingest)
    assert upstream.push["state"] == "waiting-for-consent"
    assert upstream.push["streams"][0]["reason"] == "no-record"
    assert upstream.audience("ada", upstream.ada, "rebroadcast:site")["state"] == "withheld"

    upstream.choose("ada", upstream.ada, "grant", "rebroadcast:site")
    upstream.wait_for_push("live")
    watcher = Watcher(downstream)
    try:
        watcher.wait_until(video="stamped", audio="sound")
        assert upstream.push["streams"][0]["carried"] == {"audio": ["live"], "video": ["live"]}
        assert upstream.audience("ada", upstream.ada, "rebroadcast:site")["state"] == "live"
        port = media_port(downstream)
        assert len(wiretap.times(target=port)) > 50

        end = effective(upstream.choose("ada", upstream.ada, "withdraw", "rebroadcast:site"))
        time.sleep(3)
        late = [at - end for at in wiretap.times(target=port) if at > end]
        assert not late, f"{len(late)} packets after effective_at, the last {late[-1]:.3f} s after it"
        assert upstream.push["state"] == "waiting-for-consent"
        token = downstream.token("publish", "--room", room, "--participant", "from-the-other", "--name", "x")
        eventually(lambda: not downstream.consents("from-the-other", token)["on_air"], "it is off air downstream")

        upstream.choose("ada", upstream.ada, "grant", "rebroadcast:site")
        upstream.wait_for_push("live")
        watcher.wait_until(video="stamped", audio="sound")
    finally:
        watcher.stop()
    status, _, text = upstream.request("GET", "/v1/participants/ada/disclosures", upstream.ada)
    assert status == 200, text
    lines = [line for line in json.loads(text)["disclosures"] if line["purpose"] == "rebroadcast"]
    assert {line["recipient"] for line in lines} == {"site"}
    # The second is open still, and counted every few seconds.
    assert len(lines) == 2 and lines[0]["packets"] > 50, lines


def test_the_receiving_tally_withholds_what_it_is_told_to_withhold(upstream, downstream):
    upstream.go_on_air()
    downstream.add_partner("paper", purposes=["live_embed"])
    token = downstream.publish_token("from-the-other", "Ada", ["live_room", "live_embed:paper"])
    upstream.push_to(f"{downstream.url}/v1/rooms/{room}/whip", token)
    upstream.choose("ada", upstream.ada, "grant", "rebroadcast:site")
    upstream.wait_for_push("live")

    def embedded():
        state = downstream.audience("from-the-other", token, "live_embed:paper")
        return state["state"], state.get("reason")

    eventually(lambda: embedded() == ("withheld", "not-carried"), "the embed is withheld downstream")
    upstream.choose("ada", upstream.ada, "grant", "live_embed:site")
    eventually(lambda: embedded()[0] == "permitted", "the embed is permitted downstream")
    upstream.choose("ada", upstream.ada, "withdraw", "live_embed:site")
    eventually(lambda: embedded() == ("withheld", "not-carried"), "the embed is withheld again")
    assert downstream.audience("from-the-other", token, "live_room")["state"] != "withheld"
    assert upstream.push["state"] == "live"


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_another_server_receives_until_consent_goes(upstream, whip, wiretap, codec):
    whip.start()
    upstream.go_on_air("--codec", codec)
    upstream.choose("ada", upstream.ada, "grant", "rebroadcast:site")
    upstream.push_to(whip.url("/whip"), whip_server.token, whip.url("/hook"))
    whip.wait_for_frames(50)
    session = whip.session
    assert session["width"] == 320
    assert "a=recordpref:off" in session["offer"]
    assert upstream.push["state"] == "live"

    upstream.choose("ada", upstream.ada, "grant", "recording:site")
    eventually(lambda: whip.seen()["words"][-1]["data"]["carried"]["video"] == ["live", "recording"],
               "the server is told that it may record")
    taken = effective(upstream.choose("ada", upstream.ada, "withdraw", "recording:site"))
    eventually(lambda: whip.seen()["words"][-1]["data"]["carried"]["video"] == ["live"],
               "the server is told that it may no longer")
    print(f"told {whip.seen()['words'][-1]['at'] - taken:.3f} s after the acknowledgement's effective_at")

    (port,) = session["ports"]
    assert len(wiretap.times(source=port)) > 50
    end = effective(upstream.choose("ada", upstream.ada, "withdraw", "rebroadcast:site"))
    eventually(lambda: whip.session["ended"], "the session has ended")
    time.sleep(2)
    late = [at - end for at in wiretap.times(source=port) if at > end]
    assert not late, f"{len(late)} packets after effective_at, the last {late[-1]:.3f} s after it"
    last = whip.seen()["words"][-1]["data"]
    assert last["active"] is False and last["carried"] == {"audio": [], "video": []}
    assert "ada" not in json.dumps(whip.seen()["words"]).lower()


def test_a_server_that_was_restarted_gets_the_stream_again(upstream, whip):
    whip.start()
    upstream.go_on_air()
    upstream.choose("ada", upstream.ada, "grant", "rebroadcast:site")
    upstream.push_to(whip.url("/whip"), whip_server.token)
    eventually(lambda: upstream.push.get("reason") == "consent-not-carried", "a server without a webhook gets nothing")
    upstream.ask("PUT", "/v1/destinations/b", {
        "url": whip.url("/whip"), "webhook": {"url": whip.url("/hook"), "secret": whip_server.secret}})
    whip.wait_for_frames(30)
    whip.stop()
    upstream.wait_for_push("backing-off", 60)
    whip.start()
    whip.wait_for_frames(30, 90)
    upstream.wait_for_push("live")


def test_a_push_outlives_a_restart_of_the_relay(upstream, whip):
    whip.start()
    upstream.go_on_air()
    upstream.choose("ada", upstream.ada, "grant", "rebroadcast:site")
    upstream.push_to(whip.url("/whip"), whip_server.token, whip.url("/hook"))
    whip.wait_for_frames(30)
    assert upstream.stop() == 0
    assert whip.session["ended"], "a relay that stops ends its sessions"
    count = len(whip.seen()["sessions"])
    upstream.start()
    upstream.go_on_air()
    eventually(lambda: len(whip.seen()["sessions"]) > count, "there is another session", 30)
    whip.wait_for_frames(30)


def test_who_does_not_acknowledge_is_cut_off(upstream, whip, wiretap):
    whip.start("silent")
    upstream.go_on_air()
    upstream.choose("ada", upstream.ada, "grant", "rebroadcast:site")
    started = time.monotonic()
    upstream.push_to(whip.url("/whip"), whip_server.token, whip.url("/hook"))
    upstream.wait_for_push("cut-off", 15)
    assert time.monotonic() - started < 10
    assert upstream.push["reason"] == "unacknowledged"
    eventually(lambda: whip.session["ended"], "the session has ended")
    (port,) = whip.session["ports"]
    cut = time.time()
    time.sleep(3)
    assert not [at for at in wiretap.times(source=port) if at > cut]
    assert len(whip.seen()["sessions"]) == 1, "it is not tried again"
    whip.stop()
    whip.start()
    destination = upstream.ask("GET", "/v1/destinations/b")
    assert destination["state"] == "cut-off"
    upstream.ask("PUT", "/v1/destinations/b", {
        "url": destination["url"], "webhook": destination["webhook"], "state": "active"})
    whip.wait_for_frames(30)
