"""Drives the room page in a real Firefox, whose WebRTC stack shares little with Chromium's, by Marionette."""

import shutil
import socket

from marionette_driver.marionette import Marionette
from marionette_driver.by import By

from relay import room
from room_page import eventually

preferences = {
    # A moving picture and a tone in place of camera and microphone, without asking.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    # Nothing is asked of the world outside.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


# Connections made from here on are kept, so that a test can read their statistics.
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

# Of the first tile in that state with that name.
count_frames = """
    const [state, name, done] = arguments;
    const tile = [...document.querySelectorAll(`.tile[data-state=${state}]`)]
        .find((tile) => tile.textContent.includes(name));
    const line = tile && String(2 * tile.dataset.slot + 1);
    (async () => {
        for (const connection of window.keptConnections) {
            for (const report of (await connection.getStats()).values()) {
                if (report.type === "inbound-rtp" && report.mid === line) return report.framesDecoded ?? 0;
            }
        }
        return 0;
    })().then(done);
"""


class Firefox:
    """A browser inside the network, because Firefox gathers no loopback candidates."""

    def __init__(self, network, directory):
        with network.entered():
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            self._driver = Marionette(
                bin=shutil.which("firefox-esr"), headless=True, host="127.0.0.1", port=port, prefs=preferences,
                gecko_log=str(directory / "firefox.log"), workspace=str(directory), startup_timeout=60)
            self._driver.start_session({"acceptInsecureCerts": True})
        self._driver.timeout.script = 15

    def open_room(self, relay, token=None):
        """Nobody may be on air yet: the connection that shows the room is made after this one."""
        self._driver.navigate(f"{relay.url}/rooms/{room}" + (f"#token={token}" if token else ""))
        self.run(keep_connections)

    def run(self, script, *arguments):
        return self._driver.execute_script(script, script_args=arguments, sandbox=None)

    def click(self, selector):
        self._driver.find_element(By.CSS_SELECTOR, selector).click()

    def go_live(self, audience):
        self.click("#go-live")
        eventually(lambda: self.run("return document.querySelector('#setup-start:enabled') !== null"), "the dialog")
        self.click(f'#choices input[value="{audience}"]')
        self.click("#setup-start")

    def tally(self):
        return self.run("return document.getElementById('tally').dataset.state")

    def frames(self, name):
        """How many frames of the live tile of that participant were decoded."""
        return self._count("live", name)

    def withheld_frames(self):
        """How many frames of the first tile that is withheld were decoded."""
        return self._count("withheld", "")

    def _count(self, *tile):
        return self._driver.execute_async_script(count_frames, script_args=tile, sandbox=None)

    def close(self):
        self._driver.quit(in_app=False)
        self._driver.cleanup()
