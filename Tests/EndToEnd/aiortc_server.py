"""A WHIP and WHEP server on aiortc that forwards packets as they are; a stack that shares nothing with the relay.

usage: aiortc_server.py HOST PORT

POST /{stream}/whip publishes, POST /{stream}/whep views, DELETE of the Location ends. Prints a line when it listens.
"""

import asyncio
import sys
import uuid

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpreceiver import RTCRtpReceiver

sessions = {}
publishers = {}
viewers = {}


class Silent(MediaStreamTrack):
    """Gives a sender its place in the answer, and never anything to send."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    async def recv(self):
        await asyncio.Event().wait()


async def forward(receiver, packet, arrival_time_ms):
    """In place of decoding: every packet leaves for every viewer of its stream, under the viewer's own numbers."""
    for sender, payload_type in list(viewers.get((receiver.stream, receiver.kind), ())):
        packet.ssrc, packet.payload_type = sender._ssrc, payload_type
        packet.extensions = type(packet.extensions)()
        try:
            await sender.transport._send_rtp(packet.serialize())
        except ConnectionError:
            viewers[receiver.stream, receiver.kind].remove((sender, payload_type))


async def handle_packet(receiver, packet, arrival_time_ms):
    # Repetitions have a payload type of their own, which nobody here forwards.
    receiver.ssrc = packet.ssrc
    if packet.payload:
        await forward(receiver, packet, arrival_time_ms)


RTCRtpReceiver._handle_rtp_packet = handle_packet


async def ask_for_keyframe(stream):
    for receiver in publishers.get(stream, ()):
        if receiver.kind == "video" and getattr(receiver, "ssrc", None):
            await receiver._send_rtcp_pli(receiver.ssrc)


def with_candidate(offer, address):
    """A client may name no address of its own and let its checks show it; aioice gives up on one that names none."""
    if "a=candidate" in offer:
        return offer
    return offer.replace("a=ice-pwd", f"a=candidate:1 1 udp 1 {address} 9 typ host\r\na=ice-pwd")


async def negotiate(stream, role, offer):
    connection = RTCPeerConnection()
    await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    for transceiver in connection.getTransceivers():
        if role == "whep":
            transceiver.sender.replaceTrack(Silent(transceiver.kind))
            transceiver.direction = "sendonly"
        else:
            transceiver.direction = "recvonly"
            transceiver.receiver.stream, transceiver.receiver.kind = stream, transceiver.kind
    await connection.setLocalDescription(await connection.createAnswer())
    if role == "whip":
        publishers[stream] = [transceiver.receiver for transceiver in connection.getTransceivers()]
    else:
        @connection.on("connectionstatechange")
        async def changed():
            if connection.connectionState == "connected":
                for transceiver in connection.getTransceivers():
                    codec = transceiver._codecs[0]
                    viewers.setdefault((stream, transceiver.kind), []).append(
                        (transceiver.sender, codec.payloadType))
                await ask_for_keyframe(stream)
    return connection


async def answer(method, path, body, address):
    if method == "DELETE":
        connection = sessions.pop(path, None)
        if connection:
            await connection.close()
        return 200, {}, ""
    _, stream, role = path.split("/")
    if method != "POST" or role not in ("whip", "whep"):
        return 404, {}, ""
    if role == "whep" and stream not in publishers:
        return 404, {}, "nobody publishes that"
    connection = await negotiate(stream, role, with_candidate(body, address))
    place = f"/session/{uuid.uuid4()}"
    sessions[place] = connection
    return 201, {"Location": place, "Content-Type": "application/sdp"}, connection.localDescription.sdp


async def serve(reader, writer):
    try:
        while line := await reader.readline():
            method, path, _ = line.decode().split(" ", 2)
            length = 0
            while (field := (await reader.readline()).decode().strip()):
                name, _, value = field.partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            body = (await reader.readexactly(length)).decode()
            status, fields, text = await answer(method, path, body, writer.get_extra_info("peername")[0])
            head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write(f"HTTP/1.1 {status} -\r\n{head}Content-Length: {len(text.encode())}\r\n\r\n{text}".encode())
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main(host, port):
    server = await asyncio.start_server(serve, host, int(port))
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
