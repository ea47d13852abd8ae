"""`tally load` against the relay, and with the same options against a server that shares nothing with it."""

import json
import pathlib
import socket
import subprocess
import sys
import threading

import pytest

from relay import binary, free_port

folder = pathlib.Path(__file__).parent
# What both servers are asked, word for word.
options = ["--viewers", "4", "--bitrate", "300", "--size", "320x180", "--fps", "15", "--duration", "4", "--warm-up", "1",
           "--verify", "0.5", "--join-rate", "5"]


def load(tmp_path, *arguments, status=0):
    """Runs a load test; answers its report."""
    path = tmp_path / "report.json"
    result = subprocess.run(
        [binary(), "load", *map(str, arguments), "--json", str(path), "--html", str(tmp_path / "report.html")],
        capture_output=True, text=True, timeout=120)
    assert result.returncode == status, result.stdout + result.stderr
    return json.loads(path.read_text()), result


def number(report, name):
    return report["numbers"][name]["value"]


def check_a_load(report, codec):
    """What any server that forwards must show."""
    distributions = report["distributions"]
    assert number(report, "viewers") == 4
    assert number(report, "viewers.lost") == 0
    assert number(report, "joins.failed") == 0
    for phase in ("post", "ice", "dtls", "first_packet", "first_keyframe", "first_frame"):
        assert distributions[f"join.{phase}"]["count"] == 4, phase
    assert distributions["join"]["p50"] > distributions["join.post"]["min"]
    # Four viewers for four seconds: fifteen pictures and fifty packets of sound a second.
    assert number(report, "packets") > 4 * 4 * (15 + 50) * 0.9
    assert 0.3 < number(report, "examined") < 0.7
    for kind in ("latency.video", "latency.audio"):
        assert distributions[kind]["count"] > 50, kind
        assert 0 < distributions[kind]["p50"] < 500, kind
    assert distributions["bitrate"]["p50"] > 200_000
    assert report["options"]["codec"] == codec
    assert len([second for second in report["seconds"] if second["is_measured"]]) >= 4


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264"])
def test_measures_the_relay(relay, tmp_path, codec):
    operator = tmp_path / "operator.token"
    operator.write_text(relay.token("operator"))
    report, result = load(
        tmp_path, "--relay", relay.url, "--operator-token-file", operator, "--codec", codec,
        "--server-pid", relay.process.pid, *options, "--fail-if", "latency.p99>500ms", "--fail-if", "joins.failed>0")
    check_a_load(report, codec)
    assert number(report, "server.cpu_per_packet") > 0
    assert number(report, "server.resident") > 1_000_000
    # A packet of a message at least, and each of what was delivered in one of them.
    messages = report["distributions"]["server.run"]
    assert 0.9 < messages["count"] * messages["mean"] / number(report, "packets") < 1.6
    assert 0 < report["distributions"]["generator.send_time"]["p50"] < 100
    assert number(report, "packets.audio.mean_size") < number(report, "packets.video.mean_size") < 1_250
    assert "latency.p99>500ms" in result.stdout
    page = (tmp_path / "report.html").read_text()
    assert "<polyline" in page and "http" not in page.replace(relay.url, "")


def test_counts_no_leak_where_consent_flips(relay, tmp_path):
    operator = tmp_path / "operator.token"
    operator.write_text(relay.token("operator"))
    report, _ = load(
        tmp_path, "--relay", relay.url, "--operator-token-file", operator, "--publishers", 2, *options,
        "--flip-rate", "2", "--duration", "6", "--fail-if", "leaks>0", "--fail-if", "examined<90%")
    assert number(report, "leaks") == 0, "leaked"
    assert number(report, "flips") >= 4
    assert number(report, "flips.packets") > 100
    assert report["distributions"]["withdrawal"]["count"] >= 2
    assert report["distributions"]["withdrawal"]["max"] < 5_000
    assert report["distributions"]["resumption"]["count"] >= 4, "each viewer saw the broadcaster again"


