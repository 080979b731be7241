"""A bundle brings back what was put in, byte for byte, and is there whole or not at all."""

from __future__ import annotations

import json
import os
import tracemalloc
from hashlib import sha256
from pathlib import Path

import pytest
from bundle_rig import LARGE, MB, RANDOM, bundle, layer, layers_of, loaded, room_for, saved

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.bundle.layers import SHARED_FROM
from lambda_emu.sandbox.bundle.reader import open_bundle
from lambda_emu.sandbox.bundle.writer import write_whole


@pytest.mark.parametrize(
    "content",
    [
        layer({"small": b"x", "large": LARGE, "empty": b"", "ä" * 80: LARGE[1:]}),
        layer({"exact": LARGE[:SHARED_FROM], "block": LARGE[: SHARED_FROM + 512]}),
        layer({"large": LARGE})[:-700],
        layer({"large": LARGE})[: SHARED_FROM + 99],
        RANDOM.randbytes(2 * MB),
        b"",
        bytes(1024) + LARGE,
    ],
    ids=["files", "sizes of whole blocks", "without its end", "cut in a file", "no tar", "nothing", "after its end"],
)
def test_a_layer_comes_back_as_it_was_whatever_it_is(tmp_path: Path, content: bytes) -> None:
    made = bundle(tmp_path / "b", saved(content, layer({"other": LARGE})))

    (image,) = loaded(made)

    assert layers_of(image) == [content, layer({"other": LARGE})]
    (told,) = json.loads(image["manifest.json"])
    assert told["RepoTags"] == ["lambda-emu/test:0"]
    assert sha256(image[told["Config"]]).hexdigest() == told["Config"].removesuffix(".json")


def test_a_layer_that_an_image_has_twice_is_there_twice(tmp_path: Path) -> None:
    one = layer({"large": LARGE * 30})

    (image,) = loaded(bundle(tmp_path / "b", saved(one, links={"1/layer.tar": "../0/layer.tar"})))

    assert layers_of(image) == [one, one]


def test_what_images_have_in_common_is_written_once(tmp_path: Path) -> None:
    common = {"lib/large": RANDOM.randbytes(MB)}

    one = bundle(tmp_path / "one", saved(layer(common | {"a": b"a"})))
    two = bundle(tmp_path / "two", saved(layer(common | {"a": b"a"})), saved(layer({"b": b"b"} | common)))

    assert two.stat().st_size < one.stat().st_size + MB / 10
    assert len(loaded(two)) == 2


def test_the_same_images_make_the_same_file(tmp_path: Path) -> None:
    images = saved(layer({"a": LARGE})), saved(layer({"b": LARGE}))

    assert bundle(tmp_path / "one", *images).read_bytes() == bundle(tmp_path / "two", *images).read_bytes()


def test_large_images_are_never_in_memory_whole(tmp_path: Path) -> None:
    image = saved(layer({"large": bytes(60 * MB), "other": bytes(30 * MB)}))

    tracemalloc.start()
    made = bundle(tmp_path / "b", image)
    with open_bundle(made) as reader:
        reader.verify(lambda _: None)
        total = sum(map(len, reader.save(reader.manifest.images[0])))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert total > 90 * MB
    assert peak < 30 * MB


def test_on_a_full_disk_the_error_says_so_and_no_part_is_left(tmp_path: Path) -> None:
    image = saved(layer({"large": RANDOM.randbytes(2 * MB)}))

    with (
        room_for(MB),
        pytest.raises(SandboxError, match=r"b could not be written: there is not enough room on the disk"),
    ):
        bundle(tmp_path / "b", image)

    assert os.listdir(tmp_path) == []


def test_a_bundle_takes_the_place_of_an_older_one_only_when_it_is_whole(tmp_path: Path) -> None:
    older = bundle(tmp_path / "b", saved(layer({"old": LARGE}))).read_bytes()

    def give_up() -> None:
        with write_whole(tmp_path / "b") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()

    assert (tmp_path / "b").read_bytes() == older
    assert os.listdir(tmp_path) == ["b"]


def test_what_a_killed_export_left_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b.part").write_bytes(bytes(MB))

    assert len(loaded(bundle(tmp_path / "b", saved(layer({"a": b"a"}))))) == 1
    assert os.listdir(tmp_path) == ["b"]


def test_two_that_write_one_file_do_not_mix(tmp_path: Path) -> None:
    with write_whole(tmp_path / "b") as file:
        file.write(b"first")
        with pytest.raises(SandboxError, match="is being written by another lambda-emu"):
            bundle(tmp_path / "b", saved(layer({})))

    assert (tmp_path / "b").read_bytes() == b"first"


def test_a_link_where_a_bundle_is_written_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "b.part").symlink_to(tmp_path / "victim")

    with pytest.raises(SandboxError, match="could not be written"):
        bundle(tmp_path / "b", saved(layer({})))

    assert (tmp_path / "victim").read_text() == "mine"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="could not be written: No such file or directory"):
        bundle(tmp_path / "nowhere/b", saved(layer({})))
