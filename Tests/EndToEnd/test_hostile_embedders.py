"""Sites and programs that want more of a room than was agreed for them."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from partner_site import PartnerSite, first, second, stranger
from relay import Relay, checkout, room
from room_page import eventually
from watched_room import WatchedRoom

offer = (checkout / "Tests/FuzzTests/Corpus/sdp/tally-view.sdp").read_bytes()
half_open = 1000
places = 200


def redeem(relay, grant, wanted=room, headers=()):
    """Opens a session as a program does that is no browser; answers status and the problem's code."""
    status, _, body = relay.request(
        "POST", f"/v1/rooms/{wanted}/whep", grant, offer, "application/sdp", headers=headers)
    return status, None if status == 201 else json.loads(body)["type"].removeprefix("urn:tally:problem:")


@pytest.fixture
def stage(relay):
    """Somebody on air, who agreed to the first partner; a viewer of the room; that partner's site."""
    token = relay.publish_token("ada", "Ada")
    relay.choose("ada", token, "grant", "live_room", f"live_embed:{first}")
    watched = WatchedRoom(relay, token, relay.view_token())
    site = PartnerSite(relay, first)
    site.key = relay.add_partner(first, origins=[site.origin])
    try:
        watched.wait_until_showing("stamped", 20)
        yield site
    finally:
        site.stop()
        watched.stop()


# MARK: Frames


def open_refused(page, url):
    """Opens a page, and waits until the browser says that it refuses a frame in it."""
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text, timeout=20_000):
        page.goto(url)


@pytest.fixture
def evil(relay):
    site = PartnerSite(relay, stranger)
    yield site
    site.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_listed_site_in_the_frame_of_another_shows_nothing(relay, sites, publisher, chromium, evil, host):
    """The relay's page asks who all its ancestors are, not only the nearest; `localhost` is another site as well."""
    evil.page = lambda: f"""<!doctype html><title>evil</title>
        <iframe width="700" height="500" src="{sites[first].origin}"></iframe>"""
    context = chromium.new_context()
    page = context.new_page()
    open_refused(page, evil.origin.replace("127.0.0.1", host))
    inner = page.frame_locator("iframe").frame_locator("tally-room iframe")
    assert inner.locator("main").count() == 0
    assert relay.audience(*publisher.participant(), f"live_embed:{first}")["viewers"] == 0
    context.close()


def test_a_frame_of_its_own_page_by_another_relay_path_is_refused(relay, sites, publisher, chromium, evil):
    """The room's own page is for nobody's frame."""
    evil.page = lambda: f"""<!doctype html><title>evil</title>
        <iframe width="700" height="500" src="{relay.url}/rooms/{room}"></iframe>"""
    context = chromium.new_context()
    page = context.new_page()
    open_refused(page, evil.origin)
    assert page.frame_locator("iframe").locator("main").count() == 0
    context.close()


def test_a_frame_without_an_origin_of_its_own_gets_nothing(relay, sites, publisher, chromium):
    """Sandboxed so, the relay's page is a page of nobody's: its requests cannot be told from a stranger's."""
    grant = sites[first].grant()
    sites[first].page = lambda: f"""<!doctype html><title>first</title>
        <iframe width="700" height="500" sandbox="allow-scripts"
                src="{relay.url}/embed/{first}/{room}#grant={grant}"></iframe>"""
    context = chromium.new_context()
    page = context.new_page()
    with page.expect_event("requestfailed", lambda request: "framed.js" in request.url, timeout=20_000):
        page.goto(sites[first].origin)
    assert page.frame_locator("iframe").locator(".tile").count() == 0
    # Nothing was opened with the grant, by which a page of no origin gets nothing either.
    assert redeem(relay, grant, headers={"Origin": "null"}) == (403, "foreign-page")
    assert redeem(relay, grant)[0] == 201
    context.close()


# MARK: Grants


