"""A WHIP server with aiortc, a second implementation of the receiving side, that acknowledges webhooks.

usage: whip_server.py PORT [silent]

It answers on loopback; its media is on every other address. POST /whip makes a session, DELETE /sessions/N ends it,
POST /hook takes signed words (never acknowledged with `silent`), GET /seen tells everything as JSON.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
token = "a-token-of-the-destination"
key = base64.b64decode(secret.removeprefix("whsec_"))
loop = asyncio.new_event_loop()


class Session:
    def __init__(self, offer):
        self.offer = offer
        self.counts = {"audio": 0, "video": 0, "width": 0}
        self.ended = False
        # Without servers to ask, gathering ends at once.
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on("track", lambda track: asyncio.ensure_future(self.count(track)))

    async def answer(self):
        await self.connection.setRemoteDescription(RTCSessionDescription(self.offer, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription.sdp

    async def count(self, track):
        try:
            while True:
                frame = await track.recv()
                self.counts[track.kind] += 1
                if track.kind == "video":
                    self.counts["width"] = frame.width
        except MediaStreamError:
            return

    async def end(self):
        self.ended = True
        await self.connection.close()

    @property
    def seen(self):
        # The relay's socket of this session, as its candidates name it.
        ports = re.findall(r"a=candidate:\S+ 1 udp \d+ \S+ (\d+) typ host", self.offer)
        return {**self.counts, "ended": self.ended, "state": self.connection.connectionState, "offer": self.offer,
                "ports": sorted({int(port) for port in ports})}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/hook":
            return self.hear(body)
        if self.headers["Authorization"] != f"Bearer {token}":
            return self.reply(401)
        session = asyncio.run_coroutine_threadsafe(self.make(body.decode()), loop).result(20)
        self.server.sessions.append(session)
        answer = session.connection.localDescription.sdp.encode()
        place = f"/sessions/{len(self.server.sessions) - 1}"
        self.reply(201, answer, Content_Type="application/sdp", Location=place, ETag='"1"')

    async def make(self, offer):
        session = Session(offer)
        await session.answer()
        return session

    def hear(self, body):
        if self.server.silent:
            time.sleep(60)
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        signature = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        good = hmac.compare_digest(signature, self.headers["webhook-signature"])
        if good:
            self.server.words.append({"at": time.time(), **json.loads(body)})
        self.reply(204 if good else 400)

    def do_DELETE(self):
        session = self.server.sessions[int(self.path.rpartition("/")[2])]
        asyncio.run_coroutine_threadsafe(session.end(), loop).result(20)
        self.reply(200)

    def do_GET(self):
        seen = {"sessions": [session.seen for session in list(self.server.sessions)], "words": self.server.words}
        self.reply(200, json.dumps(seen).encode(), Content_Type="application/json")

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, silent):
        super().__init__(("127.0.0.1", port), Handler)
        self.silent = silent
        self.sessions, self.words = [], []


if __name__ == "__main__":
    server = Server(int(sys.argv[1]), "silent" in sys.argv[2:])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asyncio.set_event_loop(loop)
    loop.run_forever()
