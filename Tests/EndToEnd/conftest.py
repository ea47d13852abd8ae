import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

import clips
from lossy_network import LossyNetwork
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
def network():
    assert os.geteuid() == 0, "network namespaces need root: run deploy/test"
    network = LossyNetwork()
    yield network
    network.remove()


@pytest.fixture
def network_relay(network, tmp_path):
    """A relay on the outer end of the network, with TLS because its address is not loopback."""
    relay = Relay(tmp_path, host=network.host_address)
    relay.start()
    yield relay
    relay.stop()


@pytest.fixture
def network_chromium(network, playwright, devices, tmp_path):
    """A browser whose every packet to the relay crosses the network."""
    wrapper = tmp_path / "chromium-inside"
    command = " ".join(network.inside(shutil.which("chromium")))
    wrapper.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    wrapper.chmod(0o755)
    browser = launch(playwright, devices, wrapper)
    yield browser
    browser.close()


@pytest.fixture
def open_room():
    """Opens room pages that are closed, and checked for script errors, at the end of the test."""
    pages = []

    def open_page(browser, relay, token=None):
        context = browser.new_context(
            permissions=["camera", "microphone"], viewport={"width": 1280, "height": 800},
            ignore_https_errors=True)
        page = RoomPage(context, relay, token)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
