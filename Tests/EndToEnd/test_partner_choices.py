"""Partners by their names on the participant's page: chosen one by one or all together, refused, accounted for."""

import json

import pytest

from partner_site import first, second
from relay import room
from room_page import eventually


@pytest.fixture
def listed(relay, sites):
    """The two partners as the operator lists them; the second has a server that passes rooms on as well."""
    status, _, body = relay.request(
        "PUT", f"/v1/partners/{second}", relay.token("operator"),
        {"legal_name": "Second Media Ltd", "contact": "privacy@second.example", "origins": [sites[second].origin],
         "purposes": ["live_embed", "rebroadcast"]})
    assert status == 200, body
    return sites


def choice(page, name):
    """A choice of the dialog as a screen reader finds it."""
    return page.get_by_role("checkbox", name=name)


def test_partners_are_offered_one_by_one_and_all_together(relay, listed, chromium, open_room, tmp_path):
    publisher = open_room(chromium, relay)
    page = publisher.page
    page.click("#go-live")
    site = choice(page, "Viewers on the site of First Media Ltd")
    eventually(lambda: site.count() == 1, "the first partner is offered by its name")
    assert "Contact: privacy@first.example" in page.locator("#choices li", has=site).inner_text()
    everyone = choice(page, "Any partner site the operator lists")
    words = page.locator("#choices li", has=everyone).inner_text()
    assert "Now that is: First Media Ltd and Second Media Ltd." in words and "can refuse it" in words
    assert choice(page, "Re-broadcast by Second Media Ltd").count() == 1
    assert choice(page, "Re-broadcast by First Media Ltd").count() == 0
    # By keyboard alone: nothing is chosen beforehand, and the focus goes from one choice to the next.
    assert page.locator("#choices input:checked").count() == 0
    eventually(lambda: page.is_enabled("#setup-start"), "camera and microphone are there", 15)
    choice(page, "People watching this room").focus()
    page.keyboard.press("Space")
    for _ in range(8):
        page.keyboard.press("Tab")
        if site.evaluate("box => box === document.activeElement"):
            break
    page.keyboard.press("Space")
    assert "Viewers on the site of First Media Ltd" in page.inner_text("#outcome")
    page.screenshot(path=str(tmp_path / "choices.png"))
    page.fill("#screen-name", "Ada")
    page.click("#setup-start")
    publisher.wait_for_tally("live")

    # The panel has them too, those that nothing was said of included.
    row = publisher.row(f"live_embed:{first}")
    eventually(lambda: "Allowed" in row.inner_text(), "what was allowed")
    assert "Known here as first. Contact: privacy@first.example" in row.inner_text()
    other = publisher.row(f"rebroadcast:{second}")
    assert "You have not agreed to this." in other.inner_text()
    page.get_by_role("button", name="Allow: Re-broadcast by Second Media Ltd").click()
    eventually(lambda: (relay.audience(*publisher.participant(), f"rebroadcast:{second}") or {}).get("state")
               == "permitted", "the re-broadcaster is allowed")
    assert relay.audience(*publisher.participant(), f"live_embed:{second}") is None
    page.screenshot(path=str(tmp_path / "panel.png"), full_page=True)


def test_whoever_agreed_to_any_partner_is_told_of_a_new_one_and_can_refuse_it(
        relay, sites, chromium, open_room, visit, tmp_path):
    relay.request("DELETE", f"/v1/partners/{second}", relay.token("operator"))
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", "live_embed:*", name="Ada")
    publisher.wait_for_tally("live")
    bystander = open_room(chromium, relay)
    bystander.go_live("live_room", name="Grace")
    bystander.wait_for_tally("live")
    banner = publisher.page.locator("#listing")
    assert not banner.is_visible(), "who was listed before is no news"

    sites[second].key = relay.add_partner(
        second, origins=[sites[second].origin], legal_name="Second Media Ltd")
    banner.wait_for(state="visible", timeout=5000)
    assert banner.locator("li").count() == 1
    assert "Second Media Ltd was added on " in banner.inner_text()
    assert "What you allowed covers it." in banner.inner_text()
    assert "Second Media Ltd was added on" in publisher.page.text_content("#announce")
    publisher.page.screenshot(path=str(tmp_path / "added.png"))
    # Who agreed to no partner is told nothing, and may choose it all the same.
    eventually(lambda: bystander.row(f"live_embed:{second}").count() == 1, "the new partner can be chosen")
    assert not bystander.page.locator("#listing").is_visible()
    visitor = visit(sites[second].origin)
    visitor.wait_for_picture()
    assert "Ada" in visitor.frame.locator("body").inner_text()
    assert "Grace" not in visitor.frame.locator("body").inner_text()

    publisher.page.get_by_role("button", name="Refuse it: Second Media Ltd").click()
    banner.wait_for(state="hidden", timeout=5000)
    eventually(lambda: visitor.tile("live").count() == 0, "the new partner shows slates only", 5)
    assert relay.audience(*publisher.participant(), f"live_embed:{second}")["consent"] == "ConsentRefused"
    assert relay.audience(*publisher.participant(), "live_embed:*")["state"] in ("permitted", "live")


