"""A bundle brings back what was put in, byte for byte; a damaged, cut, foreign or hostile one is refused whole."""

from __future__ import annotations

import io
import json
import os
import random
import resource
import stat
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO

import pytest

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.bundle.layers import LITERAL, REFERENCE, SHARED_FROM
from lambda_emu.sandbox.bundle.manifest import MANIFEST, BadBundle
from lambda_emu.sandbox.bundle.reader import opened
from lambda_emu.sandbox.bundle.writer import BundleWriter, written_whole

RANDOM = random.Random(11)
LARGE = RANDOM.randbytes(3 * SHARED_FROM + 5)
MB = 1_000_000


def layer(files: Mapping[str, bytes]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def saved(*layers: bytes, links: Mapping[str, str] = {}, architecture: str = "amd64") -> bytes:
    """An image as Docker saves it, its description at the end. links: layers that are others once more."""
    digests = [f"sha256:{sha256(one).hexdigest()}" for one in layers]
    config = json.dumps({"architecture": architecture, "rootfs": {"type": "layers", "diff_ids": digests}}).encode()
    paths = [f"{number}/layer.tar" for number in range(len(layers))]
    told = [{"Config": "c.json", "RepoTags": ["any"], "Layers": [*paths, *links]}]
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        for path, content in [*zip(paths, layers, strict=True), ("c.json", config)]:
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for path, target in links.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
        manifest = json.dumps(told).encode()
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))
    return output.getvalue()


def bundle(path: Path, *images: bytes) -> Path:
    with written_whole(path) as file, BundleWriter(file, path.parent) as writer:
        for number, image in enumerate(images):
            writer.add(f"lambda-emu/test:{number}", "provided.al2023", "x86_64", io.BytesIO(image))
    return path


def loaded(path: Path) -> list[dict[str, bytes]]:
    """What an engine would be given of each image: its layers, its description and the list of both."""
    found = []
    with opened(path) as reader:
        reader.verify(lambda _: None)
        for image in reader.manifest.images:
            with tarfile.open(fileobj=io.BytesIO(b"".join(reader.save(image)))) as tar:
                found.append({entry.name: read(tar.extractfile(entry)) for entry in tar})
    return found


def read(file: IO[bytes] | None) -> bytes:
    assert file is not None
    return file.read()


def layers_of(image: Mapping[str, bytes]) -> list[bytes]:
    (told,) = json.loads(image["manifest.json"])
    return [image[path] for path in told["Layers"]]


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
    with opened(made) as reader:
        reader.verify(lambda _: None)
        total = sum(map(len, reader.save(reader.manifest.images[0])))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert total > 90 * MB
    assert peak < 30 * MB


# -- what is refused ----------------------------------------------------------------------------


def test_wherever_a_bundle_was_damaged_it_is_refused(tmp_path: Path) -> None:
    """Or nothing is lost by it: a zip has bytes that say nothing, such as times."""
    made = bundle(tmp_path / "b", saved(layer({"a": LARGE, "b": b"small" * 99})))
    whole, expected = made.read_bytes(), loaded(made)
    refused = 0

    for at in range(0, len(whole), len(whole) // 400):
        made.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            assert loaded(made) == expected
        except BadBundle:
            refused += 1

    assert refused > 350


@pytest.mark.parametrize("left", [0, 0.01, 0.5, 0.9, 0.999])
def test_a_bundle_that_was_cut_is_refused(tmp_path: Path, left: float) -> None:
    made = bundle(tmp_path / "b", saved(layer({"a": LARGE})))
    made.write_bytes(made.read_bytes()[: int(made.stat().st_size * left)])

    with pytest.raises(BadBundle, match="its end is missing"):
        loaded(made)


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A bundle whose members somebody has changed, as a zip in good order."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)
    return path


def told(members: Mapping[str, bytes]) -> dict[str, object]:
    found: dict[str, object] = json.loads(members[MANIFEST])
    return found


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "blobs/../../x", "blobs/" + "0" * 64, "x"])
def test_a_bundle_with_a_file_that_it_does_not_tell_of_is_refused(tmp_path: Path, name: str) -> None:
    made = rewritten(bundle(tmp_path / "b", saved(layer({"a": LARGE}))), lambda members: members.update({name: b"x"}))

    with pytest.raises(BadBundle, match="other files than its manifest says"):
        loaded(made)

    assert sorted(os.listdir(tmp_path)) == ["b"]


