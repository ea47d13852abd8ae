"""Requests made from the OpenAPI document, valid and not, against a running relay."""

import datetime
import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import schemathesis
from hypothesis import strategies
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from relay import Relay, checkout, room
from room_page import eventually

document = checkout / "Sources/RelayHTTP/Documents/openapi.yaml"
offer = (checkout / "Tests/FuzzTests/Corpus/sdp/ffmpeg-8-audio-publish.sdp").read_bytes()
participant = "ada"
webhook = "crm"
partner = "site"
destination = "studio-b"
# Erased again and again; what is asked about others has to find them.
erasable = "eve"

# For each of some two dozen operations; beside them come the boundary cases of every schema, as many as there are.
examples = 15
# Answers take milliseconds; what takes longer hangs.
answer_seconds = 5

# What is well-formed may still not be possible: another's room, a stale If-Match, a key used before.
refused_as_well_formed = ["401", "403", "404", "409", "412", "422", "428"]
settings = {
    "suppress-health-check": ["all"],
    "generation": {"max-examples": examples, "deterministic": True},
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "304", *refused_as_well_formed]},
        "negative_data_rejection": {"expected-statuses": ["400", *refused_as_well_formed, "405", "413", "415"]},
    },
}

session_types = ["application/sdp", "application/trickle-ice-sdpfrag"]
for session_type in session_types:
    schemathesis.serializer.alias(session_type, "text/plain")


@schemathesis.deserializer("application/json")
def read_json(context, response):
    """Schemathesis takes a JWT for JSON (RFC 7519 says it is text)."""
    return response.text if response.headers["content-type"] == ["application/jwt"] else response.json()


shown = strategies.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"])
schemathesis.openapi.format("screen-name", strategies.text(shown, min_size=1, max_size=64))
schemathesis.openapi.format("plain-line", strategies.text(shown, min_size=1, max_size=256))
schemathesis.openapi.format("date-time", strategies.datetimes(
    datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)).map(lambda time: time.isoformat() + "Z"))

schema = schemathesis.openapi.from_path(document, config=schemathesis.Config.from_dict(settings))


