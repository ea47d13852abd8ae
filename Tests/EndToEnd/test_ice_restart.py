"""ICE restarts (RFC 9725 4.3) of a browser's sessions, while media flows."""

import socket

from aioice import stun

from room_page import eventually

fragment_type = "application/trickle-ice-sdpfrag"


def is_answered(transport):
    """Whether the relay answers a check with the credentials of that ICE generation."""
    local, remote = transport["local"], transport["remote"]
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{remote['ufrag']}:{local['ufrag']}"
    request.attributes["PRIORITY"] = 1
    request.attributes["ICE-CONTROLLING"] = 1
    request.add_message_integrity(remote["password"].encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as checking:
        checking.settimeout(0.3)
        checking.connect((transport["address"], transport["port"]))
        for _ in range(3):
            checking.send(bytes(request))
            try:
                answer = stun.parse_message(checking.recv(1500))
            except TimeoutError:
                continue
            return (answer.message_class == stun.Class.RESPONSE
                    and answer.check_message_integrity(remote["password"].encode()))
    return False


def check_restart(session):
    """Restarts a session's ICE and checks that the new generation carries media and the old one is forgotten."""
    before = session.transport()
    assert is_answered(before)
    restarted = session.restart()
    assert restarted["type"].startswith(fragment_type)
    assert restarted["after"] and restarted["after"] != restarted["before"]
    after = session.transport()
    assert after["remote"]["ufrag"] != before["remote"]["ufrag"]
    assert after["remote"]["password"] != before["remote"]["password"]

    def carries_media():
        transport = session.statistics("transport")
        return transport["iceLocalUsernameFragment"] == after["local"]["ufrag"] and transport["iceState"] in (
            "connected", "completed")

    eventually(carries_media, "the new generation is connected", 10)
    assert is_answered(after)
    eventually(lambda: not is_answered(before), "checks of the old generation are dropped", 5)
    assert session.patch(restarted["before"], f"a=ice-ufrag:{before['local']['ufrag']}\r\n") == 412
    trickled = f"a=ice-ufrag:{after['local']['ufrag']}\r\na=ice-pwd:{after['local']['password']}\r\n"
    assert session.patch(restarted["after"], trickled) == 204


def test_publisher_restarts_ice_and_its_viewers_notice_nothing(relay, chromium, open_room, hand_made):
    publisher = hand_made(chromium, relay).publish(relay.publish_token("ada", "Ada", ["live_room"]))
    viewer = open_room(chromium, relay)
    tile = viewer.tile(name="Ada")
    viewer.wait_for_frames(tile, count=50)
    measuring = viewer.start_measuring(tile)
    check_restart(publisher)
    viewer.wait_for_frames(tile, count=75)
    # A second one begins where the first ended.
    check_restart(publisher)
    viewer.wait_for_frames(tile, count=75)
    measured = viewer.measured(measuring)
    assert measured["states"] == "live"
    assert measured["longest_gap"] <= 500
    assert publisher.transport()["state"] == "connected"


def test_viewer_restarts_ice_and_keeps_receiving(relay, chromium, open_room, hand_made):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    viewer = hand_made(chromium, relay).view(relay.view_token())
    eventually(lambda: viewer.frames_decoded() >= 25, "frames before the restart")
    before = viewer.frames_decoded()
    check_restart(viewer)
    eventually(lambda: viewer.frames_decoded() >= before + 75, "frames after the restart")
    assert viewer.statistics("inbound-rtp", kind="video").get("totalFreezesDuration", 0) < 1
    assert viewer.transport()["state"] == "connected"


def test_a_restart_that_fails_costs_nothing(relay, chromium, open_room, hand_made):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    viewer = hand_made(chromium, relay).view(relay.view_token())
    eventually(lambda: viewer.frames_decoded() >= 25, "frames before")
    assert viewer.patch("*", "a=ice-ufrag:only\r\n") == 400
    # One that the client abandons: the relay announces a generation that nobody ever checks.
    assert viewer.patch('"*"', "a=ice-ufrag:abandoned\r\na=ice-pwd:0123456789012345678901\r\n") == 200
    assert is_answered(viewer.transport())
    before = viewer.frames_decoded()
    eventually(lambda: viewer.frames_decoded() >= before + 75, "frames after", 10)
    check_restart(viewer)
