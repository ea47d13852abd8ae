"""The disclosure ledger against what clients really received, decrypted and recognised."""

import json
import shutil
import sqlite3
import subprocess

import pytest

from relay import Relay, binary


def run(*arguments):
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=240)


def accounted(directory, participant):
    """Every interval about a participant, over all pages."""
    found, after = [], 0
    while after is not None:
        result = run("ledger", "account", directory, "--participant", participant, "--json", "--after", after)
        assert result.returncode == 0, result.stderr
        page = json.loads(result.stdout)
        found += page["disclosures"]
        after = page.get("next")
    return found


def flip(relay, folder, viewers, flips):
    operator = folder / "operator-token"
    operator.write_text(relay.token("operator"))
    result = run("flips", "--base-url", relay.url, "--operator-token-file", operator,
                 "--viewers", viewers, "--flips", flips, "--json")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return json.loads(result.stdout[result.stdout.index("{"):])


@pytest.fixture
def flipped(relay, tmp_path):
    """A relay that has forwarded under twenty grants and withdrawals, and what ten viewers counted."""
    report = flip(relay, tmp_path, viewers=10, flips=20)
    assert relay.stop() == 0
    assert report["leaks"] == 0, "leaked"
    assert report["packetsLost"] == 0 and report["packetsUndecryptable"] == 0
    return relay, report


def broadcaster(relay):
    with sqlite3.connect(relay.directory / "ledger.sqlite") as connection:
        return connection.execute("SELECT participant FROM principal").fetchone()[0]


def test_packets_accounted_equal_packets_delivered(flipped):
    relay, report = flipped
    intervals = accounted(relay.directory, broadcaster(relay))
    shown = [interval for interval in intervals if interval["outcome"] != "refused"]
    assert len(shown) >= 10
    assert {interval["outcome"] for interval in shown} == {"closed"}
    assert sum(interval["packets"] for interval in shown) == report["packetsOfBroadcaster"]
    # Somebody joined or stayed while nothing was agreed to: that is on record too, with the reason.
    refused = [interval for interval in intervals if interval["outcome"] == "refused"]
    assert all(interval["packets"] == 0 and interval["reason"] for interval in refused)
    assert run("ledger", "verify", relay.directory).returncode == 0


def test_what_was_changed_afterwards_is_found(flipped, tmp_path):
    relay, _ = flipped
    checkpoint = relay.directory / "log" / "checkpoint"

    def verify(name, change):
        copy = tmp_path / name
        shutil.copytree(relay.directory, copy)
        change(copy)
        result = run("ledger", "verify", copy, "--since", checkpoint)
        assert result.returncode == 1, (name, result.stdout, result.stderr)

    def flip_a_byte(copy):
        tile = next(file for file in sorted((copy / "log" / "tile").rglob("*")) if file.is_file())
        content = bytearray(tile.read_bytes())
        content[7] ^= 1
        tile.write_bytes(content)

    def drop_a_leaf(copy):
        with sqlite3.connect(copy / "ledger.sqlite") as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            last = connection.execute("SELECT max(leaf) FROM disclosure_entry").fetchone()[0]
            connection.execute("DELETE FROM disclosure_entry WHERE leaf = ?", (last,))

    def change_a_count(copy):
        with sqlite3.connect(copy / "ledger.sqlite") as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(
                "UPDATE disclosure_entry SET packets = packets + 1 "
                "WHERE leaf = (SELECT max(leaf) FROM disclosure_entry WHERE packets > 0)")

    verify("flipped byte", flip_a_byte)
    verify("dropped leaf", drop_a_leaf)
    verify("changed count", change_a_count)


def test_two_histories_with_one_key_are_found(flipped, tmp_path):
    """A copy of the relay goes on by itself: both logs are signed rightly, and neither extends the other."""
    first, _ = flipped
    folder = tmp_path / "fork"
    shutil.copytree(first.directory, folder, ignore=shutil.ignore_patterns("fork", "*.yaml", "*.lock"))
    second = Relay(folder)
    checkpoints = []
    for relay in (first, second):
        relay.start()
        flip(relay, tmp_path, viewers=1, flips=2)
        relay.stop()
        assert run("ledger", "verify", relay.directory).returncode == 0
        checkpoints.append(relay.directory / "log" / "checkpoint")
    for relay, other in ((first, checkpoints[1]), (second, checkpoints[0])):
        result = run("ledger", "verify", relay.directory, "--since", other)
        assert result.returncode == 1, result.stdout + result.stderr
