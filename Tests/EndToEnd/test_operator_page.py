"""The operator's page in a real Chromium."""

import json

from relay import room
from room_page import eventually


def open_operator(browser, relay, token):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{relay.url}/operator")
    page.fill("#token", token)
    page.click("#token-form button")
    return page, errors


def test_the_operator_sees_what_is_withheld_and_why(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada Lovelace")
    viewer = open_room(chromium, relay)
    partner = open_room(chromium, relay, token=relay.view_token("live_embed:partner.example"))
    viewer.wait_for_frames(viewer.tile(name="Ada"))
    partner.tile("withheld")

    page, errors = open_operator(chromium, relay, relay.token("operator", "--name", "op"))
    page.wait_for_selector("#board:visible", timeout=5000)
    row = page.locator('tr[data-audience="live_room"]')
    eventually(lambda: "2 of 2 viewers" in row.text_content(), "both who watch are counted")
    assert row.get_attribute("data-state") == "open"
    assert "sound and picture" in row.text_content() or "picture and sound" in row.text_content()
    withheld = page.locator('tr[data-audience="live_embed:partner.example"]')
    assert withheld.get_attribute("data-reason") == "recipient" or withheld.get_attribute("data-reason") == "purpose"
    assert "0 of 1 viewer" in withheld.text_content()
    assert page.locator("#room-denied li").count() == 1
    assert page.locator("#relay-denied li").count() == 1
    assert publisher.participant()[0] in page.text_content("#streams")
    eventually(lambda: page.get_attribute("#ledger-state", "data-state") == "sound", "the ledger is sound")
    figures = dict(zip(page.locator("#ledger dt").all_text_contents(), page.locator("#ledger dd").all_text_contents()))
    assert int(figures["Entries"]) > 0 and int(figures["Open intervals"]) > 0
    assert "Lovelace" not in page.content(), "names are not the operator's to see"

    publisher.audience_button("live_room").click()
    eventually(lambda: row.get_attribute("data-reason") == "withdrawn", "the withdrawal shows by itself", 6)
    assert "taken back by the participant" in page.text_content("#room-denied")
    assert page.evaluate("() => [location.href.includes('#'), localStorage.length, sessionStorage.length]") \
        == [False, 0, 0]
    assert errors == []


def test_only_an_operator_gets_in(relay, chromium):
    page, errors = open_operator(chromium, relay, relay.view_token())
    page.wait_for_selector("#problem:visible")
    assert not page.is_visible("#board")
    assert page.input_value("#token") == ""
    assert errors == []
    for token, status in ((None, 401), (relay.view_token(), 403), (relay.publish_token("ada", "Ada"), 403)):
        assert relay.request("GET", f"/v1/rooms/{room}/disclosures", token)[0] == status
    status, _, body = relay.request("GET", f"/v1/rooms/{room}/disclosures", relay.token("operator", "--name", "op"))
    assert (status, json.loads(body)) == (200, {"denied": {}, "disclosures": []})
