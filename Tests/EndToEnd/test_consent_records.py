"""Records and rules over the HTTP surface of the real relay, with its real log."""

import json
import os
import subprocess
import time

import pytest

from relay import binary, room


def participant_path(participant, rest="consents"):
    return f"/v1/rooms/{room}/participants/{participant}/{rest}"


def put(relay, path, token, body, headers=()):
    status, _, text = relay.request("PUT", path, token, body, headers=headers)
    return status, json.loads(text) if text else {}


def choose(relay, participant, token, *changes, headers=()):
    return put(relay, participant_path(participant), token, {"changes": list(changes)}, headers)


def audience(overview, purpose, recipient=None):
    for line in overview["audiences"]:
        if line["purpose"] == purpose and line.get("recipient") == recipient:
            return line
    raise AssertionError(f"{purpose} {recipient} is not in {overview}")


def publish_notice(relay, operator, version, change, text, purposes=("live_room",), controller="Example Ltd"):
    status, _, body = relay.request("POST", f"/v1/rooms/{room}/notices", operator, {
        "id": "privacy", "version": version, "language": "en", "text": text, "controller": controller,
        "change": change, "purposes": list(purposes)})
    assert status in (200, 201), body
    status, _, body = relay.request("GET", f"/v1/rooms/{room}/notices", operator)
    newest = json.loads(body)["notices"][-1]
    assert newest["version"] == version
    return {name: newest[name] for name in ("id", "version", "sha256")}


@pytest.fixture
def operator(relay):
    return relay.token("operator")


@pytest.fixture
def ada(relay):
    return relay.publish_token("ada", "Ada")


def test_a_grant_names_the_notice_in_force_and_is_renewed_after_a_material_change(relay, operator, ada):
    live = {"purpose": "live_room", "choice": "grant"}
    assert choose(relay, "ada", ada, live)[0] == 200
    first = publish_notice(relay, operator, "1", "material", "We show you to the room.")
    line = audience(relay.consents("ada", ada), "live_room")
    assert (line["state"], line["reason"], line["needs_renewal"]) == ("withheld", "outdated-notice", True)
    assert [notice["sha256"] for notice in line["notices"]] == [first["sha256"]]

    status, problem = choose(relay, "ada", ada, live)
    assert (status, problem["type"]) == (422, "urn:tally:problem:outdated-notice")
    assert first["sha256"] in problem["detail"]
    unknown = {**first, "sha256": "0" * 64}
    assert choose(relay, "ada", ada, {**live, "notice": unknown})[1]["type"] == "urn:tally:problem:unknown-notice"

    status, overview = choose(relay, "ada", ada, {**live, "notice": first})
    assert status == 200
    line = audience(overview, "live_room")
    assert (line["consent"], line["state"]) == ("RenewedConsentGiven", "permitted")
    assert line["record"]["notice"]["sha256"] == first["sha256"]
    assert "needs_renewal" not in line

    publish_notice(relay, operator, "1.1", "editorial", "We show you to the people in the room.")
    assert audience(relay.consents("ada", ada), "live_room")["state"] == "permitted"
    second = publish_notice(relay, operator, "2", "material", "We also sell you.")
    assert audience(relay.consents("ada", ada), "live_room")["reason"] == "outdated-notice"
    status, problem = choose(relay, "ada", ada, {**live, "notice": first})
    assert (status, problem["type"]) == (422, "urn:tally:problem:outdated-notice")
    assert choose(relay, "ada", ada, {**live, "notice": second})[0] == 200
    assert relay.stop() == 0
    relay.start()
    line = audience(relay.consents("ada", ada), "live_room")
    assert (line["state"], line["record"]["notice"]["version"]) == ("permitted", "2")


