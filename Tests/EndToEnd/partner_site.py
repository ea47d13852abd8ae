"""Partners' own sites, on origins of their own, and their visitors in a real Chromium."""

import http.server
import json
import threading
import urllib.request

from relay import room
from room_page import eventually

# The partners that the tests register.
first, second = "first", "second"
# A site that is registered nowhere.
stranger = "stranger"

# A small copy of what a video shows, as bytes.
grab_video = """
    (video) => {
        const canvas = new OffscreenCanvas(32, 18);
        const drawing = canvas.getContext("2d");
        drawing.drawImage(video, 0, 0, 32, 18);
        return [...drawing.getImageData(0, 0, 32, 18).data];
    }
"""

# Notes of every picture that a video shows when that was, and how much it differs from a picture given.
watch_video = """
    (video, picture) => {
        const canvas = new OffscreenCanvas(32, 18);
        const drawing = canvas.getContext("2d", { willReadFrequently: true });
        video.shown = [];
        const look = () => {
            const at = performance.timeOrigin + performance.now();
            drawing.drawImage(video, 0, 0, 32, 18);
            const { data } = drawing.getImageData(0, 0, 32, 18);
            let sum = 0;
            for (let index = 0; index < data.length; index += 1) sum += Math.abs(data[index] - picture[index]);
            video.shown.push([at, sum / data.length]);
            video.requestVideoFrameCallback(look);
        };
        video.requestVideoFrameCallback(look);
    }
"""


class PartnerSite:
    """A partner's web server: a page with the element, and the route that has grants minted with its key."""

    def __init__(self, relay, partner):
        self.relay, self.partner, self.key = relay, partner, None
        # How often a visitor's page has asked for a grant.
        self.asked = 0
        # How many of its next answers are that it cannot just now.
        self.failing = 0
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
                site.asked += 1
                length = int(self.headers.get("Content-Length", 0))
                wanted = json.loads(self.rfile.read(length))["room"]
                if site.failing > 0:
                    site.failing -= 1
                    self.send_response(503)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
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

    close = stop


class Visitor:
    """A visitor of a partner's page, who looks into the frame."""

    def __init__(self, browser, url):
        self.context = browser.new_context(viewport={"width": 720, "height": 560})
        self.page = self.context.new_page()
        self.page.goto(url)

    @property
    def frame(self):
        return self.page.frame_locator("tally-room iframe")

    @property
    def video(self):
        return self.frame.locator("video").first

    def picture(self):
        return self.video.evaluate(grab_video)

    def watch(self, picture):
        """Begins to note every picture's difference from the one given."""
        self.video.evaluate(watch_video, picture)

    def shown(self, since=0):
        """Of every picture noted since, when it was shown (milliseconds of the clock), and its difference."""
        return self.video.evaluate("(video, since) => video.shown.filter(([at]) => at >= since)", since)

    def tile(self, state):
        return self.frame.locator(f".tile[data-state='{state}']")

    def decoded(self):
        """Pictures that the frame's video has shown, and its width."""
        return self.video.evaluate(
            """video => [video.getVideoPlaybackQuality().totalVideoFrames, video.videoWidth]""")

    def wait_for_picture(self, frames=10, seconds=20):
        eventually(lambda: self.tile("live").count() > 0, "a live tile", seconds)
        eventually(lambda: self.decoded()[0] >= frames, "pictures", seconds)

    def close(self):
        self.context.close()
