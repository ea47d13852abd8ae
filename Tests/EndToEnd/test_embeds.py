"""Partners' own sites, on origins of their own, that show the room in real Chromium."""

import contextlib
import functools
import html
import json
import re
import socket
import subprocess
import time

import pytest

from partner_site import PartnerSite, Visitor, first, second, stranger
from relay import binary, free_port, room
from room_page import eventually


def screenshot(visitor, folder, name):
    visitor.page.screenshot(path=str(folder / name))


def test_the_partner_that_was_agreed_to_plays_and_the_other_shows_slates(relay, sites, publisher, visit, tmp_path):
    agreed, other = visit(sites[first].origin), visit(sites[second].origin)
    agreed.wait_for_picture()
    eventually(lambda: other.tile("withheld").count() == 1, "a slate", 20)
    assert "Ada" in agreed.frame.locator(".caption").inner_text()
    assert "Ada" not in other.frame.locator("body").inner_text()
    line = agreed.frame.locator("#tally-line").inner_text()
    assert "First Media Ltd" in line
    screenshot(agreed, tmp_path, "agreed.png")
    screenshot(other, tmp_path, "other.png")
    # The fragment is gone before anything could read it.
    assert all("grant=" not in frame.url for frame in agreed.page.frames)
    assert agreed.context.cookies() == []
    assert sites[first].asked == 1, "one visitor, one grant"


def test_a_withdrawal_reaches_the_partner_and_nobody_else(relay, sites, publisher, visit):
    agreed = visit(sites[first].origin)
    agreed.wait_for_picture()
    publisher.audience_button(f"live_embed:{first}").click()
    eventually(lambda: agreed.tile("withheld").count() == 1, "the slate", 5)
    assert publisher.tally() == "live", "the room's own viewers go on"


def test_a_page_of_an_unlisted_origin_gets_nothing(relay, sites, publisher, visit):
    # It tells the relay that it is the first partner, and even has a grant of it.
    sites[stranger].partner, sites[stranger].key = first, sites[first].key
    thief = visit(sites[stranger].origin)
    eventually(lambda: thief.page.locator("tally-room iframe").count() == 1, "the frame is there", 10)
    # Longer than the page of a listed origin takes to load; nothing of it is ever in this frame.
    time.sleep(3)
    assert thief.frame.locator("main").count() == 0
    # Its own script asks the relay for the room: a grant is not for a page of another site.
    answer = thief.page.evaluate(
        """async ([url, grant]) => {
            const connection = new RTCPeerConnection();
            connection.addTransceiver("video", { direction: "recvonly" });
            await connection.setLocalDescription();
            const answer = await fetch(url, { method: "POST", body: connection.localDescription.sdp,
                headers: { Authorization: `Bearer ${grant}`, "Content-Type": "application/sdp" } });
            return [answer.status, (await answer.json()).type];
        }""", [f"{relay.url}/v1/rooms/{room}/whep", sites[first].grant()])
    assert answer == [403, "urn:tally:problem:foreign-page"]


def ended_with(visitor, words):
    eventually(lambda: words in visitor.frame.locator("#empty").inner_text(), words, 10)


@pytest.mark.parametrize("what", ["suspended", "rotated", "origin", "removed"])
def test_what_the_operator_takes_from_a_partner_ends_its_sessions(relay, sites, publisher, visit, what):
    agreed = visit(sites[first].origin)
    agreed.wait_for_picture()
    # A visitor of the other partner goes on whatever becomes of the first.
    undisturbed = visit(sites[second].origin)
    eventually(lambda: undisturbed.tile("withheld").count() == 1, "a slate", 20)
    sites[first].key = None
    operator, path = relay.token("operator"), f"/v1/partners/{first}"
    terms = {"legal_name": "First", "contact": "a@b.example", "origins": [sites[first].origin]}
    if what == "suspended":
        status = relay.request("PUT", path, operator, {**terms, "state": "suspended"})[0]
    elif what == "rotated":
        status = relay.request("POST", f"{path}/key", operator)[0]
    elif what == "origin":
        status = relay.request("PUT", path, operator, {**terms, "origins": ["https://new.example"]})[0]
    else:
        status = relay.request("DELETE", path, operator)[0]
    assert status in (200, 204)
    words = {"suspended": "suspended", "rotated": "ask for it again", "origin": "does not receive the room any more",
             "removed": "does not receive the room any more"}[what]
    ended_with(agreed, words)
    assert agreed.tile("live").count() == 0
    assert undisturbed.tile("withheld").count() == 1


def test_a_session_ends_with_its_grant(relay, sites, publisher, visit):
    grant = sites[first].grant(lifetime_seconds=60)
    # A plain frame, without the element: nobody renews it.
    sites[first].page = lambda: f"""<!doctype html><div id="holder"></div>
        <iframe width="640" height="420" src="{relay.url}/embed/{first}/{room}#grant={grant}"></iframe>"""
    visitor = visit(sites[first].origin)
    frame = visitor.page.frame_locator("iframe")
    eventually(lambda: frame.locator(".tile[data-state='live']").count() == 1, "the picture", 20)
    eventually(lambda: "Its time is over" in frame.locator("#empty").inner_text(), "the end of the grant", 90)


def test_a_visitor_who_waits_keeps_the_grant_and_sees_the_room_by_itself(relay, sites, chromium, open_room, visit):
    waiting = visit(sites[first].origin)
    eventually(lambda: "Nobody is on air" in waiting.frame.locator("#empty").inner_text(), "nobody is there", 10)
    time.sleep(10)
    assert sites[first].asked <= 2, "the grant that opened nothing is used again"
    page = open_room(chromium, relay)
    page.go_live("live_room", f"live_embed:{first}", name="Ada")
    page.wait_for_tally("live")
    waiting.wait_for_picture(seconds=30)
    assert sites[first].asked <= 2


