"""What is left of a session for others to check: receipts, the published ledger, webhooks."""

import json
import subprocess

from relay import binary, room
from room_page import eventually

receipts = f"/v1/rooms/{room}/participants/ada/receipts"
forms = ["record", "dpv", "kantara", "vcon"]


def tally(*arguments):
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=60)


def start(relay, tmp_path, command, endpoint, token, *arguments):
    """`tally publish` or `tally watch` in the background."""
    file = tmp_path / f"{command}.token"
    file.write_text(token)
    with (tmp_path / f"{command}.log").open("w") as log:
        return subprocess.Popen(
            [binary(), command, "--url", f"{relay.url}/v1/rooms/{room}/{endpoint}", "--token-file", str(file),
             *arguments],
            stdout=log, stderr=subprocess.STDOUT)


def show_ada_to_somebody(relay, tmp_path):
    """Ada on air for three seconds of somebody's watching; answers her token."""
    ada = relay.publish_token("ada", "Ada", ["live_room"])
    publisher = start(relay, tmp_path, "publish", "whip", ada, "--size", "320x180", "--fps", "10")
    try:
        eventually(lambda: relay.consents("ada", ada)["on_air"], "Ada is on air", 20)
        watcher = start(relay, tmp_path, "watch", "whep", relay.view_token(), "--seconds", "3")
        try:
            assert watcher.wait(30) == 0, (tmp_path / "watch.log").read_text()
        finally:
            watcher.kill()
    finally:
        publisher.terminate()
        publisher.wait(10)
    return ada


def test_receipts_of_a_grant_and_its_withdrawal_are_genuine_offline(relay, tmp_path):
    ada = relay.publish_token("ada", "Ada")
    granted = relay.choose("ada", ada, "grant", "live_room")
    assert granted["receipts"] == [f"{relay.url}{receipts}/1"]
    relay.choose("ada", ada, "withdraw", "live_room")
    keys = tmp_path / "keys.json"
    keys.write_text(relay.request("GET", "/v1/receipts/keys")[2])
    for sequence, state in [(1, "ConsentGiven"), (2, "ConsentWithdrawn")]:
        texts = set()
        for form in forms:
            status, headers, body = relay.request("GET", f"{receipts}/{sequence}?form={form}", ada)
            assert status == 200, body
            file = tmp_path / f"{sequence}.{form}"
            file.write_text(body)
            verified = tally("receipt", "verify", file, "--key", keys)
            assert verified.returncode == 0, verified.stderr
            assert state in verified.stdout
            texts.add(verified.stdout.split("\n", 1)[1])
            flipped = bytearray(body.encode())
            flipped[len(flipped) // 2] ^= 1
            file.write_bytes(flipped)
            assert tally("receipt", "verify", file, "--key", keys).returncode in (1, 3)
            again = relay.request("GET", f"{receipts}/{sequence}?form={form}", ada)[2]
            assert again == body
        assert len(texts) == 1


def test_receipts_stay_the_same_after_a_restart(relay):
    ada = relay.publish_token("ada", "Ada")
    relay.choose("ada", ada, "grant", "live_room")
    before = [relay.request("GET", f"{receipts}/1?form={form}", ada)[2] for form in forms]
    relay.stop()
    relay.start()
    assert [relay.request("GET", f"{receipts}/1?form={form}", ada)[2] for form in forms] == before


def test_the_ledger_of_a_running_relay_is_verified_over_http(relay, tmp_path):
    show_ada_to_somebody(relay, tmp_path)
    log = f"{relay.url}/v1/ledger/log"
    chief = relay.token("operator", "--name", "op")

    def ledger():
        return json.loads(relay.request("GET", "/v1/ledger", chief)[2])

    eventually(lambda: ledger().get("published", {}).get("size", 0) >= 2, "opened and closed are published", 10)
    assert relay.request("HEAD", "/v1/ledger/log/checkpoint")[1]["Cache-Control"] == "no-store"
    key = relay.request("GET", "/v1/ledger/log/key")[2].strip()
    assert key in relay.log.read_text(), "the key is printed when the relay starts"
    checkpoint = tmp_path / "older"
    checkpoint.write_text(relay.request("GET", "/v1/ledger/log/checkpoint")[2])
    verified = tally("ledger", "verify", log, "--key", key)
    assert verified.returncode == 0, verified.stderr
    assert "OK" in verified.stdout
    size = ledger()["published"]["size"]
    show_ada_to_somebody(relay, tmp_path)
    eventually(lambda: ledger()["published"]["size"] > size, "more is published", 10)
    grown = tally("ledger", "verify", log, "--key", key, "--since", checkpoint)
    assert grown.returncode == 0 and "extends" in grown.stdout, grown.stderr
    eventually(lambda: ledger()["open_intervals"] == 0, "every interval has ended", 10)
    assert "failure" not in ledger()
    assert "tally_ledger_publication_failures_total 0" in relay.request("GET", "/metrics")[2]

    def damage_is_found():
        """Of the tile that the newest checkpoint leads to: a look at the log is itself a leaf of it."""
        tile = relay.directory / f"log/tile/entries/000.p/{ledger()['published']['size']}"
        data = bytearray(tile.read_bytes())
        data[len(data) // 2] ^= 1
        tile.write_bytes(data)
        return tally("ledger", "verify", log, "--key", key).returncode == 1

    eventually(damage_is_found, "a flipped byte is found", 10)
