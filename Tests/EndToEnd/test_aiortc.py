"""aiortc, whose ICE, DTLS and SRTP share no code with Chromium's, in both directions."""

import subprocess
import time

import pytest

from clips import clip
from room_page import eventually


@pytest.fixture(scope="module")
def encoded_clip(tmp_path_factory):
    """Five seconds of VP8 and Opus that begin with a keyframe."""
    path = tmp_path_factory.mktemp("clip") / "encoded.webm"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(clip("bigbuckbunny")), "-t", "5", "-vf", "scale=640:360",
         "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "800k", "-g", "50", "-c:a", "libopus", "-ac", "2",
         str(path)], check=True)
    return path


def test_aiortc_publishes_and_aiortc_and_chromium_view(
        network, network_relay, peers, network_chromium, open_room, long_clip):
    token = network_relay.publish_token("ada", "Ada", ["live_room"])
    publisher = peers.start_aiortc(network, network_relay, "publish", token, 25, long_clip)
    browser = open_room(network_chromium, network_relay)
    tile = browser.tile(name="Ada", seconds=20)
    browser.wait_for_frames(tile, count=50)
    viewer = peers.start_aiortc(network, network_relay, "view", network_relay.view_token(), 8).result()
    assert viewer["created"] == 201 and viewer["deleted"] == 200
    assert viewer["video"] >= 8 * 10
    assert viewer["audio"] >= 8 * 25
    assert viewer["width"] > 0
    published = publisher.result()
    assert published["state"] == "connected"
    assert published["created"] == 201 and published["deleted"] == 200


def test_aiortc_views_chromium(network, network_relay, peers, network_chromium, open_room):
    publisher = open_room(network_chromium, network_relay, network_relay.publish_token("ada", "Ada"))
    publisher.go_live("live_room")
    viewer = peers.start_aiortc(network, network_relay, "view", network_relay.view_token(), 8).result()
    assert viewer["video"] >= 8 * 10
    assert viewer["loudest"] > 1000


def test_aiortc_without_a_grant_shows_a_slate_and_silence(network, network_relay, peers, long_clip):
    token = network_relay.publish_token("ada", "Ada")
    publisher = peers.start_aiortc(network, network_relay, "publish", token, 15, long_clip)
    eventually(lambda: network_relay.consents("ada", token)["on_air"], "the publisher is on air")
    viewer = peers.start_aiortc(network, network_relay, "view", network_relay.view_token(), 6).result()
    assert 3 <= viewer["video"] <= 15
    assert viewer["loudest"] < 100
    assert publisher.is_running


def test_viewers_follow_timestamps_that_are_set_back(
        network, network_relay, peers, network_chromium, open_room, encoded_clip):
    """A clip of five seconds that is repeated, its timestamps too; seventeen seconds hold three jumps back."""
    token = network_relay.publish_token("ada", "Ada", ["live_room"])
    publisher = peers.start_aiortc(network, network_relay, "publish", token, 40, encoded_clip, "again")
    browser = open_room(network_chromium, network_relay)
    tile = browser.tile(name="Ada", seconds=20)
    browser.wait_for_frames(tile, count=10)
    browser.turn_on_sound()
    started = browser.start_measuring(tile)
    for second in range(0, 16, 4):
        before = browser.frames_decoded(tile)
        time.sleep(4)
        decoded = browser.frames_decoded(tile) - before
        assert decoded >= 4 * 10, f"{decoded} frames decoded from second {second} on"
    measured = browser.measured(started)
    print("Chromium", measured)
    assert measured["states"] == "live"
    assert measured["longest_gap"] <= 2000
    assert measured["energy"] > 0
    viewer = peers.start_aiortc(network, network_relay, "view", network_relay.view_token(), 8).result()
    assert viewer["video"] >= 8 * 10
    assert viewer["loudest"] > 1000
    assert publisher.is_running
