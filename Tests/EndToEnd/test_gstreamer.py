"""GStreamer's webrtcbin, which sends neither mid extensions nor transport-wide sequence numbers."""

from room_page import eventually


def test_gstreamer_publishes_and_chromium_views(
        network, network_relay, network_chromium, open_room, peers):
    token = network_relay.publish_token("ada", "Ada", ["live_room"])
    publisher = peers.start_gstreamer(network, network_relay, token, 15)
    viewer = open_room(network_chromium, network_relay)
    tile = viewer.tile(name="Ada")
    viewer.wait_for_frames(tile, count=10)
    viewer.turn_on_sound()
    started = viewer.start_measuring(tile)
    viewer.wait_for_frames(tile, count=100)
    measured = viewer.measured(started)
    assert measured["frames_per_second"] >= 15
    assert measured["energy"] > 0
    assert measured["states"] == "live"
    published = publisher.result()
    print(published["version"])
    assert published["state"] == "connected"
    assert published["created"] == 201 and published["deleted"] == 200
    eventually(lambda: viewer.page.is_visible("#empty"), "the viewer's grid is empty", 10)
