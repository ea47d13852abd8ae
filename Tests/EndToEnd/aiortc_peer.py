"""A WHIP publisher or WHEP viewer with aiortc, a WebRTC stack of its own; prints one line of JSON.

usage: aiortc_peer.py publish|view URL TOKEN SECONDS [CLIP [again]]

With `again` the clip, VP8 and Opus, is repeated without encoding it anew, and each round begins with the
timestamps of the first, as those of an encoder that is restarted.
"""

import asyncio
import json
import ssl
import sys
import time
import urllib.parse
import urllib.request

import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack

unchecked = ssl._create_unverified_context()


def send(method, url, token, body=None):
    request = urllib.request.Request(url, data=body, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("Content-Type", "application/sdp")
    return urllib.request.urlopen(request, timeout=10, context=unchecked if url.startswith("https") else None)


class Rounds(MediaStreamTrack):
    """The encoded packets of one kind of a clip, again and again; aiortc's own looping ends its encoder instead."""

    def __init__(self, clip, kind):
        super().__init__()
        self.kind = kind
        with av.open(clip) as container:
            self._packets = [packet for packet in container.demux() if packet.size and packet.stream.type == kind]
            self._length = container.duration / av.time_base
        self._sent = 0
        self._began = None

    async def recv(self):
        self._began = self._began or time.monotonic()
        rounds, index = divmod(self._sent, len(self._packets))
        packet = self._packets[index]
        due = self._began + rounds * self._length + float(packet.pts * packet.time_base)
        await asyncio.sleep(max(0, due - time.monotonic()))
        self._sent += 1
        return packet


async def count(track, counts):
    try:
        while True:
            frame = await track.recv()
            counts[track.kind] += 1
            if track.kind == "video":
                counts["width"] = frame.width
            else:
                counts["loudest"] = max(counts["loudest"], int(abs(frame.to_ndarray().astype("int32")).max()))
    except MediaStreamError:
        return


async def main(role, url, token, seconds, clip=None, again=None):
    # Without servers to ask, gathering ends at once.
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    counts = {"audio": 0, "video": 0, "width": 0, "loudest": 0}
    tasks = []
    if role == "publish":
        if again:
            audio, video = Rounds(clip, "audio"), Rounds(clip, "video")
        else:
            player = MediaPlayer(clip)
            audio, video = player.audio or AudioStreamTrack(), player.video
        connection.addTrack(audio)
        connection.addTrack(video)
        for transceiver in connection.getTransceivers():
            transceiver.direction = "sendonly"
    else:
        connection.addTransceiver("audio", direction="recvonly")
        connection.addTransceiver("video", direction="recvonly")
        connection.on("track", lambda track: tasks.append(asyncio.ensure_future(count(track, counts))))
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp.encode()
    answer = await asyncio.to_thread(send, "POST", url, token, offer)
    session = urllib.parse.urljoin(url, answer.headers["Location"])
    await connection.setRemoteDescription(RTCSessionDescription(answer.read().decode(), "answer"))
    await asyncio.sleep(float(seconds))
    counts["state"] = connection.connectionState
    status = (await asyncio.to_thread(send, "DELETE", session, token)).status
    await connection.close()
    await asyncio.gather(*tasks)
    print(json.dumps({**counts, "created": answer.status, "deleted": status}))


asyncio.run(main(*sys.argv[1:]))
