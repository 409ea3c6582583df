"""Chromium without a window, by chromedriver's own HTTP (https://www.w3.org/TR/webdriver2)."""

import base64
import contextlib
import re
import shutil
import subprocess
import tempfile
import time

import httpx
import pytest

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars
--disable-background-networking --disable-component-update --disable-sync""".split()


def needed(*names):
    """The path of the first of these programs that is there; skips the test if none is."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"{names[0]} is missing: apt-get install chromium chromium-driver")
    return found


class Browser:
    """One page of a browser.

    Args:
        url: of the WebDriver session.
    """

    def __init__(self, url):
        self.http = httpx.Client(base_url=url, timeout=60)

    def _post(self, path, **body):
        answer = self.http.post(f"./{path}", json=body)
        value = answer.json()["value"]
        assert answer.is_success, value
        return value

    def open(self, url):
        """Goes to a page, and waits for it."""
        self._post("url", url=url)

    def run(self, script, *arguments):
        """What a script returns."""
        return self._post("execute/sync", script=script, args=list(arguments))

    def find(self, selector):
        """Handles of the elements that fit a selector."""
        found = self._post("elements", using="css selector", value=selector)
        return [one[ELEMENT] for one in found]

    def texts(self, selector):
        """What a person reads in these elements."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)"
        return self.run(script, selector)

    def type(self, selector, text):
        """Types into a field, in place of what is in it."""
        element = self.find(selector)[0]
        self._post(f"element/{element}/clear")
        self._post(f"element/{element}/value", text=text)

    def click(self, selector):
        """Clicks on an element."""
        self._post(f"element/{self.find(selector)[0]}/click")

    def wait(self, script, seconds=20):
        """Waits until a script returns something true."""
        until = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < until, f"{script} is still not true"
            time.sleep(0.05)
        return value

    def command(self, name, **parameters):
        """One of the DevTools' commands, such as `Emulation.setEmulatedMedia`."""
        return self._post("goog/cdp/execute", cmd=name, params=parameters)

    def problems(self):
        """Errors in the browser's console since it was last asked, such as refused scripts."""
        return [row["message"] for row in self._post("se/log", type="browser")]

    def picture(self, path):
        """Writes the whole page as a PNG."""
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return innerWidth")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", **metrics)
        shot = self.command("Page.captureScreenshot", format="png")["data"]
        self.command("Emulation.clearDeviceMetricsOverride")
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot))


@contextlib.contextmanager
def browser(width=820, height=900):
    """A `Browser` with a profile of its own; skips the test where there is no Chromium."""
    chromium, driver = (
        needed("chromium", "chromium-browser", "google-chrome"),
        needed("chromedriver"),
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
        try:
            line = next(line for line in process.stdout if "successfully on port" in line)
            port = re.search(r"on port (\d+)", line)[1]
            url = f"http://127.0.0.1:{port}/session"
            options = [*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
            wanted = {"goog:chromeOptions": {"binary": chromium, "args": options}}
            wanted["goog:loggingPrefs"] = {"browser": "ALL"}
            answer = httpx.post(url, json={"capabilities": {"alwaysMatch": wanted}}, timeout=60)
            assert answer.is_success, answer.text
            session = f"{url}/{answer.json()['value']['sessionId']}/"
            try:
                yield Browser(session)
            finally:
                httpx.delete(session.rstrip("/"), timeout=20)
        finally:
            process.kill()
            process.wait()
