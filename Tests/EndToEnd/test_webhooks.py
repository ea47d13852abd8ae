"""What other systems are told: a real receiver, signatures checked as Standard Webhooks say."""

import base64
import hashlib
import hmac
import json
import signal
import sqlite3
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from relay import Relay, room
from room_page import eventually
from test_records import start

secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
key = base64.b64decode(secret.removeprefix("whsec_"))


class Receiver(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook"

    def of(self, kind):
        return [(identifier, document["data"]) for identifier, document in list(self.received)
                if document["type"] == kind]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        identifier, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signed = f"{identifier}.{timestamp}.".encode() + body
        signature = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        good = hmac.compare_digest(signature, self.headers["webhook-signature"])
        if good:
            self.server.received.append((identifier, json.loads(body)))
        self.send_response(204 if good else 400)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.shutdown()


@pytest.fixture
def relay(tmp_path, receiver):
    relay = Relay(tmp_path)
    with relay.config.open("a") as config:
        config.write(f"webhooks:\n  file: {tmp_path}/webhooks.yaml\n")
    (tmp_path / "secret").write_text(secret)
    (tmp_path / "webhooks.yaml").write_text(
        f"endpoints:\n  - name: crm\n    url: {receiver.url}\n    secrets: ['file:secret']\n")
    relay.start()
    yield relay
    relay.stop()


def test_consents_are_told_signed_and_without_names(relay, receiver):
    ada = relay.publish_token("ada", "Ada Lovelace")
    chief = relay.token("operator", "--name", "op")
    granted = relay.choose("ada", ada, "grant", "live_room")
    relay.choose("ada", ada, "refuse", "live_embed:site")
    relay.choose("ada", ada, "withdraw", "live_room")
    relay.choose("ada", ada, "grant", "live_room")
    relay.choose("ada", chief, "revoke", "live_room")
    base = f"/v1/rooms/{room}"
    assert relay.request("PUT", f"{base}/participants/ada/holds/7", chief, {
        "purposes": ["recording"], "reason": "a dispute"})[0] == 200
    assert relay.request("PUT", f"{base}/controller", chief, {"controller": "New Ltd", "reason": "sold"})[0] == 200
    assert relay.request("POST", f"{base}/notices", chief, {
        "id": "house", "version": "2", "language": "en", "text": "What happens.", "controller": "New Ltd",
        "change": "material", "purposes": ["live_room"]})[0] == 201
    kinds = ["consent.given", "consent.refused", "consent.withdrawn", "consent.revoked", "hold.placed",
             "controller.changed", "notice.published"]
    eventually(lambda: all(receiver.of(kind) for kind in kinds), "all is told", 20)
    _, given = receiver.of("consent.given")[0]
    assert given["participant"] == "ada" and given["room"] == room and given["sequence"] == 1
    assert granted["receipts"][0].endswith(given["receipt"])
    everything = json.dumps([document for _, document in receiver.received])
    assert "Lovelace" not in everything and "dispute" not in everything
    identifiers = [identifier for identifier, _ in receiver.received]
    assert len(identifiers) == len(set(identifiers))


def publish_and_watch(relay, tmp_path):
    ada = relay.publish_token("ada", "Ada", ["live_room"])
    publisher = start(relay, tmp_path, "publish", "whip", ada, "--size", "320x180", "--fps", "10")
    eventually(lambda: relay.consents("ada", ada)["on_air"], "Ada is on air", 20)
    return publisher, start(relay, tmp_path, "watch", "whep", relay.view_token(), "--seconds", "20")


def end(*processes):
    for process in processes:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def test_what_is_shown_to_whom_is_told(relay, receiver, tmp_path):
    publisher, watcher = publish_and_watch(relay, tmp_path)
    try:
        _, opened = eventually(lambda: receiver.of("disclosure.opened"), "the beginning is told", 20)[0]
    finally:
        end(watcher, publisher)
    _, closed = eventually(lambda: receiver.of("disclosure.closed"), "the end is told", 20)[0]
    assert closed["interval"] == opened["interval"] and closed["packets"] > 0
    assert opened["participant"] == "ada" and opened["basis"] == "consent" and opened["grant"] == 1
    assert "interrupted" not in closed


def test_a_kill_leaves_nothing_untold(relay, receiver, tmp_path):
    publisher, watcher = publish_and_watch(relay, tmp_path)
    try:
        _, opened = eventually(lambda: receiver.of("disclosure.opened"), "the beginning is told", 20)[0]
        identifier, given = eventually(lambda: receiver.of("consent.given"), "the grant is told")[0]
        relay.stop(signal.SIGKILL)
    finally:
        end(watcher, publisher)
    # As if the relay had been killed before anything of the grant was written down.
    with sqlite3.connect(tmp_path / "webhooks.sqlite") as file:
        assert file.execute("SELECT room, sequence FROM told").fetchall() == [(room, 1)]
        file.execute("DELETE FROM told")
        file.execute("DELETE FROM delivery")
    receiver.received.clear()
    relay.start()
    assert eventually(lambda: receiver.of("consent.given"), "the grant is told again") == [(identifier, given)]
    name, closed = eventually(lambda: receiver.of("disclosure.closed"), "the end is told")[0]
    assert closed["interval"] == opened["interval"] and closed["interrupted"] is True
    assert name.endswith("_closed")
    # What has been told is not told once more.
    receiver.received.clear()
    relay.stop()
    relay.start()
    ada = relay.publish_token("ada", "Ada")
    relay.choose("ada", ada, "withdraw", "live_room")
    eventually(lambda: receiver.of("consent.withdrawn"), "the withdrawal is told")
    assert not receiver.of("consent.given") and not receiver.of("disclosure.closed")
