"""The rows of the README's fault table that need the whole relay, with real media on the wire."""

import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import time

import pytest

from relay import Relay, binary, room
from room_page import eventually
from watched_room import watched_room

consents = f"/v1/rooms/{room}/participants/ada/consents"


def put(relay, token, choice, purpose="live_room"):
    status, headers, body = relay.request(
        "PUT", consents, token, {"changes": [{"purpose": purpose, "choice": choice}]})
    return status, headers, json.loads(body)


def state(relay, token, purpose="live_room"):
    """The participant's line for a purpose; `None` where nothing was ever said of it."""
    return next((line for line in relay.consents("ada", token)["audiences"] if line["purpose"] == purpose), None)


def database(relay):
    """The file that holds the log, by what is in it."""
    for file in relay.directory.rglob("*"):
        if file.is_file() and file.read_bytes()[:15] == b"SQLite format 3" and "ledger" in file.name:
            return file
    raise AssertionError(f"no database in {relay.directory}")


@contextlib.contextmanager
def locked(file):
    """Somebody else holds the database: nothing can be written."""
    connection = sqlite3.connect(file, timeout=10, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def verify(relay):
    result = subprocess.run(
        [binary(), "ledger", "verify", str(relay.directory)], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr


def account(relay, participant="ada"):
    result = subprocess.run(
        [binary(), "ledger", "account", str(relay.directory), "--participant", participant, "--json"],
        capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["disclosures"]


def test_without_a_grant_audiences_get_a_slate_and_the_participant_the_reason(relay):
    with watched_room(relay) as (watched, ada):
        assert put(relay, ada, "withdraw")[0] == 200
        watched.wait_until_showing("unstamped")
        assert set(watched.showing_for(2)) == {"unstamped"}
        assert state(relay, ada)["reason"] == "withdrawn"


def test_a_locked_log_closes_everything_and_opens_again_by_itself(relay):
    with watched_room(relay) as (watched, ada):
        with locked(database(relay)):
            status, headers, problem = put(relay, ada, "grant", "aggregate")
            assert (status, problem["type"]) == (503, "urn:tally:problem:log-unavailable")
            assert int(headers["Retry-After"]) > 0
            watched.wait_until_showing("unstamped", 10)
            assert set(watched.showing_for(2)) == {"unstamped"}
            assert state(relay, ada)["reason"] == "log-unavailable"
        watched.wait_until_showing("stamped", 20)
        # What was not acknowledged was not recorded.
        assert state(relay, ada, "aggregate") is None
        assert put(relay, ada, "grant", "aggregate")[0] == 200


def test_a_withdrawal_that_cannot_be_written_stays_in_force(relay):
    with watched_room(relay) as (watched, ada):
        with locked(database(relay)):
            status, _, problem = put(relay, ada, "withdraw")
            assert (status, problem["type"]) == (503, "urn:tally:problem:log-unavailable")
            watched.wait_until_showing("unstamped", 10)
        eventually(lambda: state(relay, ada)["consent"] == "ConsentWithdrawn", "the withdrawal is written", 20)
        assert set(watched.showing_for(3)) == {"unstamped"}


@pytest.fixture
def small_disk(tmp_path):
    """A relay whose data is on a disk of its own, of a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True)
    relay = Relay(folder)
    relay.start()
    yield relay
    relay.stop()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_closes_everything_and_opens_again_by_itself(small_disk):
    relay = small_disk
    with watched_room(relay) as (watched, ada):
        filling = relay.directory / "filling"
        with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        # What the write-ahead log still has room for may be written first.
        deadline = time.monotonic() + 60
        while (status := put(relay, ada, random.choice(["grant", "withdraw"]), "aggregate")[0]) == 200:
            assert time.monotonic() < deadline
        assert status == 503
        watched.wait_until_showing("unstamped", 30)
        filling.unlink()
        watched.wait_until_showing("stamped", 30)
        assert put(relay, ada, "grant", "aggregate")[0] == 200
    relay.stop()
    verify(relay)


def test_a_relay_that_wakes_from_suspension_sends_nothing_before_its_leases_are_renewed(relay):
    with watched_room(relay) as (watched, _):
        relay.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(4)
            with locked(database(relay)):
                relay.process.send_signal(signal.SIGCONT)
                # The publisher has sent all along, and the leases ended while nobody was there to see it.
                assert "stamped" not in watched.showing_for(3)
        finally:
            relay.process.send_signal(signal.SIGCONT)
        watched.wait_until_showing("stamped", 20)


def test_what_was_acknowledged_survives_every_kill(relay):
    """Choices at full speed, a kill at any moment: after it stands what was acknowledged, or what was asked last."""
    ada = relay.publish_token("ada", "Ada")
    seed = random.Random(7)
    acknowledged, asked = None, None
    for _ in range(15):
        kill_at = time.monotonic() + seed.uniform(0.0, 0.6)
        while True:
            if time.monotonic() >= kill_at:
                relay.process.kill()
                relay.process.wait()
                break
            asked = seed.choice(["grant", "withdraw"])
            try:
                status, _, _ = put(relay, ada, asked)
            except OSError:
                break
            assert status == 200
            acknowledged = asked
        if relay.process.poll() is None:
            relay.process.kill()
            relay.process.wait()
        relay.start()
        consent = state(relay, ada)["consent"]
        possible = {
            None: {"ConsentUnknown"}, "grant": {"ConsentGiven", "RenewedConsentGiven"},
            "withdraw": {"ConsentWithdrawn"}}
        assert consent in possible[acknowledged] | possible[asked], (acknowledged, asked)
        acknowledged = asked = "withdraw" if consent == "ConsentWithdrawn" else "grant" if "Given" in consent else None


def test_a_killed_relay_accounts_for_what_it_had_disclosed(relay):
    with watched_room(relay) as (watched, ada):
        # Past one report of progress.
        watched.showing_for(6)
        killed = time.time()
        relay.process.kill()
        relay.process.wait()
        relay.start()
        restarted = time.time()
        verify(relay)
        ended = [interval for interval in account(relay) if interval["outcome"] == "interrupted"]
        assert len(ended) == 1, ended
        # At least 5 s of some 80 packets a second are in the last report.
        assert ended[0]["packets"] >= 150 and ended[0]["bytes"] > 0
        until = time.strptime(ended[0]["until"][:19], "%Y-%m-%dT%H:%M:%S")
        assert int(killed) <= time.mktime(until) - time.timezone <= restarted + 1
        # The grant stands as it was recorded, and the room fills again by itself.
        assert state(relay, ada)["consent"] == "ConsentGiven"
        watched.wait_until_showing("stamped", 30)
