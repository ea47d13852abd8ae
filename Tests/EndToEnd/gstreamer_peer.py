"""A WHIP publisher with GStreamer's webrtcbin, which `whipsink` is made of; prints one line of JSON.

Runs with Debian's own Python, whose packages bring the bindings.
usage: gstreamer_peer.py URL TOKEN SECONDS
"""

import json
import ssl
import sys
import threading
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

pipeline_text = """
    webrtcbin name=peer bundle-policy=max-bundle
    audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=111 !
        application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer.
    videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1 ! videoconvert !
        vp8enc deadline=1 cpu-used=8 keyframe-max-dist=250 ! rtpvp8pay pt=96 picture-id-mode=15-bit mtu=1200 !
        application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
"""


def send(method, url, token, body=None):
    request = urllib.request.Request(url, data=body, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("Content-Type", "application/sdp")
    return urllib.request.urlopen(request, timeout=10, context=ssl._create_unverified_context())


def asked(peer, signal, *arguments):
    """What webrtcbin answers to one of its asynchronous doings; to be kept as long as any value of it."""
    promise = Gst.Promise.new()
    peer.emit(signal, *arguments, promise)
    promise.wait()
    return promise.get_reply()


def main(url, token, seconds):
    Gst.init(None)
    pipeline = Gst.parse_launch(pipeline_text)
    peer = pipeline.get_by_name("peer")
    needed, gathered = threading.Event(), threading.Event()
    peer.connect("on-negotiation-needed", lambda _: needed.set())

    def on_gathering(*_):
        if peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            gathered.set()

    peer.connect("notify::ice-gathering-state", on_gathering)
    pipeline.set_state(Gst.State.PLAYING)
    assert needed.wait(10), "webrtcbin asks for no negotiation"
    index = 0
    while (transceiver := peer.emit("get-transceiver", index)) is not None:
        transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        index += 1
    reply = asked(peer, "create-offer", None)
    asked(peer, "set-local-description", reply.get_value("offer"))
    assert gathered.wait(10), "gathering did not end"
    text = peer.get_property("local-description").sdp.as_text()
    answer = send("POST", url, token, text.encode())
    _, sdp = GstSdp.SDPMessage.new_from_text(answer.read().decode())
    asked(peer, "set-remote-description",
          GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp))
    # Nothing else happens here: the pipeline has threads of its own.
    failure = pipeline.get_bus().timed_pop_filtered(
        int(float(seconds) * Gst.SECOND), Gst.MessageType.ERROR | Gst.MessageType.EOS)
    assert failure is None, failure.parse_error()
    state = peer.get_property("connection-state").value_nick
    deleted = send("DELETE", urllib.parse.urljoin(url, answer.headers["Location"]), token).status
    pipeline.set_state(Gst.State.NULL)
    print(json.dumps({"created": answer.status, "deleted": deleted, "state": state, "version": Gst.version_string()}))


main(*sys.argv[1:])
