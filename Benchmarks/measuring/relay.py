"""A relay on loopback, for as long as one measurement takes."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import time

from .machine import pinned

start_seconds = 30


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# Everybody is one address and a few tokens here, which limits for strangers would stop.
configuration = """\
http:
  host: "127.0.0.1"
  port: {http}
  maximumConnections: 20000
udp:
  host: "127.0.0.1"
  port: {udp}
  candidates: ["127.0.0.1"]
media:
  loops: {loops}
data:
  directory: "{folder}/data"
limits:
  rooms: 1000
  viewersPerRoom: 20000
  sessionsPerToken: 20000
  sessionsPerAddress: 100000
  handshakesPerSecond: 100000
  requestsPerSecond: 1000000
  eventStreams: 20000
  eventStreamsPerParticipant: 1000
log:
  level: "warning"
"""


class Relay:
    """Starts with `with`, on the cores named, and is ended by its process id."""

    def __init__(self, tally, cores, loops=1):
        self.tally = tally
        self.cores = cores
        self.loops = loops

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="tally-benchmark-")
        folder = pathlib.Path(self._folder.name)
        self.log = folder / "relay.log"
        self.config = folder / "tally.yaml"
        self.port = free_port(socket.SOCK_STREAM)
        self.url = f"http://127.0.0.1:{self.port}"
        self.config.write_text(configuration.format(
            http=self.port, udp=free_port(socket.SOCK_DGRAM), loops=self.loops, folder=folder))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.tally, "serve", "--config", str(self.config)], stdout=log, stderr=subprocess.STDOUT,
                preexec_fn=pinned(self.cores))
        try:
            self._await_ready()
            self.token_file = folder / "operator.token"
            self.operator = self.token("operator")
            self.token_file.write_text(self.operator)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._folder.cleanup()

    @property
    def pid(self):
        return self.process.pid

    def _await_ready(self):
        deadline = time.monotonic() + start_seconds
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the relay ended while starting:\n{self.log.read_text()[-4000:]}")
            with contextlib.suppress(OSError):
                if self.request("GET", "/readyz")[0] == 200:
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"the relay is not ready:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def token(self, kind, *arguments):
        return subprocess.run(
            [self.tally, "token", kind, *arguments, "--config", str(self.config)],
            check=True, capture_output=True, text=True).stdout.strip()

    def request(self, method, path, token=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    # Memory, from the kernel.

    def _status(self, name):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)[1]) * 1024

    @property
    def resident(self):
        return self._status("VmRSS")

    @property
    def peak_resident(self):
        return self._status("VmHWM")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
