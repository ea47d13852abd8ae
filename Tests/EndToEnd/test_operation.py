"""Starting, draining and restarting the relay."""

import signal
import subprocess

from relay import binary, configuration
from room_page import eventually

collect_events = """
    async ([token, room]) => {
        const connection = new RTCPeerConnection();
        connection.addTransceiver("audio", { direction: "recvonly" });
        connection.addTransceiver("video", { direction: "recvonly" });
        await connection.setLocalDescription();
        const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/sdp" };
        const answer = await fetch(`/v1/rooms/${room}/whep`, {
            method: "POST", headers, body: connection.localDescription.sdp,
        });
        await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
        const subscription = await fetch(`${answer.headers.get("Location")}/events`, {
            method: "POST", headers: { ...headers, "Content-Type": "application/json" },
            body: JSON.stringify(["active", "reconnect"]),
        });
        const stream = await fetch(subscription.headers.get("Location"), { headers });
        window.collected = "";
        const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
        (async () => {
            for (;;) {
                const { value, done } = await reader.read();
                if (done) return;
                window.collected += value;
            }
        })();
        return [answer.status, subscription.status, stream.status];
    }
"""


def test_page_reconnects_after_a_restart(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    viewer = open_room(chromium, relay)
    viewer.wait_for_frames(viewer.tile(name="Ada"))

    relay.stop(signal.SIGKILL)
    publisher.wait_for_tally("unknown", 5)
    eventually(lambda: viewer.page.text_content("#link") == "Reconnecting…", "the viewer says it is off")
    relay.start()

    publisher.wait_for_tally("live", 30)
    viewer.wait_for_frames(viewer.tile(name="Ada", seconds=30), count=30, seconds=30)


def test_page_reconnects_after_a_drain(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    viewer = open_room(chromium, relay)
    viewer.wait_for_frames(viewer.tile(name="Ada"))

    assert relay.stop(signal.SIGTERM) == 0
    eventually(lambda: publisher.tally() != "live", "the publisher's light goes out", 5)
    eventually(lambda: viewer.page.locator(".tile").count() == 0, "the viewer's grid is empty", 5)
    relay.start()

    publisher.wait_for_tally("live", 30)
    viewer.wait_for_frames(viewer.tile(name="Ada", seconds=30), count=30, seconds=30)


def test_drain_asks_clients_to_reconnect_and_ends(relay, chromium, open_room):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    other = open_room(chromium, relay)
    assert other.page.evaluate(collect_events, [relay.view_token(), "demo"]) == [201, 201, 200]
    eventually(lambda: "event: active" in other.page.evaluate("collected"), "the active event")
    assert relay.stop(signal.SIGTERM) == 0
    eventually(lambda: "event: reconnect" in other.page.evaluate("collected"), "the reconnect event")


def test_plaintext_is_refused_beyond_loopback(tmp_path):
    config = tmp_path / "tally.yaml"
    config.write_text(configuration(tmp_path, "0.0.0.0", 18443, 18444))
    result = subprocess.run(
        [binary(), "serve", "--config", str(config)], capture_output=True, text=True, timeout=20)
    assert result.returncode != 0
    assert "http.host: 0.0.0.0 would serve plaintext" in result.stdout + result.stderr


def test_only_its_own_token_changes_a_participants_consents(relay):
    ada = relay.publish_token("ada", "Ada")
    grace = relay.publish_token("grace", "Grace")
    path = "/v1/rooms/demo/participants/ada/consents"
    body = {"changes": [{"purpose": "live_room", "choice": "grant"}]}
    assert relay.request("PUT", path, None, body)[0] == 401
    assert relay.request("PUT", path, "not.a.token", body)[0] == 401
    assert relay.request("PUT", path, grace, body)[0] == 403
    assert relay.request("PUT", path, relay.view_token(), body)[0] == 403
    acknowledged = relay.choose("ada", ada, "grant", "live_room")
    assert acknowledged["effective_at"].endswith("Z")
    assert relay.choose("ada", ada, "withdraw", "live_room")["epoch"] > acknowledged["epoch"]


def test_state_survives_a_restart(relay):
    ada = relay.publish_token("ada", "Ada")
    relay.choose("ada", ada, "grant", "live_room")
    assert relay.stop() == 0
    relay.start()
    consents = {audience["purpose"]: audience["consent"] for audience in relay.consents("ada", ada)["audiences"]}
    assert consents["live_room"] == "ConsentGiven"


def test_pages_ask_no_third_party_and_run_no_inline_script(relay):
    for path in ("/", "/rooms/demo"):
        status, headers, body = relay.request("GET", path)
        assert status == 200
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "http:" not in policy and "https:" not in policy
        assert "script-src 'self'" in policy
        assert "<script>" not in body and "style=" not in body and "//" not in body.replace("<!doctype", "")