def test_a_partner_that_is_kept_or_was_added_while_nobody_looked_is_told_once(relay, sites, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", "live_embed:*", name="Ada")
    publisher.wait_for_tally("live")
    page = publisher.page
    # The event is lost with the connection that it came over.
    page.context.set_offline(True)
    relay.add_partner("third", legal_name="Third Media Ltd")
    page.context.set_offline(False)
    keep = page.get_by_role("button", name="Keep it: Third Media Ltd")
    keep.wait_for(timeout=15_000)
    keep.click()
    assert not page.is_visible("#listing")
    relay.add_partner("fourth", legal_name="Fourth Media Ltd")
    page.locator("#listing").wait_for(state="visible", timeout=5000)
    assert page.locator("#listing li").all_text_contents()[0].startswith("Fourth Media Ltd")
    assert page.locator("#listing li").count() == 1


def test_the_record_says_what_each_partner_received(relay, listed, publisher, visit, tmp_path):
    visitors = [visit(listed[first].origin) for _ in range(2)]
    for visitor in visitors:
        visitor.wait_for_picture(frames=60)
        visitor.close()
    page = publisher.page
    page.click("#disclosures > summary")

    def told():
        page.click("#disclosures-again")
        rows = page.locator(f'#total-lines tr[data-recipient="{first}"]').all_inner_texts()
        return rows if rows and "still open" not in rows[0] and "2 sessions" in rows[0] else None

    row = eventually(told, "both visits are closed and counted", 40)[0]
    print("what the first partner received:", row.replace("\n", " | "))
    assert "Viewers on the site of First Media Ltd" in row and "privacy@first.example" in row
    assert page.locator(f'#total-lines tr[data-recipient="{second}"]').count() == 0
    participant, token = publisher.participant()
    _, _, body = relay.request("GET", f"/v1/participants/{participant}/disclosures?limit=1000", token)
    lines = [line for line in json.loads(body)["disclosures"] if line.get("recipient") == first]
    packets = sum(line["packets"] for line in lines if line["outcome"] != "refused")
    assert packets > 0 and f"{packets} packets" in row
    assert "Viewers on the site of First Media Ltd" in page.inner_text("#disclosure-lines")
    page.locator("#partner-totals").scroll_into_view_if_needed()
    page.screenshot(path=str(tmp_path / "totals.png"))


def test_a_frame_is_used_by_keyboard_and_says_no_more_than_has_changed(relay, sites, publisher, visit):
    visitor = visit(sites[first].origin)
    visitor.wait_for_picture()
    frame = visitor.frame
    frame.locator("#announce").evaluate(
        """region => {
            region.told = [];
            new MutationObserver(() => region.told.push(region.textContent)).observe(region, { childList: true });
        }""")
    eventually(lambda: frame.locator("#announce").inner_text() == "On air: Ada.", "who is on air is said")
    visitor.page.keyboard.press("Tab")
    sound = frame.get_by_role("button", name="Sound")
    eventually(lambda: sound.evaluate("button => button === document.activeElement"), "the first stop is the sound")
    assert sound.get_attribute("aria-pressed") == "false"
    visitor.page.keyboard.press("Space")
    assert sound.get_attribute("aria-pressed") == "true"
    assert visitor.page.locator("tally-room iframe").get_attribute("title") == f"Live room {room}"
    assert frame.get_by_role("heading", level=1).inner_text() == f"Live room {room}"
    # There and back within a second says nothing; what stays is said once.
    participant, token = publisher.participant()
    told = frame.locator("#announce")
    before = len(told.evaluate("region => region.told"))
    for _ in range(3):
        relay.choose(participant, token, "withdraw", f"live_embed:{first}")
        relay.choose(participant, token, "grant", f"live_embed:{first}")
    relay.choose(participant, token, "withdraw", f"live_embed:{first}")
    eventually(lambda: told.inner_text() == "One picture is not shown here.", "what stays is said", 5)
    assert told.evaluate("region => region.told")[before:] == ["One picture is not shown here."]
