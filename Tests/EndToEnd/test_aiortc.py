"""aiortc, whose ICE, DTLS and SRTP share no code with Chromium's, in both directions."""

import json
import pathlib
import subprocess
import sys

import pytest

from clips import clip
from relay import room

peer = str(pathlib.Path(__file__).parent / "aiortc_peer.py")


@pytest.fixture
def start_peer(network, network_relay):
    """Starts a peer inside the namespace, because aiortc gathers no loopback candidates."""
    running = []

    def start(role, token, seconds, *arguments):
        path = {"publish": "whip", "view": "whep"}[role]
        process = subprocess.Popen(
            network.inside(sys.executable, peer, role, f"{network_relay.url}/v1/rooms/{room}/{path}", token,
                           str(seconds), *arguments),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    """A minute of the clip: aiortc's own looping sets its timestamps back at each round."""
    path = tmp_path_factory.mktemp("clip") / "long.mp4"
    subprocess.run(["ffmpeg", "-loglevel", "error", "-stream_loop", "11", "-i", str(clip("bigbuckbunny")),
                    "-c", "copy", str(path)], check=True)
    return path


def result_of(process, seconds):
    output, errors = process.communicate(timeout=seconds + 30)
    assert process.returncode == 0, errors
    return json.loads(output)


def test_aiortc_publishes_and_aiortc_and_chromium_view(
        network_relay, start_peer, network_chromium, open_room, long_clip):
    token = network_relay.publish_token("ada", "Ada", ["live_room"])
    publisher = start_peer("publish", token, 25, str(long_clip))
    browser = open_room(network_chromium, network_relay)
    tile = browser.tile(name="Ada", seconds=20)
    browser.wait_for_frames(tile, count=50)
    viewer = result_of(start_peer("view", network_relay.view_token(), 8), 8)
    assert viewer["created"] == 201 and viewer["deleted"] == 200
    assert viewer["video"] >= 8 * 10
    assert viewer["audio"] >= 8 * 25
    assert viewer["width"] > 0
    published = result_of(publisher, 25)
    assert published["state"] == "connected"
    assert published["created"] == 201 and published["deleted"] == 200


def test_aiortc_views_chromium(network_relay, start_peer, network_chromium, open_room):
    publisher = open_room(network_chromium, network_relay, network_relay.publish_token("ada", "Ada"))
    publisher.go_live("live_room")
    viewer = result_of(start_peer("view", network_relay.view_token(), 8), 8)
    assert viewer["video"] >= 8 * 10
    assert viewer["loudest"] > 1000


def test_aiortc_without_a_grant_shows_a_slate_and_silence(network_relay, start_peer, long_clip):
    token = network_relay.publish_token("ada", "Ada")
    publisher = start_peer("publish", token, 15, str(long_clip))
    for _ in range(50):
        if network_relay.consents("ada", token)["on_air"]:
            break
        publisher.poll()
        subprocess.run(["sleep", "0.2"], check=True)
    viewer = result_of(start_peer("view", network_relay.view_token(), 6), 6)
    assert 3 <= viewer["video"] <= 15
    assert viewer["loudest"] < 100
    assert publisher.poll() is None