def test_a_site_that_fails_at_first_shows_the_room_by_itself(relay, sites, publisher, visit):
    sites[first].failing = 3
    agreed = visit(sites[first].origin)
    agreed.wait_for_picture()
    assert sites[first].asked == 4


def test_a_renewal_survives_an_answer_that_failed(relay, sites, publisher, visit):
    site = sites[first]
    site.grant = functools.partial(site.grant, lifetime_seconds=60)
    began = time.monotonic()
    agreed = visit(site.origin)
    agreed.wait_for_picture()
    agreed.video.evaluate("video => { video.isOfFirstSession = true; }")
    assert site.asked == 1
    site.failing = 1
    eventually(lambda: site.asked == 3, "it asks for a grant, and once more", 45)
    assert time.monotonic() - began > 20, "a short grant is renewed about twice in its time"
    # The first grant's time is over.
    time.sleep(max(0, 66 - (time.monotonic() - began)))
    before = agreed.decoded()[0]
    eventually(lambda: agreed.decoded()[0] > before + 10, "the picture goes on", 10)
    assert agreed.video.evaluate("video => video.isOfFirstSession"), "no session but the first"


def partner_command(relay, *arguments):
    return subprocess.run(
        [binary(), "partner", *arguments, "--config", str(relay.config)], capture_output=True, text=True, timeout=30)


def test_the_command_line_registers_suspends_and_removes_partners(relay):
    added = partner_command(relay, "add", "site", "--legal-name", "Example Ltd", "--contact", "a@site.example",
                            "--origin", "https://site.example")
    assert added.returncode == 0, added.stderr
    key = added.stdout.strip()
    assert key.startswith("tpk_")
    again = partner_command(relay, "add", "site", "--legal-name", "x", "--contact", "y", "--origin", "https://a.example")
    assert again.returncode != 0 and "there is a partner of this identifier" in again.stderr
    assert "site\tactive\tExample Ltd\thttps://site.example" in partner_command(relay, "list").stdout
    framed = partner_command(relay, "grant", "site", "--room", room).stdout.strip()
    assert framed.startswith(f"{relay.url}/embed/site/{room}#grant=ey")
    assert partner_command(relay, "suspend", "site").returncode == 0
    refused = partner_command(relay, "grant", "site", "--room", room)
    assert refused.returncode != 0 and "suspended" in refused.stderr
    assert partner_command(relay, "resume", "site").returncode == 0
    rotated = partner_command(relay, "rotate-key", "site").stdout.strip()
    assert rotated.startswith("tpk_") and rotated != key
    assert partner_command(relay, "remove", "site").returncode == 0
    assert partner_command(relay, "list").stdout.strip() == ""


def test_the_url_of_a_room_becomes_a_view_where_it_is_pasted(relay, publisher, chromium, tmp_path):
    """What a content management system does with it: read the page, follow its oEmbed link, put what that says."""
    with contextlib.closing(PartnerSite(relay, "cms")) as site:
        relay.add_partner("cms", origins=[site.origin], legal_name="Town Blog Ltd", page_grants=True)
        participant, token = publisher.participant()
        relay.choose(participant, token, "grant", "live_embed:cms")
        status, headers, page = relay.request("GET", f"/rooms/{room}?partner=cms")
        assert status == 200
        link = re.search(r'<link rel="alternate" type="application/json\+oembed"[^>]* href="([^"]+)">', page)
        assert html.unescape(link[1]) in headers["Link"]
        path = html.unescape(link[1]).removeprefix(relay.url)
        status, _, body = relay.request("GET", path + "&maxwidth=640")
        described = json.loads(body)
        assert status == 200 and described["type"] == "video" and (described["width"], described["height"]) == (640, 360)
        site.page = lambda: f"<!doctype html><title>blog</title><p>Live now:</p>{described['html']}"
        context = chromium.new_context(viewport={"width": 720, "height": 460})
        visitor = context.new_page()
        visitor.goto(site.origin)
        frame = visitor.frame_locator("iframe")
        eventually(lambda: frame.locator(".tile[data-state='live']").count() == 1, "the room plays", 20)
        eventually(lambda: "Town Blog Ltd" in frame.locator("#tally-line").inner_text(), "who receives is said")
        visitor.screenshot(path=str(tmp_path / "pasted.png"))
        context.close()


def test_a_site_that_the_command_line_serves_shows_the_room(relay, publisher, chromium, tmp_path):
    """The page of the demo, with the partner's key on its own server."""
    port = free_port(socket.SOCK_STREAM, "127.0.0.1")
    key = tmp_path / "site.key"
    key.write_text(relay.add_partner("site", origins=[f"http://127.0.0.1:{port}"], legal_name="Neighbour News Ltd"))
    participant, token = publisher.participant()
    relay.choose(participant, token, "grant", "live_embed:site")
    server = subprocess.Popen(
        [binary(), "partner", "site", "site", "--room", room, "--key-file", str(key), "--port", str(port),
         "--base-url", relay.url, "--title", "Neighbour <News>"], stdout=subprocess.PIPE, text=True)
    try:
        assert f"http://127.0.0.1:{port}/" in server.stdout.readline()
        visitor = Visitor(chromium, f"http://127.0.0.1:{port}/")
        visitor.wait_for_picture()
        assert visitor.page.inner_text("h1") == "Neighbour <News>"
        assert "Neighbour News Ltd" in visitor.frame.locator("#tally-line").inner_text()
        visitor.page.set_viewport_size({"width": 1000, "height": 880})
        visitor.page.screenshot(path=str(tmp_path / "site.png"))
        assert key.read_text() not in visitor.page.content()
        visitor.close()
    finally:
        server.terminate()
        assert server.wait(10) == 0
