"""One synthetic broadcaster and one viewer of the relay's own, whose report is read as it comes."""

import contextlib
import json
import os
import subprocess
import threading
import time

from relay import binary, room


class WatchedRoom:
    """`tally publish` as a participant, and `tally watch` as a viewer who decrypts and decodes."""

    def __init__(self, relay, publish_token, view_token):
        self._processes = []
        self._reports = []
        self._publisher = self._start(relay, "publish", publish_token, "whip", "--size", "320x180", "--fps", "30")
        viewer = self._start(relay, "watch", view_token, "whep", "--seconds", "600", "--json")
        self._reader = threading.Thread(target=self._read, args=(viewer,), daemon=True)
        self._reader.start()

    def _start(self, relay, command, token, endpoint, *arguments):
        process = subprocess.Popen(
            [binary(), command, "--url", f"{relay.url}/v1/rooms/{room}/{endpoint}", *arguments],
            env={**os.environ, "TALLY_TOKEN": token}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._processes.append(process)
        if command == "publish":
            threading.Thread(target=process.stdout.read, daemon=True).start()
        return process

    def _read(self, viewer):
        for line in viewer.stdout:
            message = json.loads(line)
            if message["type"] != "report":
                continue
            slots = [slot for slot in message["slots"] if slot["kind"] == "video"]
            self._reports.append((time.monotonic(), slots[0] if slots else None))

    def wait_until_showing(self, wanted, seconds=15):
        """Waits for a whole second of `stamped` (the publisher's picture) or `unstamped` (a slate)."""
        since = time.monotonic() + 1
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if any(at > since and slot and slot["showing"] == wanted for at, slot in self._reports):
                return
            time.sleep(0.05)
        raise AssertionError(f"not {wanted} within {seconds} s; last seen: {self._reports[-1:]}")

    @property
    def reports(self):
        """When each report came, and what it said of the first video slot."""
        return list(self._reports)

    def showing_for(self, seconds):
        """What was shown in each of the next seconds."""
        since = time.monotonic() + 1
        time.sleep(seconds + 1)
        return [slot["showing"] for at, slot in self._reports if at > since and slot]

    def stop(self):
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(20)


@contextlib.contextmanager
def watched_room(relay, participant="ada", name="Ada"):
    token = relay.publish_token(participant, name)
    relay.choose(participant, token, "grant", "live_room")
    watched = WatchedRoom(relay, token, relay.view_token())
    try:
        watched.wait_until_showing("stamped", 20)
        yield watched, token
    finally:
        watched.stop()