def test_a_packet_that_should_not_have_come_is_counted(relay, tmp_path):
    """Somebody grants again behind the run's back, which looks to it like a relay that does not withhold."""
    operator = tmp_path / "operator.token"
    operator.write_text(relay.token("operator"))
    token = relay.token("publish", "--room", "load-1", "--participant", "r1p1", "--name", "r1p1")
    is_over = threading.Event()

    def meddle():
        while not is_over.wait(0.2):
            relay.request("PUT", "/v1/rooms/load-1/participants/r1p1/consents", token,
                          {"changes": [{"purpose": "live_room", "choice": "grant"}]})

    meddler = threading.Thread(target=meddle)
    meddler.start()
    try:
        report, result = load(
            tmp_path, "--relay", relay.url, "--operator-token-file", operator, *options, "--flip-rate", "1",
            "--verify", "0", "--duration", "6", "--fail-if", "leaks>0", status=1)
    finally:
        is_over.set()
        meddler.join()
    assert number(report, "leaks") > 10
    assert {leak["kind"] for leak in report["leaks"]} <= {"video", "audio"}
    assert "FAILED: leaks>0" in result.stdout


def test_a_threshold_that_is_crossed_ends_with_one(relay, tmp_path):
    operator = tmp_path / "operator.token"
    operator.write_text(relay.token("operator"))
    report, result = load(
        tmp_path, "--relay", relay.url, "--operator-token-file", operator, "--viewers", 2, "--duration", 1,
        "--bitrate", 100, "--size", "160x96", "--fail-if", "packets>1", "--fail-if", "leaks>0", status=1)
    assert [verdict["is_held"] for verdict in report["verdicts"]] == [False, False], "what is not measured does not hold"
    assert "FAILED: packets>1" in result.stdout
    compared = subprocess.run([binary(), "load", "compare", tmp_path / "report.json", tmp_path / "report.json",
                               "--fail-if", "packets>1.5x"], capture_output=True, text=True)
    assert compared.returncode == 0 and "same" in compared.stdout, compared.stdout


def test_the_floor_takes_the_shape_of_a_run(relay, tmp_path):
    operator = tmp_path / "operator.token"
    operator.write_text(relay.token("operator"))
    report, _ = load(
        tmp_path, "--relay", relay.url, "--operator-token-file", operator, "--server-pid", relay.process.pid, *options)
    command = [binary(), "load", "floor", "--json", "--report", tmp_path / "report.json", "--duration", "1"]
    floor = subprocess.run(command, capture_output=True, text=True, timeout=60)
    found = json.loads(floor.stdout)
    assert floor.returncode == (1 if found["objections"] else 0), floor.stderr
    assert found["schema"] == "tally-floor/1"
    assert found["shape"]["viewers"] == 4 and found["shape"]["frames_per_second"] == 15
    assert 0.99 < sum(run["share"] for run in found["shape"]["runs"]) < 1.01
    load_modes = [result for result in found["results"] if result["kind"] == "load"]
    assert found["best"] in [result["mode"] for result in load_modes]
    # Four viewers for half a second.
    video, audio = (number(report, "packets") - number(report, "packets.audio"), number(report, "packets.audio"))
    for result in load_modes:
        assert 0.5 < result["packets"] / ((video + audio) / 8) < 1.5, result["mode"]
        assert 0 < result["latency_video"]["p50"] < 500 and 0 < result["latency_audio"]["p50"] < 500
    report["options"]["publishers"] = "2"
    (tmp_path / "report.json").write_text(json.dumps(report))
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 64 and "--publishers" in refused.stderr


@pytest.fixture
def other_server(network):
    """aiortc inside the namespace, because it gathers no loopback candidates."""
    port = free_port(socket.SOCK_STREAM, network.host_address)
    command = network.inside(sys.executable, str(folder / "aiortc_server.py"), network.peer_address, str(port))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "listening\n"
        yield f"http://{network.peer_address}:{port}"
        process.terminate()


def test_measures_a_server_that_shares_nothing_with_the_relay(other_server, tmp_path):
    report, _ = load(
        tmp_path, "--whip", other_server + "/{publisher}/whip", "--whep", other_server + "/{publisher}/whep",
        "--codec", "vp8", *options, "--fail-if", "latency.p99>500ms", "--fail-if", "joins.failed>0")
    check_a_load(report, "vp8")