def test_a_childs_guardian_agrees_and_the_child_alone_does_not(relay, operator, ada):
    status, _ = put(relay, participant_path("ada", "status"), operator,
                    {"class": "member", "age_band": "under-13", "guardian": "parent-1"})
    assert status == 200
    embed = {"purpose": "live_embed", "recipient": "site", "choice": "grant"}
    choose(relay, "ada", ada, {"purpose": "live_room", "choice": "grant"}, embed)
    assert audience(relay.consents("ada", ada), "live_room")["reason"] == "guardian"

    stranger = relay.token("guardian", "--room", room, "--participant", "ada", "--guardian", "uncle")
    status, problem = choose(relay, "ada", stranger, {"purpose": "live_room", "choice": "grant"})
    assert (status, problem["type"]) == (403, "urn:tally:problem:not-guardian")
    assert relay.request("GET", participant_path("ada"), stranger)[0] == 403

    parent = relay.token("guardian", "--room", room, "--participant", "ada", "--guardian", "parent-1")
    choose(relay, "ada", parent, {"purpose": "live_room", "choice": "grant"})
    overview = relay.consents("ada", parent)
    assert audience(overview, "live_room")["state"] == "permitted"
    # Third parties are agreed to by themselves, and in a room that lets children appear there.
    assert audience(overview, "live_embed", "site")["state"] == "withheld"
    choose(relay, "ada", parent, embed)
    assert audience(relay.consents("ada", ada), "live_embed", "site")["state"] == "permitted"

    # The child's own no stands whatever the guardian says.
    choose(relay, "ada", ada, {"purpose": "live_room", "choice": "withdraw"})
    assert audience(relay.consents("ada", ada), "live_room")["reason"] == "withdrawn"
    status, _ = put(relay, participant_path("grace"), parent, {"changes": [embed]})
    assert status == 403


