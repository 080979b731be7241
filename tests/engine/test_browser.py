"""A real browser shows a page of another server of this machine, and the page tries what it can on the emulator."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inside import probe
from own import own_emulator
from server_rig import Exchange, body_of, http_server, send
from waiting import eventually

BROWSER = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser here: apt-get install chromium-headless-shell")

PAGE = """<!doctype html><script>
const there = "%s", run = there + "/2015-03-31/functions/probe/invocations", own = there + "/_lambda-emu/";
const attempt = async (how) => { try { return await how(); } catch (error) { return String(error.name); } };
const read = async (answer) => [answer.status, await answer.text(), answer.headers.get("x-amzn-requestid") !== null];
const event = JSON.stringify("reached = 1");
(async () => {
  const found = {
    form: await attempt(async () => (await fetch(run, {method: "POST", mode: "no-cors", body: event})).type),
    beacon: navigator.sendBeacon(run, event),
    signed: await attempt(async () => read(await fetch(run, {
      method: "POST", headers: {"X-Amz-Date": "20260101T000000Z", "Content-Type": "application/json"},
      body: '"result = 7"',
    }))),
    removal: await attempt(async () => read(await fetch(there + "/2015-03-31/functions/nobody", {method: "DELETE"}))),
    reset: await attempt(async () => (await fetch(own + "reset", {method: "POST", mode: "no-cors"})).type),
    image: await new Promise((done) => {
      const image = new Image(); image.onload = image.onerror = () => done("asked"); image.src = own + "logs";
    }),
  };
  await fetch("/found", {method: "POST", body: JSON.stringify(found)});
})();
</script>"""


class Site:
    """A web server of somebody else, whose page tells what it found."""

    def __init__(self) -> None:
        self.page = ""
        self.origin = ""
        self.found: queue.Queue[dict[str, Any]] = queue.Queue()

    def answer(self, exchange: Exchange) -> None:
        if exchange.command == "POST":
            self.found.put(json.loads(body_of(exchange)))
        send(exchange, b"" if exchange.command == "POST" else self.page.encode(), Content_Type="text/html")


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with http_server(site.answer) as url:
        site.origin = url.replace("127.0.0.1", "localhost")
        yield site


def shown(site: Site, url: str, folder: Path) -> dict[str, Any]:
    """What the page finds in a browser that shows it, asking the emulator at this URL."""
    site.page = PAGE % url
    browser = subprocess.Popen(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}", "--dump-dom",
         "--virtual-time-budget=20000", f"{site.origin}/"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return site.found.get(timeout=60)
    finally:
        browser.kill()
        browser.wait(10)


def test_a_page_of_somebody_else_does_nothing_and_reads_nothing(site: Site, tmp_path: Path) -> None:
    with own_emulator(project(tmp_path), "process") as lam:
        inside = probe(lam)
        inside.run("kept = 1")

        found = shown(site, lam.emulator.url, tmp_path / "profile")

        assert found["signed"] == found["removal"] == "TypeError"  # what fetch says where CORS lets it read nothing
        assert inside.run("result = ('reached' in globals(), kept)") == [False, 1]


def test_a_page_of_an_allowed_origin_runs_a_function_and_reads_the_answer(site: Site, tmp_path: Path) -> None:
    with own_emulator(project(tmp_path), "process", allowed_origins=site.origin) as lam:
        probe(lam).run("kept = 1")
        (before,) = lam.environments("probe")

        found = shown(site, lam.emulator.url, tmp_path / "profile")

        assert found["signed"] == [200, "7", True]
        assert found["removal"][0] == 404
        three_more = lambda: sum(one.invocations for one in lam.environments("probe")) == 1 + 3  # noqa: E731
        eventually(three_more, "form, beacon and signed request to be run")
        assert before.id in {one.id for one in lam.environments("probe")}  # no reset: for that a page needs the token


def project(folder: Path) -> Path:
    """A folder of its own for the emulator."""
    made = folder / "project"
    made.mkdir()
    return made
