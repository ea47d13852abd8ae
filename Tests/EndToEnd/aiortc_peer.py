"""A WHIP publisher or WHEP viewer with aiortc, a WebRTC stack of its own; prints one line of JSON.

usage: aiortc_peer.py publish|view URL TOKEN SECONDS [CLIP [again]]

With `again` the clip is repeated, by aiortc's own looping: each round sets the timestamps of the picture back.
"""

import asyncio
import json
import ssl
import sys
import urllib.parse
import urllib.request

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError

unchecked = ssl._create_unverified_context()


def send(method, url, token, body=None):
    request = urllib.request.Request(url, data=body, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("Content-Type", "application/sdp")
    return urllib.request.urlopen(request, timeout=10, context=unchecked if url.startswith("https") else None)


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
        player = MediaPlayer(clip, loop=again is not None)
        connection.addTrack(player.audio or AudioStreamTrack())
        connection.addTrack(player.video)
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