def test_each_misuse_of_a_grant_is_refused_for_its_own_reason(relay, stage):
    operator, path = relay.token("operator"), f"/v1/partners/{first}"
    terms = {"legal_name": "First", "contact": "a@b.example", "origins": [stage.origin]}
    used = stage.grant()
    assert redeem(relay, used, headers={"Origin": "https://evil.example"}) == (403, "foreign-page")
    assert redeem(relay, used, headers={"Sec-Fetch-Site": "same-site"}) == (403, "foreign-page")
    assert redeem(relay, used, "elsewhere") == (403, "foreign-room")
    assert redeem(relay, used) == (201, None), "none of these has used it up"
    assert redeem(relay, used) == (401, "grant-redeemed")
    damaged = stage.grant()
    assert redeem(relay, damaged[:-4] + "AAAA") == (401, "invalid-token")

    before = stage.grant(region="DE")
    assert relay.request("PUT", path, operator, {**terms, "regions": ["FR"]})[0] == 200
    assert redeem(relay, before) == (403, "foreign-region")
    assert relay.request("PUT", path, operator, {**terms, "rooms": ["elsewhere"]})[0] == 200
    assert redeem(relay, before) == (403, "not-for-partner")
    assert relay.request("PUT", path, operator, {**terms, "state": "suspended"})[0] == 200
    assert redeem(relay, before) == (403, "partner-suspended")
    assert relay.request("PUT", path, operator, {**terms, "state": "active"})[0] == 200
    assert relay.request("PUT", path, operator, {**terms, "origins": ["https://new.example"]})[0] == 200
    assert redeem(relay, before) == (403, "origin-removed")
    assert relay.request("PUT", path, operator, terms)[0] == 200
    assert relay.request("POST", f"{path}/key", operator)[0] == 200
    assert redeem(relay, before) == (401, "grant-revoked")
    assert relay.request("DELETE", path, operator)[0] == 204
    assert redeem(relay, before) == (403, "unknown-partner")


def test_a_used_grant_stays_used_over_a_restart(relay):
    token = relay.publish_token("ada", "Ada")
    relay.choose("ada", token, "grant", "live_room")
    key = relay.add_partner(first)
    watched = WatchedRoom(relay, token, relay.view_token())
    try:
        watched.wait_until_showing("stamped", 20)
        status, _, body = relay.request("POST", f"/v1/partners/{first}/grants", key, {"room": room})
        assert status == 201, body
        grant = json.loads(body)["grant"]
        assert redeem(relay, grant) == (201, None)
        relay.stop()
        relay.start()
        watched.wait_until_showing("stamped", 30)
        assert redeem(relay, grant) == (401, "grant-redeemed")
    finally:
        watched.stop()


def test_grants_are_minted_at_the_partners_rate_and_no_faster(relay):
    key = relay.add_partner(first, grants_per_minute=5)
    neighbour = relay.add_partner(second)

    def mint(partner, secret):
        status, headers, _ = relay.request("POST", f"/v1/partners/{partner}/grants", secret, {"room": room})
        return status, headers.get("Retry-After")

    answers = [mint(first, key) for _ in range(8)]
    assert [status for status, _ in answers] == [201] * 5 + [429] * 3
    assert 1 <= int(answers[-1][1]) <= 12
    assert mint(second, neighbour)[0] == 201, "its rate is nobody else's"
    # A replaced key does not begin anew.
    status, _, body = relay.request("POST", f"/v1/partners/{first}/key", relay.token("operator"))
    assert status == 200
    assert mint(first, json.loads(body)["key"])[0] == 429


# MARK: Crowds


@pytest.fixture
def open_relay(tmp_path):
    """A relay whose rates let one address do what a crowd would."""
    relay = Relay(tmp_path)
    with relay.config.open("a") as config:
        config.write("limits:\n  requestsPerSecond: 1000000\n  handshakesPerSecond: 100000\n"
                     "  sessionsPerAddress: 100000\n")
    relay.start()
    yield relay
    relay.stop()


