import contextlib
import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

import clips
from firefox import Firefox
from hand_made_session import HandMadeSession
from lossy_network import LossyNetwork
from partner_site import PartnerSite, Visitor, first, second, stranger
from peers import Peers
from relay import Relay
from room_page import RoomPage

chromium_flags = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    # Its own candidates on a machine that has only loopback.
    "--allow-loopback-in-peer-connection",
    "--ignore-certificate-errors",
]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    relay = item.funcargs.get("relay") or item.funcargs.get("network_relay")
    if report.failed and relay and relay.log.exists():
        report.sections.append(("relay log", relay.log.read_text(errors="replace")[-8000:]))


@pytest.fixture(scope="session")
def devices(tmp_path_factory):
    return clips.convert(tmp_path_factory.mktemp("devices"))


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory):
    """A minute of the clip, for publishers that do not repeat it."""
    return clips.repeat(tmp_path_factory.mktemp("clip") / "long.mp4")


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


def launch(playwright, devices, executable):
    picture, sound = devices
    return playwright.chromium.launch(
        executable_path=str(executable), headless=True,
        args=[*chromium_flags, f"--use-file-for-fake-video-capture={picture}",
              f"--use-file-for-fake-audio-capture={sound}"])


@pytest.fixture
def relay(tmp_path):
    relay = Relay(tmp_path)
    relay.start()
    yield relay
    relay.stop()


@pytest.fixture
def chromium(playwright, devices):
    browser = launch(playwright, devices, shutil.which("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def network(request):
    """IPv4, unless the test is parametrised with 6."""
    assert os.geteuid() == 0, "network namespaces need root: run deploy/test"
    network = LossyNetwork(getattr(request, "param", 4))
    yield network
    network.remove()


@pytest.fixture
def network_relay(network, tmp_path):
    """A relay on the outer end of the network, with TLS because its address is not loopback.

    Over IPv6 its media socket is bound to every address, so that it must answer from the one that was asked.
    """
    host = network.host_address
    relay = Relay(tmp_path, host=host, media_host="" if ":" in host else host)
    relay.start()
    yield relay
    relay.stop()


def run_inside(network, directory, program):
    """A program that runs `program` in the network's namespace."""
    wrapper = directory / f"{program}-inside"
    command = " ".join(network.inside(shutil.which(program)))
    wrapper.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


@pytest.fixture
def network_chromium(network, playwright, devices, tmp_path):
    """A browser whose every packet to the relay crosses the network."""
    browser = launch(playwright, devices, run_inside(network, tmp_path, "chromium"))
    yield browser
    browser.close()


@pytest.fixture
def network_firefox(network, tmp_path):
    browser = Firefox(network, tmp_path)
    yield browser
    browser.close()


@pytest.fixture
def hand_made():
    """Makes sessions by hand that end with the test."""
    sessions = []

    def make(browser, relay):
        sessions.append(HandMadeSession(browser, relay))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()


@pytest.fixture
def peers():
    """Starts programs that publish or view, and ends those that still run at the end of the test."""
    peers = Peers()
    yield peers
    peers.stop()


@pytest.fixture
def open_room():
    """Opens room pages that are closed, and checked for script errors, at the end of the test."""
    pages = []

    def open_page(browser, relay, token=None, **settings):
        context = browser.new_context(
            permissions=["camera", "microphone"], viewport={"width": 1280, "height": 800},
            ignore_https_errors=True, **settings)
        page = RoomPage(context, relay, token)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture
def sites(relay):
    """Two partners that are registered, and a site that is not."""
    with contextlib.ExitStack() as ending:
        made = {}
        for name in (first, second, stranger):
            made[name] = PartnerSite(relay, name)
            ending.callback(made[name].stop)
        for name in (first, second):
            made[name].key = relay.add_partner(name, origins=[made[name].origin], legal_name=f"{name.title()} Media Ltd")
        yield made


@pytest.fixture
def visit(chromium):
    visitors = []

    def open_page(url):
        visitors.append(Visitor(chromium, url))
        return visitors[-1]

    yield open_page
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def publisher(relay, chromium, open_room):
    """Ada on air, agreed to the room and to the first partner only."""
    page = open_room(chromium, relay)
    page.go_live("live_room", f"live_embed:{first}", name="Ada")
    page.wait_for_tally("live")
    return page
