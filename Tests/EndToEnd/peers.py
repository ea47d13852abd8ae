"""Clients that are programs of their own, each printing one line of JSON when it ends."""

import json
import pathlib
import subprocess
import sys

from relay import room

folder = pathlib.Path(__file__).parent
# The one that Debian's bindings are installed for.
system_python = "/usr/bin/python3"
paths = {"publish": "whip", "view": "whep"}


class Peer:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @property
    def is_running(self):
        return self.process.poll() is None

    def result(self, seconds=60):
        output, errors = self.process.communicate(timeout=seconds)
        assert self.process.returncode == 0, errors
        return json.loads(output)

    def stop(self):
        if self.is_running:
            self.process.kill()
        self.process.communicate()


class Peers:
    def __init__(self):
        self.running = []

    def start(self, *command):
        self.running.append(Peer([str(part) for part in command]))
        return self.running[-1]

    def start_aiortc(self, network, relay, role, token, seconds, *arguments):
        """Inside the namespace, because aiortc gathers no loopback candidates."""
        url = f"{relay.url}/v1/rooms/{room}/{paths[role]}"
        return self.start(
            *network.inside(sys.executable, folder / "aiortc_peer.py", role, url, token, seconds, *arguments))

    def start_ffmpeg(self, relay, token, seconds, clip):
        url = f"{relay.url}/v1/rooms/{room}/whip"
        return self.start(sys.executable, folder / "ffmpeg_peer.py", url, token, seconds, clip)

    def start_gstreamer(self, network, relay, token, seconds):
        """Inside the namespace, because libnice gathers no loopback candidates."""
        url = f"{relay.url}/v1/rooms/{room}/whip"
        return self.start(*network.inside(system_python, folder / "gstreamer_peer.py", url, token, seconds))

    def stop(self):
        for peer in self.running:
            peer.stop()
