"""Partners' own sites, on origins of their own, that show the room in real Chromium."""

import contextlib
import http.server
import json
import subprocess
import threading
import time
import urllib.request

import pytest

from relay import binary, room
from room_page import eventually

first, second, stranger = "first", "second", "stranger"


class PartnerSite:
    """A partner's web server: a page with the element, and the route that has grants minted with its key."""

    def __init__(self, relay, partner):
        self.relay, self.partner, self.key = relay, partner, None
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = site.page().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                wanted = json.loads(self.rfile.read(length))["room"]
                body = json.dumps({"grant": site.grant(wanted)}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self):
        return f"""<!doctype html><title>{self.partner}</title>
            <style>tally-room {{ width: 640px; height: 420px; --tally-accent: #0a7d4b; }}</style>
            <h1>{self.partner}</h1>
            <script type="module" src="{self.relay.url}/embed.js"></script>
            <tally-room room="{room}" partner="{self.partner}" grant-url="/grants"></tally-room>"""

    def grant(self, wanted=room, **members):
        if not self.key:
            return None
        request = urllib.request.Request(
            f"{self.relay.url}/v1/partners/{self.partner}/grants",
            data=json.dumps({"room": wanted, **members}).encode(), method="POST",
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())["grant"]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def sites(relay):
    """Two partners that are registered, and a site that is not."""
    with contextlib.ExitStack() as ending:
        made = {}
        for name in (first, second, stranger):
            made[name] = PartnerSite(relay, name)
            ending.callback(made[name].stop)
        for name in (first, second):
            made[name].key = relay.add_partner(name, origins=[made[name].origin], legal_name=f"{name.title()} Media Ltd")
        yield made


class Visitor:
    """A visitor of a partner's page, who looks into the frame."""

    def __init__(self, browser, url):
        self.context = browser.new_context(viewport={"width": 720, "height": 560})
        self.page = self.context.new_page()
        self.page.goto(url)

    @property
    def frame(self):
        return self.page.frame_locator("tally-room iframe")

    def tile(self, state):
        return self.frame.locator(f".tile[data-state='{state}']")

    def decoded(self):
        """Pictures that the frame's video has shown, and the brightness spread of the present one."""
        return self.frame.locator("video").first.evaluate(
            """video => [video.getVideoPlaybackQuality().totalVideoFrames, video.videoWidth]""")

    def wait_for_picture(self, frames=10, seconds=20):
        eventually(lambda: self.tile("live").count() > 0, "a live tile", seconds)
        eventually(lambda: self.decoded()[0] >= frames, "pictures", seconds)

    def close(self):
        self.context.close()


@pytest.fixture
def visit(chromium):
    visitors = []

    def open_page(url):
        visitors.append(Visitor(chromium, url))
        return visitors[-1]

    yield open_page
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def publisher(relay, chromium, open_room):
    """Ada on air, agreed to the room and to the first partner only."""
    page = open_room(chromium, relay)
    page.go_live("live_room", f"live_embed:{first}", name="Ada")
    page.wait_for_tally("live")
    return page


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
