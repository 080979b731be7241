"""The example of photos, as its README runs it: an upload becomes a thumbnail, a row, a message, and a page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from boto_rig import client_at
from own import QUICKER, Served, served
from packages import python_packages
from test_browser import BROWSER
from waiting import Eventually

EXAMPLE = Path(__file__).parents[2] / "examples" / "photo"
RED = "(200, 30, 30)"
TAKE = f"from PIL import Image; import sys; Image.new('RGB', (1200, 800), {RED}).save(sys.argv[1])"
MEASURE = "from PIL import Image; import sys; print(*Image.open(sys.argv[1]).size)"
COUNT_RED = """
from PIL import Image
import sys
colors = Image.open(sys.argv[1]).convert("RGB").getcolors(1 << 24)
print(sum(count for count, (r, g, b) in colors if abs(r - 200) < 12 and abs(g - 30) < 12 and abs(b - 30) < 12))
"""


@dataclass(frozen=True)
class Album:
    """The example while it is served. pillow: what its layer is made of. page: the URL that `serve` tells."""

    lam: Served
    folder: Path
    pillow: Path
    page: str

    def client(self, service: str) -> Any:
        return client_at(self.lam.url, service)

    def python(self, program: str, *words: object) -> str:
        """What a program prints that uses Pillow."""
        line = [sys.executable, "-c", program, *map(str, words)]
        environment = os.environ | {"PYTHONPATH": str(self.pillow)}
        return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout

    def take_photo(self, name: str = "photo.jpg") -> Path:
        self.python(TAKE, self.folder / name)
        return self.folder / name

    def rows(self) -> Any:
        return self.client("dynamodb").scan(TableName="photos")["Items"]

    def logged(self, function: str) -> str:
        return str(json.loads(self.lam.page(f"logs?function={function}&after=0"))["events"])


@contextmanager
def shown(folder: Path, engine: str, pillow: Path) -> Iterator[Album]:
    """The example in this folder, served until the block ends."""
    if not (folder / "pillow").exists():
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        shutil.copytree(pillow, folder / "pillow" / "python")
    with served(folder, engine) as lam:
        assert lam.process.stdout is not None
        yield Album(lam, folder, pillow, lam.process.stdout.readline().split(": ")[1].strip())


@pytest.fixture(scope="module")
def pillow(pytestconfig: pytest.Config) -> Path:
    return python_packages(pytestconfig, EXAMPLE / "requirements.txt")


@pytest.fixture(scope="module", params=QUICKER)
def album(request: pytest.FixtureRequest, pillow: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    with shown(tmp_path_factory.mktemp("photo"), request.param, pillow) as album:
        yield album


def test_an_upload_becomes_a_thumbnail_a_row_and_a_message(album: Album, eventually: Eventually) -> None:
    photo = album.take_photo()

    album.client("s3").upload_file(str(photo), "photos", "my photo ü.jpg")

    assert eventually(lambda: "my photo ü.jpg is in the album" in album.logged("journal"), "the message")
    row = {"key": {"S": "my photo ü.jpg"}, "width": {"N": "1200"}, "height": {"N": "800"}}
    assert row in album.rows()
    album.client("s3").download_file("thumbnails", "my photo ü.jpg", str(album.folder / "small.jpg"))
    assert album.python(MEASURE, album.folder / "small.jpg").split() == ["320", "213"]


def test_the_photos_are_told_as_json_too(album: Album, eventually: Eventually) -> None:
    album.client("s3").upload_file(str(album.take_photo()), "photos", "told.jpg")
    eventually(lambda: "told.jpg" in str(album.rows()), "the row")

    with urlopen(f"{album.page}photos", timeout=20) as answer:
        assert {"key": "told.jpg", "width": 1200, "height": 800} in json.load(answer)
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{album.page}thumbnails/nobody.jpg", timeout=20)


@pytest.mark.skipif(BROWSER is None, reason="no browser here: apt-get install chromium-headless-shell")
def test_a_browser_shows_the_photos(album: Album, eventually: Eventually, tmp_path: Path) -> None:
    album.client("s3").upload_file(str(album.take_photo()), "photos", "in/album & more.jpg")
    eventually(lambda: "in/album & more.jpg" in str(album.rows()), "the row")

    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    picture = tmp_path / "page.png"
    subprocess.run(
        [str(BROWSER), *options, "--window-size=1000,1000", f"--screenshot={picture}", album.page],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip

    assert int(album.python(COUNT_RED, picture)) > 320 * 213 * 0.9  # of at least one thumbnail


def test_what_is_no_picture_is_told_and_stays_out(album: Album, eventually: Eventually) -> None:
    album.client("s3").put_object(Bucket="photos", Key="notes.txt", Body=b"no picture")

    assert eventually(lambda: "notes.txt is no picture" in album.logged("thumbnail"), "the log")
    assert "notes.txt" not in str(album.rows())


def test_the_album_is_whole_again_after_a_kill(pillow: Path, tmp_path: Path, eventually: Eventually) -> None:
    with shown(tmp_path, "process", pillow) as album:
        album.client("s3").upload_file(str(album.take_photo()), "photos", "before.jpg")
        eventually(lambda: "before.jpg" in str(album.rows()), "the row")
        album.lam.process.kill()

    with shown(tmp_path, "process", pillow) as again:
        again.client("s3").upload_file(str(again.take_photo()), "photos", "after.jpg")

        assert eventually(lambda: "after.jpg is in the album" in again.logged("journal"), "the message")
        with urlopen(f"{again.page}photos", timeout=20) as answer:
            assert [photo["key"] for photo in json.load(answer)] == ["after.jpg", "before.jpg"]
        with urlopen(f"{again.page}thumbnails/before.jpg", timeout=20) as answer:
            assert answer.headers["Content-Type"] == "image/jpeg"
        assert urlsplit(again.page).path == urlsplit(album.page).path  # the API is the same


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "examples/photo/README.md"])
def test_the_command_of_the_readme_uploads_a_photo(
    album: Album, eventually: Eventually, tmp_path: Path, aws_cli: Path, page: str
) -> None:
    lines = (EXAMPLE.parents[1] / page).read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("$ aws ") and " s3 cp " in line]
    words = line.removeprefix("$ ").replace("http://127.0.0.1:9000", album.lam.url).split()
    words[words.index("photo.jpg")] = str(album.take_photo(f"{tmp_path.name}.jpg"))
    keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}

    environment = {"PATH": f"{aws_cli.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), **keys}
    subprocess.run(words, env=environment, check=True, timeout=120)

    assert eventually(lambda: f"{tmp_path.name}.jpg is in the album" in album.logged("journal"), "the message")
