"""What killed builds left in the cache goes, and what nobody used for two weeks; nothing else does."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from lambda_emu.folders import Purpose, claim
from lambda_emu.sandbox.building.leftovers import remove_leftovers

NOW_S = 2_000_000_000.0
DAY_S = 86_400


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder with the builds of two runtimes begun, and two parts."""
    cache = tmp_path / "cache"
    claim(cache, Purpose.CACHE)
    for name in ("build/java21-x86_64", "build/python3.13-x86_64", "parts/new", "parts/old", "clients/old"):
        (cache / name).mkdir(parents=True)
        (cache / name / "file").touch()
    for name, days in (("parts/new", 13), ("parts/old", 15), ("clients/old", 15)):
        os.utime(cache / name, (NOW_S - days * DAY_S,) * 2)
    return cache


def folders(cache: Path) -> set[str]:
    return {str(path.relative_to(cache)) for path in cache.glob("*/*") if path.is_dir()}


def test_what_a_killed_build_had_begun_goes_and_what_one_works_on_stays(cache: Path) -> None:
    with (cache / "build/java21-x86_64.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        removed = {str(path.relative_to(cache)) for path in remove_leftovers(cache, NOW_S)}

    assert removed == {"build/python3.13-x86_64", "parts/old", "clients/old"}
    assert folders(cache) == {"build/java21-x86_64", "parts/new"}


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "build/mine").mkdir(parents=True)

    assert list(remove_leftovers(tmp_path, NOW_S)) == []
    assert list(remove_leftovers(tmp_path / "nowhere", NOW_S)) == []
    assert folders(tmp_path) == {"build/mine"}


def test_a_link_is_not_followed(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    os.utime(tmp_path / "mine", (0, 0))
    (cache / "parts/link").symlink_to(tmp_path / "mine")

    list(remove_leftovers(cache, NOW_S))

    assert (tmp_path / "mine").is_dir()
