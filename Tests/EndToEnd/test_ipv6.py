"""A link that carries IPv6 only, and a media socket that is bound to every address."""

import pytest

from room_page import eventually

pytestmark = pytest.mark.parametrize("network", [6], indirect=True, ids=["ipv6"])


def test_chromium_publishes_and_views_over_ipv6(network, network_relay, network_chromium, open_room, hand_made):
    publisher = hand_made(network_chromium, network_relay).publish(
        network_relay.publish_token("ada", "Ada", ["live_room"]))
    room_viewer = open_room(network_chromium, network_relay)
    room_viewer.wait_for_frames(room_viewer.tile(name="Ada"), count=50)
    viewer = hand_made(network_chromium, network_relay).view(network_relay.view_token())
    eventually(lambda: viewer.frames_decoded() >= 50, "fifty frames decoded")
    for session in (publisher, viewer):
        selected = session.statistics("transport")["selectedCandidatePairId"]
        pair = session.statistics("candidate-pair", id=selected)
        relay_end = session.statistics("remote-candidate", id=pair["remoteCandidateId"])
        assert relay_end["address"] == network.host_address
    # The session's URL has the address in brackets; ending it there takes the publisher off air.
    assert network_relay.url in publisher.url()
    assert network_relay.request("DELETE", publisher.url().removeprefix(network_relay.url))[0] == 200


def test_aiortc_publishes_and_views_over_ipv6(network, network_relay, peers, long_clip):
    token = network_relay.publish_token("ada", "Ada", ["live_room"])
    publisher = peers.start_aiortc(network, network_relay, "publish", token, 20, long_clip)
    eventually(lambda: network_relay.consents("ada", token)["on_air"], "the publisher is on air")
    viewer = peers.start_aiortc(network, network_relay, "view", network_relay.view_token(), 4).result()
    assert viewer["created"] == 201 and viewer["deleted"] == 200
    assert viewer["video"] >= 4 * 10
    assert viewer["loudest"] > 1000
    assert publisher.is_running
