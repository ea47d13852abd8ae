"""Firefox, which has its own ICE and DTLS, to and from Chromium through the room page."""

from room_page import eventually


def test_firefox_and_chromium_see_each_other(network_relay, network_firefox, network_chromium, open_room):
    network_firefox.open_room(network_relay, network_relay.publish_token("grace", "Grace"))
    network_firefox.go_live("live_room")
    eventually(lambda: network_firefox.tally() == "live", "Firefox is on air")
    chromium = open_room(network_chromium, network_relay, network_relay.publish_token("ada", "Ada"))
    tile = chromium.tile(name="Grace")
    chromium.wait_for_frames(tile, count=50)
    chromium.turn_on_sound()
    started = chromium.start_measuring(tile)

    chromium.go_live("live_room")
    eventually(lambda: network_firefox.frames("Ada") >= 100, "a hundred frames of Chromium's in Firefox", 20)
    measured = chromium.measured(started)
    print("Firefox as Chromium sees it", chromium.codec(tile), measured)
    assert measured["frames_per_second"] >= 10
    assert measured["energy"] > 0

    chromium.audience_button("live_room").click()
    slate = eventually(lambda: network_firefox.withheld_frames(), "a slate in Firefox")
    eventually(lambda: network_firefox.withheld_frames() >= slate + 2, "the slate goes on", 8)
    assert network_firefox.frames("Ada") == 0
