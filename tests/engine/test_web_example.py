"""The example of a web application, as its README runs it: a page, a REST API, functions, a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from browser_rig import NEEDS_BROWSER, browsing
from example_rig import Example, served_example
from own import QUICKER, served

TASKS = "[...document.querySelectorAll('#tasks li span')].map((one) => one.textContent)"


class Web(Example):
    """url: of the API's stage, which is the page's."""

    def rows(self) -> list[tuple[str, bool]]:
        """What is in the table."""
        items = client_at(self.lam.url, "dynamodb").scan(TableName="tasks")["Items"]
        return sorted((item["text"]["S"], item["done"]["BOOL"]) for item in items)

    def ask(self, method: str, path: str = "tasks", body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self.url + path, data, method=method), timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture(scope="module", params=QUICKER)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with served_example(Web, "web", tmp_path_factory.mktemp("web"), request.param) as example:
        yield example


@pytest.fixture
def web(shared: Web) -> Web:
    """With nothing to be done."""
    for task in shared.ask("GET")[1]:
        shared.ask("DELETE", f"tasks/{task['id']}")
    return shared


@NEEDS_BROWSER
def test_who_opens_the_page_adds_tasks_and_ticks_them_off(web: Web, tmp_path: Path) -> None:
    with browsing(web.url, tmp_path / "profile") as page:
        for text in ("Buy milk", "Write <b>tests</b>"):
            page.run(f"form.text.value = {json.dumps(text)}; form.requestSubmit()")
            page.wait(f"{TASKS}.includes({json.dumps(text)})")
        page.run("document.querySelector('#tasks input').click()")
        page.wait("document.querySelector('#tasks li').className == 'done'")

        assert web.rows() == [("Buy milk", True), ("Write <b>tests</b>", False)]

        page.run("document.querySelectorAll('#tasks button')[1].click()")
        page.wait(f"{TASKS}.length == 1")
        assert page.run("problem.hidden")
        assert web.rows() == [("Buy milk", True)]


@NEEDS_BROWSER
def test_what_the_api_refuses_is_shown(web: Web, tmp_path: Path) -> None:
    with browsing(web.url, tmp_path / "profile") as page:
        page.run("form.text.value = ' '; form.requestSubmit()")

        assert page.wait("!problem.hidden && problem.textContent") == "A task has 1 to 200 characters."
        assert web.rows() == []


def test_the_api_by_itself(web: Web) -> None:
    status, task = web.ask("POST", body={"text": "Buy milk"})
    assert (status, web.ask("GET")) == (201, (200, [task]))
    assert web.ask("PUT", f"tasks/{task['id']}", {"done": True}) == (200, {})
    assert web.rows() == [("Buy milk", True)]
    assert web.ask("PUT", "tasks/none", {"done": True})[0] == 404
    assert web.ask("POST", body=[])[0] == 400
    assert web.ask("GET", "other") == (403, {"message": "Missing Authentication Token"})


def test_the_readme_tells_what_the_api_says(web: Web) -> None:
    add, ask = [line[2:] for line in web.readme().splitlines() if line.startswith("$ curl ")]

    added = json.loads(web.type([add]))

    assert (added["text"], added["done"]) == ("Buy milk", False)
    assert json.loads(web.type([ask])) == [added]


def test_tasks_and_the_page_are_there_again_after_a_kill(tmp_path: Path) -> None:
    with served_example(Web, "web", tmp_path, "process") as web:
        _, task = web.ask("POST", body={"text": "Buy milk"})
        web.lam.process.kill()
        web.lam.process.wait(10)

    with served(tmp_path / "examples" / "web", "process") as lam:
        assert lam.process.stdout is not None
        url = lam.process.stdout.readline().split(": ")[1].strip()
        again = Web("web", lam, tmp_path, url)

        assert again.ask("GET") == (200, [task])
        with urlopen(url, timeout=30) as answer:
            assert b"<title>Tasks</title>" in answer.read()
    assert urlsplit(url).path == urlsplit(web.url).path
