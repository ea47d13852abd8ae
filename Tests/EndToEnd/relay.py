"""Starts and stops the real `tally serve`, and talks to its HTTP surface."""

import hashlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

checkout = pathlib.Path(__file__).resolve().parents[2]
room = "demo"


def binary():
    path = pathlib.Path(os.environ.get("TALLY", checkout / ".build" / "release" / "tally"))
    assert path.exists(), f"{path} is missing: swift build -c release --product tally"
    return str(path)


def free_port(kind, host):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def make_certificate(directory, host):
    """A self-signed certificate for an address; the clients of the tests are told not to check it."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=tally", "-addext", f"subjectAltName=IP:{host}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True)
    return certificate, key


def configuration(directory, host, http_port, media_port, certificate=None, media_host=None):
    media_host = host if media_host is None else media_host
    tls = f"""
  tls:
    certificate: "{certificate[0]}"
    key: "{certificate[1]}\"""" if certificate else ""
    return f"""\
http:
  host: "{host}"
  port: {http_port}{tls}
udp:
  host: "{media_host}"
  port: {media_port}
  candidates: ["{host}"]
data:
  directory: "{directory}"
rooms:
  openViewing: true
  openPublishing: {"true" if host == "127.0.0.1" else "false"}
"""


class Relay:
    def __init__(self, directory, host="127.0.0.1", media_host=None):
        """Media is bound to `media_host`, which is `host` unless given; empty for every address."""
        self.directory = directory
        self.host = host
        self.log = directory / "relay.log"
        self.config = directory / "tally.yaml"
        self.process = None
        certificate = None if host == "127.0.0.1" else make_certificate(directory, host)
        http_port = free_port(socket.SOCK_STREAM, host)
        media_port = free_port(socket.SOCK_DGRAM, host)
        self.config.write_text(configuration(directory, host, http_port, media_port, certificate, media_host))
        authority = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if certificate else 'http'}://{authority}:{http_port}"
        self._tls = ssl._create_unverified_context()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [binary(), "serve", "--config", str(self.config)], stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the relay ended while starting:\n{self.log.read_text()}"
            try:
                if self.request("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the relay was not ready within 20 s:\n{self.log.read_text()}")

    def stop(self, number=signal.SIGTERM):
        """Ends the relay; answers its exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.send_signal(number)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the relay did not end within 20 s of signal {number}") from None

    def token(self, kind, *arguments):
        result = subprocess.run(
            [binary(), "token", kind, *arguments, "--config", str(self.config)],
            check=True, capture_output=True, text=True)
        return result.stdout.strip()

    def publish_token(self, participant, name, grants=()):
        flags = [flag for grant in grants for flag in ("--grant", grant)]
        return self.token("publish", "--room", room, "--participant", participant, "--name", name, *flags)

    def view_token(self, audience="live_room"):
        purpose, _, recipient = audience.partition(":")
        if recipient:
            self.add_partner(recipient, purposes=[purpose])
        return self.token("view", "--room", room, "--audience", audience)

    def add_partner(self, partner, origins=("https://site.example",), **terms):
        """Registers a partner, unless it is; answers its key where it is new."""
        status, _, body = self.request("POST", "/v1/partners", self.token("operator"), {
            "id": partner, "legal_name": f"{partner} Ltd", "contact": f"privacy@{partner}.example",
            "origins": list(origins), **terms})
        assert status in (201, 409), body
        return json.loads(body).get("key")

    def request(self, method, path, token=None, body=None, content_type="application/json", headers=()):
        """Answers status, headers and body as text."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        for name, value in dict(headers).items():
            request.add_header(name, value)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if data is not None:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, timeout=10, context=self._tls if "https" in self.url else None) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def consents(self, participant, token):
        status, _, body = self.request("GET", f"/v1/rooms/{room}/participants/{participant}/consents", token)
        assert status == 200, body
        return json.loads(body)

    def publish_notice(self, version, text, *purposes, change="material", language="en", controller="Example Ltd"):
        """Puts a notice in force as the operator; answers how a grant names it."""
        status, _, body = self.request(
            "POST", f"/v1/rooms/{room}/notices", self.token("operator", "--name", "op"),
            {"id": "privacy", "version": version, "language": language, "text": text, "controller": controller,
             "change": change, "purposes": list(purposes)})
        assert status == 201, body
        return {"id": "privacy", "version": version, "sha256": hashlib.sha256(text.encode()).hexdigest()}

    def audience(self, participant, token, audience):
        """What the relay says of one audience of a participant."""
        purpose, _, recipient = audience.partition(":")
        found = [state for state in self.consents(participant, token)["audiences"]
                 if state["purpose"] == purpose and state.get("recipient", "*" if "whole_class" in state else "")
                 == recipient]
        return found[0] if found else None

    def choose(self, participant, token, choice, *audiences):
        changes = []
        for audience in audiences:
            purpose, _, recipient = audience.partition(":")
            changes.append({"purpose": purpose, "choice": choice, **({"recipient": recipient} if recipient else {})})
        status, _, body = self.request(
            "PUT", f"/v1/rooms/{room}/participants/{participant}/consents", token, {"changes": changes})
        assert status == 200, body
        return json.loads(body)
