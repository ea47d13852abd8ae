"""What people may ask about themselves, with media on air and the real ledger."""

import io
import json
import signal
import subprocess
import tarfile
import threading
import urllib.request

import pytest

from relay import binary, checkout, room
from room_page import eventually

view_offer = (checkout / "Tests/FuzzTests/Corpus/sdp/aiortc-view.sdp").read_bytes()
person = "ada-4711"


class Viewer:
    """A viewing session without media, and what its event stream says."""

    def __init__(self, relay, audience="live_room"):
        token = relay.view_token(audience)
        status, headers, body = relay.request(
            "POST", f"/v1/rooms/{room}/whep", token, view_offer, "application/sdp")
        assert status == 201, body
        self.slots = []
        request = urllib.request.Request(headers["Location"] + "/events")
        self._stream = urllib.request.urlopen(request, timeout=60)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        name = None
        try:
            for line in self._stream:
                field, _, value = line.decode().rstrip("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and name == "slots":
                    self.slots.append(json.loads(value)["slots"])
        except (OSError, ValueError):
            return

    def shown(self):
        """The one slot that shows somebody, as it was told last; empty while none does."""
        return next((slot for slot in (self.slots or [[]])[-1] if "name" in slot), {})


@pytest.fixture
def operator(relay):
    return relay.token("operator", "--role", "data-protection-officer")


@pytest.fixture
def ada(relay):
    return relay.publish_token(person, "Ada")


@pytest.fixture
def on_air(relay, ada, tmp_path):
    token = tmp_path / "ada.token"
    token.write_text(ada)
    publisher = subprocess.Popen(
        [binary(), "publish", "--url", f"{relay.url}/v1/rooms/{room}/whip", "--token-file", str(token),
         "--size", "320x180", "--fps", "15", "--loop-seconds", "2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: relay.consents(person, ada)["on_air"], "the publisher is on air", seconds=30)
    yield publisher
    publisher.send_signal(signal.SIGINT)
    publisher.wait(20)


def get(relay, path, token, reason=None):
    headers = {"Tally-Reason": reason} if reason else {}
    status, _, body = relay.request("GET", path, token, headers=headers)
    return status, json.loads(body)


def patch(relay, token, body):
    status, _, text = relay.request("PATCH", f"/v1/rooms/{room}/participants/{person}", token, body)
    assert status == 204, text


def test_names_are_corrected_live_and_identities_shown_where_that_is_granted(relay, ada, on_air):
    relay.choose(person, ada, "grant", "live_room", "live_embed:partner")
    viewer, partner = Viewer(relay), Viewer(relay, "live_embed:partner")
    for audience in (viewer, partner):
        eventually(lambda: audience.shown().get("name") == "Ada", "the screen name is shown")
    patch(relay, ada, {"display_name": "Countess", "profile": {"full_name": "Augusta Ada King"}})
    for audience in (viewer, partner):
        eventually(lambda: audience.shown().get("name") == "Countess", "the corrected name is shown")
        assert "profile" not in audience.shown()
    relay.choose(person, ada, "grant", "identify")
    eventually(lambda: viewer.shown().get("profile") == {"full_name": "Augusta Ada King"}, "the room may know")
    assert "profile" not in partner.shown()
    patch(relay, ada, {"profile": {"pronouns": "she/her", "full_name": None}})
    eventually(lambda: viewer.shown().get("profile") == {"pronouns": "she/her"}, "the change is shown")
    relay.choose(person, ada, "withdraw", "identify")
    eventually(lambda: viewer.shown().get("name") == "Countess" and "profile" not in viewer.shown(), "it is taken back")
    # A restart forgets nothing of it.
    on_air.send_signal(signal.SIGINT)
    on_air.wait(20)
    relay.stop()
    relay.start()
    assert get(relay, f"/v1/rooms/{room}/participants/{person}", ada) == (
        200, {"display_name": "Countess", "profile": {"pronouns": "she/her"}})


def test_everything_is_accounted_for_exported_and_erased(relay, operator, ada, on_air):
    relay.choose(person, ada, "grant", "live_room")
    path = f"/v1/participants/{person}"
    publishing = Viewer(relay)
    eventually(lambda: publishing.shown().get("name") == "Ada", "somebody watches")
    assert get(relay, f"{path}/disclosures", operator)[1]["type"] == "urn:tally:problem:reason-required"
    assert get(relay, f"{path}/disclosures", operator, "ticket 7")[0] == 200
    status, account = get(relay, f"{path}/disclosures", ada)
    assert status == 200
    assert [(read["role"], read["scope"], read["reason"]) for read in account["operator_reads"]] == [
        ("data-protection-officer", "accounting", "ticket 7")]

    with urllib.request.urlopen(urllib.request.Request(
            relay.url + path + "/export", headers={"Authorization": f"Bearer {ada}"}), timeout=20) as answer:
        archive = tarfile.open(fileobj=io.BytesIO(answer.read()))
    names = archive.getnames()
    room_files = {f"rooms/{room}/{name}" for name in ("consents.json", "status.json", "history-1.json")}
    assert {"about.json", "disclosures-1.json"} | room_files <= set(names)
    assert any(name.startswith(f"rooms/{room}/receipts/") for name in names)
    history = json.load(archive.extractfile(f"rooms/{room}/history-1.json"))["events"]
    assert any(event.get("purpose") == "live_room" for event in history)

    hold = f"/v1/rooms/{room}/participants/{person}/holds/h1"
    assert relay.request("PUT", hold, operator, {"reason": "dispute"})[0] == 200
    status, _, body = relay.request("POST", f"{path}/erasure", ada)
    assert (status, json.loads(body)["held_in"]) == (202, [room])
    # It is off the air at once, whatever is kept.
    eventually(lambda: "name" not in publishing.shown(), "nobody sees them any more")
    assert relay.request("PUT", hold, operator, {"reason": "dispute", "lifted": True})[0] == 200
    eventually(lambda: get(relay, f"{path}/erasure", ada)[1]["state"] == "done", "the erasure is made")
    certificate = get(relay, f"{path}/erasure", ada)[1]["certificate"]
    assert json.loads(certificate["statement"])["kind"] == "erasure"
    for rest in (f"{path}/disclosures", f"{path}/export", f"/v1/rooms/{room}/participants/{person}/consents"):
        for token in (ada, operator):
            assert get(relay, rest, token, "ticket 8")[1]["type"] == "urn:tally:problem:erased"
    kept = [
        file for file in relay.directory.rglob("*")
        if file.is_file() and file.suffix not in (".token", ".yaml") and person.encode() in file.read_bytes()]
    assert kept == []
    assert relay.stop() == 0
    verified = subprocess.run(
        [binary(), "ledger", "verify", str(relay.directory)], capture_output=True, text=True)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert person not in relay.log.read_text() and "127.0.0.1:" not in "".join(
        line for line in relay.log.read_text().splitlines() if "request" in line)
