"""Chromium to Chromium across a network that loses packets both ways."""

import json
import time


def test_five_percent_loss_is_repaired_by_retransmission(network, network_relay, network_chromium, open_room):
    publisher = open_room(network_chromium, network_relay, network_relay.publish_token("ada", "Ada"))
    publisher.go_live("live_room")
    viewer = open_room(network_chromium, network_relay)
    tile = viewer.tile(name="Ada")
    viewer.wait_for_frames(tile, count=100, seconds=20)
    viewer.turn_on_sound()
    started = viewer.start_measuring(tile)
    time.sleep(20)
    clean = viewer.measured(started)
    print("without loss", json.dumps(clean))

    print("dropped by", network.lose(5))
    started = viewer.start_measuring(tile)
    time.sleep(60)
    lossy = viewer.measured(started)
    print("5 % loss each way", json.dumps(lossy))

    assert lossy["frames_per_second"] >= 0.8 * clean["frames_per_second"]
    assert lossy["states"] == "live"
    assert lossy["nacks"] > 0
    assert lossy["retransmissions"] > 0
    assert lossy["longest_gap"] <= 2000
    assert lossy["energy"] > 0
    # Twenty milliseconds a packet, no retransmission of sound: concealment near the loss itself is expected.
    assert lossy["concealed"] < 0.2 * lossy["samples"]
