"""FFmpeg's WHIP muxer, which offers `setup:passive`: the relay is the DTLS client."""

from clips import clip
from room_page import eventually


def test_ffmpeg_publishes_and_chromium_views(relay, chromium, open_room, peers):
    token = relay.publish_token("ada", "Ada", ["live_room"])
    publisher = peers.start_ffmpeg(relay, token, 15, clip("bigbuckbunny"))
    viewer = open_room(chromium, relay)
    tile = viewer.tile(name="Ada")
    viewer.wait_for_frames(tile, count=10)
    assert viewer.codec(tile) == "video/H264"
    viewer.turn_on_sound()
    started = viewer.start_measuring(tile)
    viewer.wait_for_frames(tile, count=100)
    measured = viewer.measured(started)
    assert measured["frames_per_second"] >= 15
    assert measured["energy"] > 0
    assert measured["states"] == "live"
    published = publisher.result()
    print("FFmpeg", published["version"])
    assert published["frames"] >= 15 * 20
    # Its DELETE ends the publication at once.
    eventually(lambda: viewer.page.is_visible("#empty"), "the viewer's grid is empty", 10)
