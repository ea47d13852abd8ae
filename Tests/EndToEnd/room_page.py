"""Drives the room page in a real Chromium, and measures what it decodes."""

import re
import time

from relay import room

# Keeps every connection that the page makes, so that a test can read its statistics.
keep_connections = """
    window.keptConnections = [];
    const Connection = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Connection {
        constructor(...settings) {
            super(...settings);
            window.keptConnections.push(this);
        }
    };
"""

read_statistics = """
    async () => {
        const found = [];
        for (const connection of window.keptConnections) {
            if (connection.connectionState === "closed") continue;
            for (const report of (await connection.getStats()).values()) {
                if (["inbound-rtp", "outbound-rtp", "codec"].includes(report.type)) found.push(report);
            }
        }
        return found;
    }
"""

watch_gaps = """
    (tile) => {
        const video = tile.querySelector("video");
        tile.longestGap = 0;
        tile.states = [tile.dataset.state];
        new MutationObserver(() => {
            if (tile.states.at(-1) !== tile.dataset.state) tile.states.push(tile.dataset.state);
        }).observe(tile, { attributes: true, attributeFilter: ["data-state"] });
        let before;
        const onFrame = (now, frame) => {
            if (before !== undefined) tile.longestGap = Math.max(tile.longestGap, frame.presentationTime - before);
            before = frame.presentationTime;
            video.requestVideoFrameCallback(onFrame);
        };
        tile.sinceLastFrame = () => before === undefined ? Infinity : performance.now() - before;
        video.requestVideoFrameCallback(onFrame);
    }
"""

grab_picture = """
    (tile) => {
        const video = tile.querySelector("video");
        const canvas = document.createElement("canvas");
        canvas.width = 64;
        canvas.height = 36;
        const drawing = canvas.getContext("2d");
        drawing.drawImage(video, 0, 0, 64, 36);
        return [...drawing.getImageData(0, 0, 64, 36).data];
    }
"""


def eventually(condition, what, seconds=15):
    """Answers the first true value; polls from here because the pages' policy forbids evaluating text."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def difference(picture, other):
    """The mean difference of two grabbed pictures, 0 to 255."""
    return sum(abs(one - two) for one, two in zip(picture, other, strict=True)) / len(picture)


class RoomPage:
    def __init__(self, context, relay, token=None):
        self.page = context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.identity = None
        self.page.on("request", self.note_identity)
        self.page.add_init_script(keep_connections)
        self.page.goto(f"{relay.url}/rooms/{room}" + (f"#token={token}" if token else ""))

    def note_identity(self, request):
        found = re.search(r"/participants/([^/]+)/events$", request.url)
        if found:
            self.identity = found[1], request.headers["authorization"].removeprefix("Bearer ")

    def go_live(self, *audiences, name=None):
        """Publishes through the dialog, choosing the audiences given and no other."""
        page = self.page
        page.click("#go-live")
        page.wait_for_selector("#setup-start:enabled", timeout=15_000)
        assert page.locator("#choices input:checked").count() == 0, "an audience was chosen beforehand"
        if name:
            page.fill("#screen-name", name)
        for audience in audiences:
            if page.locator(f'#choices input[value="{audience}"]').count() == 0:
                if not page.is_visible("#setup .purpose"):
                    page.click("#setup .more > summary")
                self.compose("#setup", audience)
            page.check(f'#choices input[value="{audience}"]')
        page.click("#setup-start")
        page.wait_for_selector("#tally:visible", timeout=15_000)

    def compose(self, place, audience):
        """Names somebody else in the small form there; `*` stands for every partner site."""
        purpose, _, recipient = audience.partition(":")
        self.page.select_option(f"{place} .purpose", "any_partner" if recipient == "*" else purpose)
        if recipient != "*":
            self.page.fill(f"{place} .recipient", recipient)
        self.page.click(f"{place} .add")

    def allow_in_panel(self, audience):
        if not self.page.is_visible("#allow-form .purpose"):
            self.page.click("#tally .more > summary")
        self.compose("#allow-form", audience)
        self.page.wait_for_selector("#receipt[data-state=done]")

    def tally(self):
        return self.page.get_attribute("#tally", "data-state")

    def wait_for_tally(self, state, seconds=15):
        eventually(lambda: self.tally() == state, f"tally is {state}", seconds)

    def audience_button(self, audience):
        return self.row(audience).locator("button").first

    def row(self, audience):
        return self.page.locator(f'#audiences li[data-audience="{audience}"]')

    def renewal_button(self, audience, choice="grant"):
        return self.page.locator(f'#renewal li[data-audience="{audience}"] button[data-choice="{choice}"]')

    def participant(self):
        """Who publishes here and with which token, as the page's own requests say it."""
        return self.identity

    def tile(self, state="live", name=None, seconds=15):
        """The first tile in that state; waits for it."""
        tile = self.page.locator(f'.tile[data-state="{state}"]')
        if name:
            tile = tile.filter(has_text=name)
        tile.first.wait_for(state="visible", timeout=seconds * 1000)
        return tile.first

    def inbound(self, tile):
        """What the tile's two lines received: statistics by kind."""
        slot = int(tile.get_attribute("data-slot"))
        lines = {str(2 * slot): "audio", str(2 * slot + 1): "video"}
        reports = [report for report in self.page.evaluate(read_statistics) if report["type"] == "inbound-rtp"]
        return {lines[report["mid"]]: report for report in reports if report.get("mid") in lines}

    def codec(self, tile):
        """What the tile's video line received last, such as `video/VP8`."""
        codec = self.inbound(tile)["video"]["codecId"]
        reports = self.page.evaluate(read_statistics)
        return next(report["mimeType"] for report in reports if report["id"] == codec)

    def frames_decoded(self, tile):
        return self.inbound(tile).get("video", {}).get("framesDecoded", 0)

    def wait_for_frames(self, tile, count=10, seconds=15):
        before = self.frames_decoded(tile)
        eventually(lambda: self.frames_decoded(tile) >= before + count, f"{count} more frames decoded", seconds)

    def turn_on_sound(self):
        """A muted element plays nothing, and what is not played has no energy in the statistics."""
        self.page.click("#sound")

    def start_measuring(self, tile):
        tile.evaluate(watch_gaps)
        return tile, self.inbound(tile), time.monotonic()

    def measured(self, started):
        """What a tile received since: decoded frames, samples, the longest time between pictures in milliseconds."""
        tile, before, since = started
        after, took = self.inbound(tile), time.monotonic() - since
        audio = {key: after["audio"][key] - before["audio"].get(key, 0)
                 for key in ("totalSamplesReceived", "concealedSamples", "totalAudioEnergy")}
        video = {key: after["video"].get(key, 0) - before["video"].get(key, 0)
                 for key in ("framesDecoded", "freezeCount", "nackCount", "retransmittedPacketsReceived")}
        return {
            "frames": video["framesDecoded"],
            "frames_per_second": video["framesDecoded"] / took,
            "samples": audio["totalSamplesReceived"],
            "concealed": audio["concealedSamples"],
            "energy": audio["totalAudioEnergy"],
            "longest_gap": tile.evaluate("tile => Math.max(tile.longestGap, tile.sinceLastFrame())"),
            "states": " ".join(tile.evaluate("tile => tile.states")),
            "freezes": video["freezeCount"],
            "nacks": video["nackCount"],
            "retransmissions": video["retransmittedPacketsReceived"],
        }

    def picture(self, tile):
        return tile.evaluate(grab_picture)

    def close(self):
        self.page.close()
        assert self.errors == [], self.errors
