"""Notices beside the choices of the room page, and what happens when their words change."""

from relay import room
from room_page import difference, eventually

first = "We show you live to the people in this room. Nothing is kept. Ask Example Ltd about it."
second = "We show you live to the people in this room. Pictures are kept for a day. Ask Example Ltd about it."


def open_terms(place):
    place.locator(".terms summary").click()
    eventually(lambda: place.locator(".words").text_content(), "the words are shown")
    return place.locator(".words").text_content()


def test_the_notice_is_beside_the_choice_and_its_reference_is_recorded(relay, chromium, open_room):
    notice = relay.publish_notice("1", first, "live_room", "recording")
    publisher = open_room(chromium, relay)
    publisher.page.click("#go-live")
    choice = publisher.page.locator("#choices li", has=publisher.page.locator('input[value="live_room"]'))
    eventually(lambda: choice.locator(".terms").is_visible(), "the terms stand beside the choice")
    assert "of Example Ltd, version 1" in choice.locator(".terms summary").text_content()
    assert open_terms(choice) == first
    publisher.page.click("#setup-cancel")

    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    recorded = relay.audience(*publisher.participant(), "live_room")
    assert recorded["consent"] == "ConsentGiven"
    assert recorded["record"]["source"] == "page"
    assert recorded["record"]["notice"] == notice
    row = publisher.row("live_room")
    eventually(lambda: "You agreed to the terms" in row.locator("summary").text_content(), "what was agreed to")
    assert open_terms(row) == first


def test_a_material_notice_while_on_air_withholds_until_it_is_agreed_to(relay, chromium, open_room, tmp_path):
    before = relay.publish_notice("1", first, "live_room")
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", "live_embed:partner.example", name="Ada")
    publisher.wait_for_tally("live")
    viewer = open_room(chromium, relay)
    viewer.wait_for_frames(viewer.tile(name="Ada"))
    live_picture = viewer.picture(viewer.tile())
    assert relay.audience(*publisher.participant(), "live_room")["record"]["notice"] == before

    after = relay.publish_notice("2", second, "live_room")
    slate = viewer.tile("withheld")
    assert "Ada" not in slate.text_content()
    viewer.wait_for_frames(slate, count=1, seconds=5)
    assert difference(live_picture, viewer.picture(slate)) > 10
    banner = publisher.page.locator("#renewal")
    banner.wait_for(state="visible", timeout=5000)
    assert publisher.page.text_content("#renewal-title") == "The terms have changed"
    changes = banner.locator(".changes")
    eventually(lambda: changes.locator("ins").count() == 1, "the difference is shown")
    assert changes.locator("ins").text_content() == "Pictures are kept for a day."
    assert changes.locator("del").text_content() == "Nothing is kept."
    assert open_terms(banner) == second
    assert banner.locator("li[data-audience]").count() == 1, "only the audience that the notice touches"
    publisher.page.screenshot(path=str(tmp_path / "renewal.png"))

    publisher.renewal_button("live_room").click()
    banner.wait_for(state="hidden", timeout=5000)
    tile = viewer.tile("live", name="Ada")
    viewer.wait_for_frames(tile, count=20, seconds=5)
    renewed = relay.audience(*publisher.participant(), "live_room")
    assert renewed["consent"] == "RenewedConsentGiven"
    assert renewed["record"]["notice"] == after


def test_terms_that_are_left_stay_withheld_and_are_asked_for_no_more(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    relay.publish_notice("1", first, "live_room")
    publisher.renewal_button("live_room", "leave").wait_for(timeout=5000)
    assert publisher.page.text_content("#renewal-title") == "There are terms now"
    publisher.renewal_button("live_room", "leave").click()
    assert not publisher.page.is_visible("#renewal")
    assert publisher.tally() == "dark"
    relay.publish_notice("2", second, "live_room")
    publisher.renewal_button("live_room").wait_for(timeout=5000)
    assert relay.audience(*publisher.participant(), "live_room")["reason"] == "outdated-notice"


def test_words_that_changed_while_they_were_read_are_not_agreed_to(relay, chromium, open_room):
    relay.publish_notice("1", first, "live_room")
    publisher = open_room(chromium, relay)
    # What the page knows of notices stays as it was while the dialog is open.
    publisher.go_live("recording:recorder", name="Ada")
    publisher.wait_for_tally("dark")
    page = publisher.page
    page.route(f"**/v1/rooms/{room}/notices", lambda route: route.abort())
    page.route("**/participants/*/events", lambda route: route.abort())
    row = publisher.row("live_room")
    eventually(lambda: row.locator(".terms").is_visible(), "the terms stand beside the choice")
    statuses = []
    page.on("response", lambda response: statuses.append(response.status)
            if response.request.method == "PUT" else None)
    # The relay answers the page's own words, which are those of yesterday.
    page.route("**/consents", lambda route: (relay.publish_notice("2", second, "live_room"), route.continue_()))
    page.unroute(f"**/v1/rooms/{room}/notices")
    publisher.audience_button("live_room").click()
    publisher.renewal_button("live_room").wait_for(timeout=5000)
    assert statuses == [422]
    assert "Not recorded" in page.text_content("#receipt")
    assert relay.audience(*publisher.participant(), "live_room")["consent"] == "ConsentUnknown"
    page.unroute("**/consents")
    publisher.renewal_button("live_room").click()
    publisher.wait_for_tally("live")


def test_terms_are_shown_in_the_readers_language(relay, chromium, open_room, tmp_path):
    relay.publish_notice("1", first, "live_room")
    german = "Wir zeigen dich live den Menschen in diesem Raum."
    notice = relay.publish_notice("1", german, "live_room", language="de")
    publisher = open_room(chromium, relay, locale="de-AT")
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    assert open_terms(publisher.row("live_room")) == german
    assert publisher.row("live_room").locator(".words").get_attribute("lang") == "de"
    assert relay.audience(*publisher.participant(), "live_room")["record"]["notice"] == notice


def test_any_partner_site_can_be_allowed_and_taken_back_and_one_of_them_kept(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_embed:*", name="Ada")
    partner = open_room(chromium, relay, token=relay.view_token("live_embed:partner.example"))
    partner.wait_for_frames(partner.tile(name="Ada"))
    publisher.wait_for_tally("live")
    group = publisher.page.locator('.audience-group[data-class="embed_partner"]')
    eventually(lambda: "1 now" in group.locator(".count").text_content(), "the class is counted once")
    assert publisher.page.text_content("#tally-summary") == "1 viewer receives you now."

    publisher.audience_button("live_embed:*").click()
    partner.tile("withheld")
    publisher.wait_for_tally("dark")
    # Taking back every partner refuses each; allowing one of them lifts that for this one.
    publisher.allow_in_panel("live_embed:partner.example")
    partner.tile("live", name="Ada")
    other = relay.audience(*publisher.participant(), "live_embed:*")
    assert (other["state"], other["consent"]) == ("withheld", "ConsentRequestDeferred")


def test_what_is_allowed_for_a_time_says_when_it_ends(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.page.click("#go-live")
    publisher.page.select_option("#setup-validity", "hour")
    publisher.page.click("#setup-cancel")
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    assert " · until " in publisher.row("live_room").text_content()
    assert relay.audience(*publisher.participant(), "live_room")["record"]["until"]