def test_refusing_less_after_refusing_more_opens_nothing(relay, operator, ada):
    publisher = subprocess.Popen(
        [binary(), "publish", "--url", f"{relay.url}/v1/rooms/{room}/whip", "--size", "320x180"],
        env={**os.environ, "TALLY_TOKEN": ada}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not (stream := relay.consents("ada", ada).get("stream")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        choose(relay, "ada", ada, {"purpose": "live_room", "choice": "grant", "stream": stream})
        assert audience(relay.consents("ada", ada), "live_room")["state"] == "permitted"
        choose(relay, "ada", ada, {"purpose": "live_room", "choice": "refuse"})
        assert audience(relay.consents("ada", ada), "live_room")["state"] == "withheld"
        for token, choice in [(operator, "revoke"), (ada, "refuse"), (ada, "withdraw")]:
            status, _ = choose(relay, "ada", token, {"purpose": "live_room", "choice": choice, "media": ["chat"]})
            assert status == 200
            assert audience(relay.consents("ada", ada), "live_room")["state"] == "withheld", choice
    finally:
        publisher.terminate()
        publisher.wait(20)


def test_ending_every_grant_binds_tokens_that_were_issued_before(relay):
    token = relay.publish_token("ada", "Ada", grants=["live_room", "recording:archive"])
    time.sleep(1.1)
    assert relay.request("DELETE", "/v1/participants/ada/consents", token)[0] == 200
    publisher = subprocess.Popen(
        [binary(), "publish", "--url", f"{relay.url}/v1/rooms/{room}/whip", "--size", "320x180"],
        env={**os.environ, "TALLY_TOKEN": token}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not relay.consents("ada", token)["on_air"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        states = {line["purpose"]: line["state"] for line in relay.consents("ada", token)["audiences"]}
        assert set(states.values()) == {"withheld"}, states
    finally:
        publisher.terminate()
        publisher.wait(20)


def test_global_privacy_control_refuses_third_parties_until_it_is_off_and_the_person_agrees(relay, ada):
    signal = {"Sec-GPC": "1"}
    embed = {"purpose": "live_embed", "recipient": "site", "choice": "grant"}
    status, overview = choose(
        relay, "ada", ada, {"purpose": "live_room", "choice": "grant"}, embed, headers=signal)
    assert status == 200
    assert audience(overview, "live_room")["state"] == "permitted"
    assert audience(overview, "live_embed", "site")["reason"] == "gpc"
    epoch = overview["epoch"]
    # Said once, not with every request.
    assert choose(relay, "ada", ada, embed, headers=signal)[1]["epoch"] == epoch + 1
    # The absence of the signal says nothing.
    choose(relay, "ada", ada, {"purpose": "live_room", "choice": "grant"})
    assert audience(relay.consents("ada", ada), "live_embed", "site")["reason"] == "gpc"
    choose(relay, "ada", ada, embed)
    assert audience(relay.consents("ada", ada), "live_embed", "site")["state"] == "permitted"


def test_operators_ask_and_do_not_take_back_what_was_answered(relay, operator, ada):
    asked = {"purpose": "recording", "recipient": "archive", "choice": "request"}
    assert choose(relay, "ada", operator, asked)[0] == 200
    assert audience(relay.consents("ada", ada), "recording", "archive")["reason"] == "requested"
    choose(relay, "ada", ada, {**asked, "choice": "defer"})
    assert audience(relay.consents("ada", ada), "recording", "archive")["reason"] == "deferred"
    assert choose(relay, "ada", operator, asked)[0] == 200
    choose(relay, "ada", ada, {**asked, "choice": "refuse"})
    status, problem = choose(relay, "ada", operator, asked)
    assert (status, problem["type"]) == (409, "urn:tally:problem:already-answered")
    assert audience(relay.consents("ada", ada), "recording", "archive")["reason"] == "refused"


def test_a_whole_class_is_granted_and_one_of_it_refused(relay, ada):
    choose(relay, "ada", ada, {"purpose": "live_embed", "whole_class": True, "choice": "grant"})
    choose(relay, "ada", ada, {"purpose": "live_embed", "recipient": "bad", "choice": "refuse"})
    overview = relay.consents("ada", ada)
    everybody = audience(overview, "live_embed")
    assert (everybody["whole_class"], everybody["state"]) == (True, "permitted")
    assert audience(overview, "live_embed", "bad")["reason"] == "refused"
    choose(relay, "ada", ada, {"purpose": "live_embed", "choice": "withdraw"})
    assert audience(relay.consents("ada", ada), "live_embed")["reason"] == "withdrawn"


def test_validity_begins_and_ends(relay, ada):
    def after(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))

    live = {"purpose": "live_room", "choice": "grant"}
    choose(relay, "ada", ada, {**live, "from": after(3600)})
    assert audience(relay.consents("ada", ada), "live_room")["state"] == "withheld"
    choose(relay, "ada", ada, {**live, "from": after(-3600), "until": after(2)})
    assert audience(relay.consents("ada", ada), "live_room")["state"] == "permitted"
    deadline = time.monotonic() + 10
    while audience(relay.consents("ada", ada), "live_room").get("reason") != "expired":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    status, problem = choose(relay, "ada", ada, {**live, "from": after(10), "until": after(5)})
    assert (status, problem["type"]) == (422, "urn:tally:problem:malformed")


def watched(relay, token, seconds=4):
    """What a viewer with this token saw last: `stamped` for the publisher's picture, `unstamped` for a slate."""
    result = subprocess.run(
        [binary(), "watch", "--url", f"{relay.url}/v1/rooms/{room}/whep", "--seconds", str(seconds), "--json"],
        env={**os.environ, "TALLY_TOKEN": token}, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    slots = [slot for line in lines if line["type"] == "report" for slot in line["slots"]]
    return [slot["showing"] for slot in slots if slot["kind"] == "video"][-1]


def test_a_region_that_was_not_agreed_to_sees_the_slate(relay, operator, ada):
    status, _ = put(relay, f"/v1/rooms/{room}/rules", operator, {"relay_region": "DE"})
    assert status == 200
    choose(relay, "ada", ada, {
        "purpose": "live_room", "choice": "grant", "terms": {"geographic_restrictions": ["EU"]}})
    publisher = subprocess.Popen(
        [binary(), "publish", "--url", f"{relay.url}/v1/rooms/{room}/whip", "--size", "320x180"],
        env={**os.environ, "TALLY_TOKEN": ada}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not relay.consents("ada", ada)["on_air"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)

        def token(*region):
            return relay.token("view", "--room", room, *region)

        assert watched(relay, token("--region", "FR")) == "stamped"
        assert watched(relay, token("--region", "US")) == "unstamped"
        # A place that is not known lies nowhere.
        assert watched(relay, token()) == "unstamped"
    finally:
        publisher.terminate()
        publisher.wait(20)