class Surface:
    """A relay with somebody on air, and the tokens of everybody who talks to it."""

    def __init__(self, directory):
        self.relay = Relay(directory)
        # One address makes all requests, and made-up names make rooms.
        with self.relay.config.open("a") as config:
            config.write(f"webhooks:\n  file: {directory}/webhooks.yaml\n")
            config.write("limits:\n  rooms: 100000\n  requestsPerSecond: 1000000\n  handshakesPerSecond: 100000\n")
        # Nobody listens there: switched off, on and replayed all the same.
        (directory / "webhooks.yaml").write_text(f"""\
endpoints:
  - name: {webhook}
    url: http://127.0.0.1:1/hook
    secrets: ["file:crm.secret"]
""")
        (directory / "crm.secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        self.relay.start()
        self.tokens = {
            "publish": self.relay.publish_token(participant, "Ada"),
            "view": self.relay.view_token(),
            "operator": self.relay.token("operator", "--name", "op"),
            "nobody": None,
        }
        self.turn = 0

    def session(self):
        """The session of a publisher, begun anew where it has ended."""
        token = self.relay.token("publish", "--room", room, "--participant", "grace", "--name", "Grace", "--replace")
        status, headers, body = self.relay.request("POST", f"/v1/rooms/{room}/whip", token, offer, "application/sdp")
        assert status == 201, body
        return headers["Location"].rsplit("/", 1)[1]

    def register(self):
        """The partner, added again where a request has removed it."""
        self.relay.request("POST", "/v1/partners", self.tokens["operator"], {
            "id": partner, "legal_name": "Example Ltd", "contact": "a@site.example",
            "origins": ["https://site.example"], "page_grants": True})
        self.relay.request("PUT", f"/v1/partners/{partner}", self.tokens["operator"], {
            "legal_name": "Example Ltd", "contact": "a@site.example", "origins": ["https://site.example"],
            "page_grants": True})

    def push(self):
        """A push to a destination, started again where a request has ended it; nobody is on air to be pushed."""
        operator = self.tokens["operator"]
        self.relay.request("POST", "/v1/partners", operator, {
            "id": "relayer", "legal_name": "Example Ltd", "contact": "a@site.example", "purposes": ["rebroadcast"]})
        self.relay.request("POST", "/v1/destinations", operator, {
            "id": destination, "partner": "relayer", "url": "https://media.example/whip", "state": "suspended"})
        path = f"/v1/rooms/{room}/pushes"
        self.relay.request("POST", path, operator, {"destination": destination})
        pushes = json.loads(self.relay.request("GET", path, operator)[2])["pushes"]
        return next(push["id"] for push in pushes if push["destination"] == destination)

    def principals(self, path):
        """Who asks for a path: first who may, then the others."""
        kinds = {"whip": "publish", "consents": "publish", "events": "publish", "history": "publish",
                 "{participant}": "publish", "disclosures": "publish", "export": "publish", "erasure": "operator",
                 "query": "operator", "statistics": "operator",
                 "whep": "view", "tokens": "operator"}
        governed = {"partners", "webhooks", "rules", "controller", "notices", "status", "holds", "demands",
                    "destinations", "pushes"}
        if path == "/v1/rooms/{room}/disclosures":
            governed.add("disclosures")
        if path.endswith("/page-grants"):
            return ["nobody"]
        if path == "/v1/partners/{partner}":
            self.register()
        own = "operator" if governed & set(path.split("/")) else kinds.get(path.rsplit("/", 1)[1], "nobody")
        return [own, own, own, *(kind for kind in self.tokens if kind != own)]


@pytest.fixture(scope="module")
def surface(tmp_path_factory):
    surface = Surface(tmp_path_factory.mktemp("api"))
    yield surface
    assert surface.relay.stop() == 0


@schema.parametrize()
def test_answers_are_those_of_the_document(case, surface):
    surface.turn += 1
    is_example = case.meta.phase.name.name == "EXAMPLES"
    principals = surface.principals(case.operation.path)
    token = surface.tokens[principals[0 if is_example else surface.turn % len(principals)]]
    # Made-up names lead nowhere; those that exist show what the operation itself does.
    if case.meta.generation.mode.is_positive and (is_example or surface.turn % 3):
        known = {"room": room, "participant": participant, "webhook": webhook, "partner": partner}
        if "partner" in case.path_parameters:
            surface.register()
        if case.operation.path.endswith("/erasure"):
            known["participant"] = erasable
        if "destination" in case.path_parameters or "push" in case.path_parameters:
            known.update(destination=destination, push=surface.push())
        if "session" in case.path_parameters:
            known["session"] = surface.session()
        case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
        if case.operation.path.endswith("/consents") and isinstance(case.body, dict):
            # No schema says that lines are about different things.
            case.body["changes"] = list({
                (line["purpose"], line.get("recipient_class"), line.get("recipient"), line.get("stream")): line
                for line in case.body["changes"]}.values())
    # No schema says what a session description is.
    excluded = [positive_data_acceptance] if case.media_type in session_types else []
    # Nor what a cursor of a list is.
    if "cursor" in (case.query or {}):
        excluded.append(positive_data_acceptance)
    # What is wrong with the fields may be that there is no token, which is put in below.
    if any(part.name == "HEADER" and info.mode.is_negative for part, info in case.meta.components.items()):
        excluded.append(negative_data_rejection)
    case.call_and_validate(
        base_url=surface.relay.url, timeout=answer_seconds, excluded_checks=excluded,
        headers={"Authorization": f"Bearer {token}"} if token else {})


def test_every_operation_was_seen_to_succeed(surface):
    """What is only ever refused shows nothing of its answers."""
    # No random digest is that of a notice.
    status, headers, _ = surface.relay.request(
        "POST", f"/v1/rooms/{room}/notices", surface.tokens["operator"],
        {"id": "privacy", "version": "1", "language": "en", "text": "What happens to your picture.",
         "controller": "Example Ltd", "change": "editorial", "purposes": ["live_room"]})
    assert status == 201
    status, _, text = surface.relay.request("GET", urlsplit(headers["Location"]).path)
    assert (status, text) == (200, "What happens to your picture.")
    # There is nothing to be read of an erasure before it is asked for.
    path = f"/v1/participants/{erasable}/erasure"
    assert surface.relay.request("POST", path, surface.tokens["operator"])[0] == 200
    assert surface.relay.request(
        "GET", path, surface.tokens["operator"], headers={"Tally-Reason": "audit"})[0] == 200
    # A destination is of a partner that is there, and a push to a destination that is.
    operator = surface.tokens["operator"]
    surface.push()
    assert surface.relay.request("DELETE", f"/v1/destinations/{destination}", operator)[0] == 204
    terms = {"partner": "relayer", "url": "https://media.example/whip", "state": "suspended"}
    assert surface.relay.request("POST", "/v1/destinations", operator, {"id": destination, **terms})[0] == 201
    assert surface.relay.request("PUT", f"/v1/destinations/{destination}", operator, terms)[0] == 200
    status, headers, body = surface.relay.request(
        "POST", f"/v1/rooms/{room}/pushes", operator, {"destination": destination})
    assert status == 201, body
    push = urlsplit(headers["Location"]).path
    assert surface.relay.request("GET", push, operator)[0] == 200
    assert surface.relay.request("DELETE", push, operator)[0] == 204
    # Which events of a log are about somebody is not to be guessed.
    receipts = f"/v1/rooms/{room}/participants/{participant}/receipts"
    listed = json.loads(surface.relay.request("GET", receipts, surface.tokens["publish"])[2])["receipts"]
    assert surface.relay.request(
        "GET", f"{receipts}/{listed[0]['sequence']}", surface.tokens["publish"])[0] == 200
    # Operators' looks are leaves of the ledger; how many there are by now says which files there are.
    size = eventually(
        lambda: int(surface.relay.request("GET", "/v1/ledger/log/checkpoint")[2].split("\n")[1]), "a leaf is published")
    tile = "000" if size >= 256 else f"000.p/{size}"
    for path in [f"tile/0/{tile}", f"tile/entries/{tile}"]:
        assert len(urlopen(f"{surface.relay.url}/v1/ledger/log/{path}", timeout=answer_seconds).read()) >= 32
    seen = set(re.findall(
        r'tally_http_requests_total\{method="([A-Z]+)",route="([^"]+)",status="2[0-9]{2}"\}',
        surface.relay.request("GET", "/metrics")[2].replace("tile/**", "tile/{path}")))
    described = {(result.ok().method.upper(), result.ok().path) for result in schema.get_all_operations()}
    # A viewing session needs media on air, which the tests with browsers have.
    # So does a partner's viewer, and only a browser says that its page asks.
    needs_media = {
        operation for operation in described if "/events" in operation[1] and "/sessions/" in operation[1]
    } | {("POST", "/v1/sessions/{session}/renewals"), ("POST", "/v1/partners/{partner}/page-grants"),
         ("GET", "/v1/oembed")} | {("POST", "/v1/rooms/{room}/whep"), ("GET", "/v1/rooms/{room}")}
    assert described - needs_media <= seen


def test_one_of_two_changes_for_the_same_epoch_is_refused(surface):
    token = surface.tokens["publish"]
    path = f"/v1/rooms/{room}/participants/{participant}/consents"

    def change(tag):
        return surface.relay.request(
            "PUT", path, token, {"changes": [{"purpose": "live_room", "choice": "withdraw"}]},
            headers={"If-Match": tag})[0]

    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            _, headers, _ = surface.relay.request("GET", path, token)
            statuses = list(pool.map(change, [headers["ETag"]] * 8))
            assert sorted(statuses) == [200] + [412] * 7


def test_a_change_that_is_sent_again_is_made_once(surface):
    # In a room of its own, where nobody has published a notice that a grant would have to name.
    token = surface.relay.token("publish", "--room", "again", "--participant", participant, "--name", "Ada")
    path = f"/v1/rooms/again/participants/{participant}/consents"
    body = {"changes": [{"purpose": "live_room", "choice": "grant"}]}
    key = {"Idempotency-Key": '"sent-again"'}

    def change(_):
        return surface.relay.request("PUT", path, token, body, headers=key)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(change, range(8)))
    assert {status for status, _, _ in answers} <= {200, 409}
    again = change(None)
    assert again[0] == 200 and again[1]["Idempotency-Replayed"] == "true"
    assert {answer for status, _, answer in answers if status == 200} == {again[2]}
    assert json.loads(again[2])["epoch"] == json.loads(surface.relay.request("GET", path, token)[2])["epoch"]