def resident_megabytes(relay):
    for line in open(f"/proc/{relay.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def longest_pause(watched, since=0):
    """Of the room's own viewer, in milliseconds."""
    return max(slot["longestPauseMilliseconds"] for at, slot in watched.reports if slot and at > since)


class Crowd:
    """Requests from several connections that stay open."""

    def __init__(self, relay):
        self.netloc = urlsplit(relay.url).netloc
        self.local = threading.local()

    def send(self, path, token, body, content_type):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(self.netloc, timeout=20)
        connection.request("POST", path, body, {"Authorization": f"Bearer {token}", "Content-Type": content_type})
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if "json" in answer.headers["Content-Type"] else None


def test_a_thousand_half_open_handshakes_take_a_partners_places_and_nobody_elses(open_relay):
    relay = open_relay
    token = relay.publish_token("ada", "Ada")
    relay.choose("ada", token, "grant", "live_room", f"live_embed:{first}")
    key = relay.add_partner(first, grants_per_minute=100_000, maximum_viewers_per_room=places)
    watched = WatchedRoom(relay, token, relay.view_token())
    try:
        watched.wait_until_showing("stamped", 20)
        watched.showing_for(3)
        crowd, before, quiet = Crowd(relay), resident_megabytes(relay), longest_pause(watched)
        began = time.monotonic()

        def attack(_):
            status, minted = crowd.send(
                f"/v1/partners/{first}/grants", key, json.dumps({"room": room}), "application/json")
            assert status == 201, minted
            # Offered and answered; not one check, and no handshake, follows.
            status, problem = crowd.send(f"/v1/rooms/{room}/whep", minted["grant"], offer, "application/sdp")
            return status, problem and problem["type"]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(attack, range(half_open)))
        took, grown = time.monotonic() - began, resident_megabytes(relay) - before
        opened = [answer for answer in answers if answer[0] == 201]
        refused = {answer for answer in answers if answer[0] != 201}
        print(f"{half_open} half-open handshakes in {took:.1f} s: {len(opened)} opened, {grown:.1f} MB more")
        assert len(opened) == places
        assert refused == {(503, "urn:tally:problem:partner-full")}
        assert grown < 100
        # Everybody else goes on, and comes in.
        assert set(watched.showing_for(3)) == {"stamped"}
        attacked = longest_pause(watched, began)
        print(f"longest pause of the room's own viewer: {quiet} ms before, {attacked} ms from then on")
        assert attacked <= 1000 + quiet
        assert redeem(relay, relay.view_token())[0] == 201

        # Who never came gives the places back.
        def viewers():
            return json.loads(relay.request("GET", f"/v1/rooms/{room}")[2])["viewers"]

        eventually(lambda: viewers() <= 2, "the half-open sessions are gone", 60)
        status, minted = crowd.send(
            f"/v1/partners/{first}/grants", key, json.dumps({"room": room}), "application/json")
        assert redeem(relay, minted["grant"])[0] == 201
    finally:
        watched.stop()


def test_a_partner_has_so_many_viewers_in_a_room_and_so_many_in_all(relay, stage):
    operator, path = relay.token("operator"), f"/v1/partners/{first}"
    terms = {"legal_name": "First", "contact": "a@b.example", "origins": [stage.origin]}
    assert relay.request("PUT", path, operator, {**terms, "maximum_viewers_per_room": 2})[0] == 200
    assert [redeem(relay, stage.grant()) for _ in range(3)] == [(201, None), (201, None), (503, "partner-full")]
    # A grant that found no place is not used up by that.
    waiting = stage.grant()
    assert redeem(relay, waiting) == (503, "partner-full")
    assert relay.request("PUT", path, operator, {**terms, "maximum_viewers_per_room": 3})[0] == 200
    assert redeem(relay, waiting) == (201, None)
    assert relay.request("PUT", path, operator, {**terms, "maximum_viewers": 3})[0] == 200
    assert redeem(relay, stage.grant()) == (503, "partner-full")
