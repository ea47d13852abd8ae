"""What the page shows a participant of what is held about them, and the copies that it hands out."""

import json
import subprocess
import tarfile

from relay import binary
from room_page import eventually


def lines(publisher, place):
    return publisher.page.locator(f"{place} > *").all_text_contents()


def downloaded(publisher, place, path):
    with publisher.page.expect_download() as download:
        publisher.page.click(place)
    download.value.save_as(path)
    return download.value.suggested_filename, path.read_bytes()


def test_the_history_says_what_was_decided_and_how(relay, chromium, open_room):
    relay.publish_notice("1", "We show you.", "live_room")
    publisher = open_room(chromium, relay)
    assert not publisher.page.is_visible("#record")
    publisher.go_live("live_room", "live_embed:*", name="Ada")
    publisher.wait_for_tally("live")
    publisher.page.click("#history > summary")
    eventually(lambda: len(lines(publisher, "#history-lines")) == 2, "both choices are there")
    # An open history shows by itself what is recorded next.
    publisher.audience_button("live_room").click()
    eventually(lambda: len(lines(publisher, "#history-lines")) == 3, "the withdrawal has come")
    newest, partner, oldest = lines(publisher, "#history-lines")
    assert "You took back: People watching this room" in newest
    assert "You agreed: Any partner site the operator lists" in partner
    assert "You agreed: People watching this room" in oldest
    assert "on this page" in oldest and "under the terms privacy, version 1" in oldest

    participant, token = publisher.participant()
    operator = relay.token("operator", "--name", "op")
    status, _, body = relay.request(
        "PUT", f"/v1/rooms/demo/participants/{participant}/consents", operator,
        {"changes": [{"purpose": "live_embed", "whole_class": True, "choice": "revoke"}]})
    assert status == 200, body
    eventually(lambda: "The operator revoked: Any partner site" in lines(publisher, "#history-lines")[0],
               "the operator's revocation has come")
    publisher.page.click("#leave")
    assert publisher.page.is_visible("#history-lines"), "the record stays after leaving"


def test_receipts_are_handed_out_in_every_form_and_verify_without_the_relay(relay, chromium, open_room, tmp_path):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    publisher.page.click("#history > summary")
    eventually(lambda: len(lines(publisher, "#history-lines")) == 1, "the choice is there")
    keys = tmp_path / "keys.json"
    keys.write_text(relay.request("GET", "/v1/receipts/keys")[2])
    contents = set()
    for form in ("record", "dpv", "kantara", "vcon"):
        publisher.page.select_option("#receipt-form", form)
        receipt = tmp_path / form
        name, content = downloaded(publisher, "#history-lines li button", receipt)
        assert name.startswith("demo-")
        contents.add(content)
        verified = subprocess.run(
            [binary(), "receipt", "verify", str(receipt), "--key", str(keys)], capture_output=True, text=True)
        assert verified.returncode == 0, verified.stderr
        assert publisher.participant()[0] in verified.stdout
    assert len(contents) == 4


def test_everyone_who_received_a_participant_is_told_and_proven(relay, chromium, open_room, tmp_path):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", "live_embed:partner.example", name="Ada")
    partner = open_room(chromium, relay, token=relay.view_token("live_embed:partner.example"))
    partner.wait_for_frames(partner.tile(name="Ada"))
    partner.close()
    publisher.wait_for_tally("live")
    publisher.page.click("#disclosures > summary")

    def told():
        publisher.page.click("#disclosures-again")
        rows = publisher.page.locator('#disclosure-lines tr[data-recipient="partner.example"]').all_text_contents()
        return rows if rows and all("still open" not in row and " 0 packets" not in row for row in rows) else None

    rows = eventually(told, "the partner's intervals are closed and counted", 20)
    assert any("Viewers on the site of partner.example" in row and "picture" in row for row in rows)
    participant, token = publisher.participant()
    name, content = downloaded(publisher, "#disclosures-download", tmp_path / "disclosures.json")
    assert name == f"{participant}-disclosures.json"
    document = json.loads(content)
    assert document["participant"] == participant
    received = [line for line in document["disclosures"] if line.get("recipient") == "partner.example"]
    assert len(received) == len(rows)
    assert all(line["packets"] > 0 and line["evidence"] for line in received)


def test_everything_about_a_participant_comes_as_one_archive(relay, chromium, open_room, tmp_path):
    publisher = open_room(chromium, relay)
    publisher.go_live("live_room", name="Ada")
    publisher.wait_for_tally("live")
    participant, _ = publisher.participant()
    name, _ = downloaded(publisher, "#export", tmp_path / "everything.tar")
    assert name == f"{participant}.tar"
    with tarfile.open(tmp_path / "everything.tar") as archive:
        names = archive.getnames()
    assert any("history" in name for name in names), names
    assert any("disclosures" in name for name in names), names
