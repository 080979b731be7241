"""A damaged, cut, foreign or hostile bundle is refused whole."""

from __future__ import annotations

import json
import os
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from bundle_rig import LARGE, MB, bundle, layer, loaded, saved

from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.bundle.layers import LITERAL, REFERENCE
from lambda_emu.sandbox.bundle.manifest import MANIFEST, BadBundle
from lambda_emu.sandbox.bundle.reader import open_bundle


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


def test_a_bundle_whose_table_of_contents_was_damaged_is_refused(tmp_path: Path) -> None:
    """There names, sizes and places are: of each byte every value that Python's zipfile has a word of its own for."""
    made = bundle(tmp_path / "b", saved(layer({"a": b"small"})))
    whole = made.read_bytes()
    refused = 0

    for at in range(whole.index(b"PK\x01\x02"), len(whole)):
        for value in {0, 0x7F, 0xFF, whole[at] ^ 1} - {whole[at]}:
            made.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            try:
                loaded(made)
            except BadBundle:
                refused += 1

    assert refused > 500


def test_a_bundle_that_changes_once_it_was_found_whole_is_refused(tmp_path: Path) -> None:
    made = bundle(tmp_path / "b", saved(layer({"a": LARGE})))
    with open_bundle(made) as reader:
        reader.verify(lambda _: None)
        made.write_bytes(bytes(made.stat().st_size))

        with pytest.raises(BadBundle, match="is damaged"):
            list(reader.save(reader.manifest.images[0]))


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A bundle whose members somebody has changed, as a zip in good order."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)
    return path


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


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": 1}', b'{"made_by": "\xff"}', b'{"format": "x", "made_by": 1}']
)
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
    manifest = json.loads(members[MANIFEST])
    manifest["images"][0]["layers"][0] |= {"recipe": add(members, manifest, recipe), "size": size}
    members[MANIFEST] = json.dumps(manifest).encode()


def add(members: dict[str, bytes], manifest: dict[str, Any], content: bytes) -> str:
    digest = sha256(content).hexdigest()
    members[f"blobs/{digest}"] = content
    manifest["members"][digest] = len(content)
    return digest


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
        (bytes([LITERAL]) + (2 * MB).to_bytes(8, "big") + bytes(2 * MB), 2 * MB),
        (b"\7" * 9, 1),
        (b"\0\0", 1),
    ],
    ids=["too often", "too large", "cut", "not there", "endless", "short", "long", "no kind", "no head"],
)
def test_a_layer_that_would_be_another_than_it_says_is_refused(tmp_path: Path, recipe: bytes, size: int) -> None:
    made = bundle(tmp_path / "b", saved(layer({"a": LARGE})))

    with pytest.raises(BadBundle, match=r"not as it says|not whole"):
        loaded(rewritten(made, lambda members: with_recipe(members, recipe, size)))


def grown(members: dict[str, bytes]) -> None:
    members[MANIFEST] += b" " * 64 * MB


def beyond_lambdas_images(members: dict[str, bytes]) -> None:
    times = 10 * 1024**3 // len(LARGE) + 1
    with_recipe(members, reference(LARGE, len(LARGE)) * times, times * len(LARGE))


def described_at_length(members: dict[str, bytes]) -> None:
    manifest = json.loads(members[MANIFEST])
    manifest["images"][0]["config"] = add(members, manifest, b'{"architecture": "amd64"}' + b" " * 2 * MB)
    members[MANIFEST] = json.dumps(manifest).encode()


def not_described(members: dict[str, bytes]) -> None:
    manifest = json.loads(members[MANIFEST])
    manifest["images"][0]["config"] = "0" * 64
    members[MANIFEST] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (grown, "has a manifest that is too large"),
        (beyond_lambdas_images, "has an image lambda-emu/test:0 that is larger than 10 GB, or not whole"),
        (described_at_length, "has an image lambda-emu/test:0 that is larger than 10 GB, or not whole"),
        (not_described, "has an image lambda-emu/test:0 that is larger than 10 GB, or not whole"),
    ],
)
def test_what_is_larger_than_anything_we_make_is_refused(
    tmp_path: Path, change: Callable[[dict[str, bytes]], None], says: str
) -> None:
    made = bundle(tmp_path / "b", saved(layer({"a": LARGE})))

    with pytest.raises(BadBundle, match=says):
        loaded(rewritten(made, change))


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
