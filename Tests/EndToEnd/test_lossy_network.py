"""Chromium to Chromium across a network that loses packets both ways."""

import json


def test_five_percent_loss_is_repaired_by_retransmission(network, network_relay, network_chromium, open_room):
    publisher = open_room(network_chromium, network_relay, network_relay.publish_token("ada", "Ada"))
    publisher.go_live("live_room")
    viewer = open_room(network_chromium, network_relay)
    tile = viewer.tile(name="Ada")
    viewer.wait_for_frames(tile, count=100, seconds=20)
    clean = viewer.measure(tile, 20)
    print("without loss", json.dumps(clean))

    print("dropped by", network.lose(5))
    lossy = viewer.measure(tile, 60)
    print("5 % loss each way", json.dumps(lossy))

    assert lossy["frames_per_second"] >= 0.8 * clean["frames_per_second"]
    assert lossy["nacks"] > 0
    assert lossy["retransmissions"] > 0
    assert lossy["longest_gap"] <= 2000
    # Twenty milliseconds a packet, no retransmission of sound: concealment near the loss itself is expected.
    assert lossy["concealed"] < 0.2 * lossy["samples"]
