"""Chromium to Chromium through the room page."""

import json
import time

from room_page import difference, eventually


def test_browser_sees_browser_for_thirty_seconds_without_a_freeze(relay, chromium, open_room, tmp_path):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    viewer = open_room(chromium, relay)
    tile = viewer.tile(name="Ada")
    viewer.wait_for_frames(tile)
    # A second way round at once: the viewer publishes too, and both watch each other.
    viewer.go_live("live_room", name="Grace")
    back = publisher.tile(name="Grace")
    publisher.wait_for_frames(back)

    viewer.turn_on_sound()
    publisher.turn_on_sound()
    there, again = viewer.start_measuring(tile), publisher.start_measuring(back)
    time.sleep(30)
    for title, measured in (
        ("Ada as Grace sees her", viewer.measured(there)),
        ("Grace as Ada sees her", publisher.measured(again)),
    ):
        print(title, json.dumps(measured))
        assert measured["frames"] >= 30 * 15
        assert measured["states"] == "live"
        assert measured["longest_gap"] <= 500
        assert measured["samples"] >= 30 * 48_000 * 0.95
        assert measured["energy"] > 0
    viewer.page.screenshot(path=str(tmp_path / "room.png"))


def test_nobody_receives_a_participant_who_chose_nobody(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live(name="Ada")
    publisher.wait_for_tally("dark")
    viewer = open_room(chromium, relay)
    tile = viewer.tile("withheld")
    assert "Ada" not in viewer.page.content()
    viewer.wait_for_frames(tile, count=2)
    assert publisher.tally() == "dark"


def test_withdrawing_shows_a_slate_to_that_audience_only(relay, chromium, open_room, tmp_path):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", "live_embed:partner.example", name="Ada")
    viewer = open_room(chromium, relay)
    partner = open_room(chromium, relay, token=relay.view_token("live_embed:partner.example"))
    viewer.wait_for_frames(viewer.tile())
    partner_tile = partner.tile()
    partner.wait_for_frames(partner_tile)
    live_picture = viewer.picture(viewer.tile())

    publisher.audience_button("live_room").click()
    publisher.page.wait_for_selector("#receipt[data-state=done]")
    assert "Withdrawn. In effect since" in publisher.page.text_content("#receipt")
    slate = viewer.tile("withheld")
    assert "Ada" not in slate.text_content()
    assert "withdr" not in viewer.page.inner_text("body").lower()
    viewer.wait_for_frames(slate, count=1, seconds=5)

    before, partner_before = viewer.frames_decoded(slate), partner.frames_decoded(partner_tile)
    pictures = []
    for _ in range(5):
        viewer.page.wait_for_timeout(1000)
        pictures.append(viewer.picture(slate))
    frames = viewer.frames_decoded(slate) - before
    viewer.page.screenshot(path=str(tmp_path / "slate.png"))
    assert 3 <= frames <= 15, "a slate comes about once a second"
    assert max(difference(pictures[0], other) for other in pictures) < 2, "the slate does not move"
    assert difference(live_picture, pictures[-1]) > 10, "the slate is another picture than the camera's"
    assert partner.frames_decoded(partner_tile) - partner_before >= 5 * 15, "the partner still receives"
    assert partner_tile.get_attribute("data-state") == "live"
    assert publisher.tally() == "live"

    publisher.audience_button("live_room").click()
    tile = viewer.tile("live", name="Ada")
    viewer.wait_for_frames(tile, count=30, seconds=5)
    assert difference(viewer.picture(tile), pictures[-1]) > 10


def test_withdrawing_everything_darkens_every_audience(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", "live_embed:partner.example", name="Ada")
    viewer = open_room(chromium, relay)
    partner = open_room(chromium, relay, token=relay.view_token("live_embed:partner.example"))
    viewer.wait_for_frames(viewer.tile())
    partner.wait_for_frames(partner.tile())
    publisher.page.click("#withdraw-all")
    publisher.wait_for_tally("dark")
    viewer.tile("withheld")
    partner.tile("withheld")


def test_two_viewers_see_the_same_participant(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    viewers = [open_room(chromium, relay) for _ in range(2)]
    for viewer in viewers:
        viewer.wait_for_frames(viewer.tile(name="Ada"), count=60)
    # The late joiner started from the ring: it has a picture without the other losing any.
    row = publisher.page.locator('#audiences li[data-audience="live_room"]')
    eventually(lambda: "3 viewers with this page" in row.text_content(), "the panel counts viewers and the own page")


def test_leaving_empties_the_room(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    viewer = open_room(chromium, relay)
    viewer.wait_for_frames(viewer.tile(name="Ada"))
    publisher.page.click("#leave")
    eventually(lambda: viewer.page.is_visible("#empty"), "the viewer's grid is empty", 10)