def test_a_link_in_a_bundle_leads_nowhere(tmp_path: Path) -> None:
    """A member is what its checksum says, however the zip calls it."""
    made = bundle(tmp_path / "b", saved(layer({"a": LARGE})))
    expected = loaded(made)
    with zipfile.ZipFile(made) as old:
        members = {entry.filename: old.read(entry) for entry in old.infolist()}
    with zipfile.ZipFile(made, "w") as new:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            new.writestr(entry, content)

    assert loaded(made) == expected


def test_a_bundle_of_a_newer_format_names_the_version_that_made_it(tmp_path: Path) -> None:
    def newer(members: dict[str, bytes]) -> None:
        members[MANIFEST] = json.dumps({"format": 2, "made_by": "9.1", "pictures": {}}).encode()

    with pytest.raises(BadBundle, match=r"made by lambda-emu 9\.1, whose bundles this version cannot read: update it"):
        loaded(rewritten(bundle(tmp_path / "b", saved(layer({}))), newer))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": "x", "made_by": 1}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    made = bundle(tmp_path / "b", saved(layer({})))

    with pytest.raises(BadBundle, match="a manifest that cannot be read"):
        loaded(rewritten(made, lambda members: members.update({MANIFEST: content})))


def test_other_files_are_no_bundles(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    (tmp_path / "docker.tar").write_bytes(saved(layer({"a": LARGE})))
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as code:
        code.writestr("app.py", "")

    for name in ("text", "docker.tar"):
        with pytest.raises(BadBundle, match="is not a bundle"):
            loaded(tmp_path / name)
    with pytest.raises(BadBundle, match="not a bundle that lambda-emu made"):
        loaded(tmp_path / "code.zip")
    with pytest.raises(SandboxError, match="could not be read: No such file"):
        loaded(tmp_path / "none")
    with pytest.raises(SandboxError, match="could not be read: Is a directory"):
        loaded(tmp_path)


def with_recipe(members: dict[str, bytes], recipe: bytes, size: int) -> None:
    """Say that the only layer is joined otherwise."""
    digest, manifest = sha256(recipe).hexdigest(), json.loads(members[MANIFEST])
    members[f"blobs/{digest}"] = recipe
    manifest["members"][digest] = len(recipe)
    manifest["images"][0]["layers"][0] |= {"recipe": digest, "size": size}
    members[MANIFEST] = json.dumps(manifest).encode()


def reference(content: bytes, size: int) -> bytes:
    return bytes([REFERENCE]) + size.to_bytes(8, "big") + sha256(content).digest()


@pytest.mark.parametrize(
    ("recipe", "size"),
    [
        (reference(LARGE, len(LARGE)) * 9, len(LARGE)),
        (reference(LARGE, len(LARGE)) * 9, 11 * 1024**3),
        (reference(LARGE, 5), 5),
        (reference(b"elsewhere", 9), 9),
        (bytes([LITERAL]) + (1 << 40).to_bytes(8, "big") + b"x", 1),
        (bytes([LITERAL]) + (9).to_bytes(8, "big") + b"x", 9),
        (b"\7" * 9, 1),
        (b"\0\0", 1),
    ],
    ids=["too often", "too large", "cut", "not there", "endless", "short", "no kind", "no head"],
)
def test_a_layer_that_would_be_another_than_it_says_is_refused(tmp_path: Path, recipe: bytes, size: int) -> None:
    made = bundle(tmp_path / "b", saved(layer({"a": LARGE})))

    with pytest.raises(BadBundle, match=r"not as it says|not whole"):
        loaded(rewritten(made, lambda members: with_recipe(members, recipe, size)))


def test_a_member_that_grows_beyond_what_it_says_is_read_no_further(tmp_path: Path) -> None:
    made = bundle(tmp_path / "b", saved(layer({"a": LARGE})))
    name = f"blobs/{sha256(LARGE).hexdigest()}"
    rewritten(made, lambda members: members.update({name: bytes(300 * MB)}))

    tracemalloc.start()
    with pytest.raises(BadBundle, match="another checksum"):
        loaded(made)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 20 * MB


# -- how it is written --------------------------------------------------------------------------


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file grows beyond this meanwhile, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


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
        with written_whole(tmp_path / "b") as file:
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
    with written_whole(tmp_path / "b") as file:
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
