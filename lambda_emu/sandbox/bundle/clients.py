"""The clients that functions run on without Docker go along in a bundle, as builds keep them in the cache folder."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from lambda_emu.architectures import ARCHITECTURES
from lambda_emu.disk import is_full
from lambda_emu.runtimes import Catalogue
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.part_plan import plan_part
from lambda_emu.sandbox.building.registries import unpack
from lambda_emu.sandbox.building.tool_runner import Progress
from lambda_emu.sandbox.bundle.layers import PIECE, Pieces
from lambda_emu.sandbox.bundle.manifest import BundledPart, Imported
from lambda_emu.sandbox.bundle.reader import BundleReader, open_bundle, tar_entry
from lambda_emu.sandbox.bundle.writer import BundleWriter, write_whole

WHERE = ("/var/runtime", "/var/runtime/lib")
NO_ENGINE = "no Docker engine is here, which images are for"


class Clients:
    """cache: where parts are kept, as those of images are. runtimes: whose recipes they have to be of."""

    def __init__(self, cache: Path, runtimes: Catalogue) -> None:
        self._cache = Cache(cache)
        self._runtimes = runtimes

    def present(self, architecture: str) -> list[str]:
        """The runtimes that something is here of."""
        return [one.identifier for one in self._runtimes if one.may_create and self._kept(one.identifier, architecture)]

    def export(self, path: Path, runtimes: Sequence[str], architecture: str, progress: Progress) -> list[str]:
        """Write those of these runtimes alone. Returns what they are called. SandboxError; then there is no file."""
        for runtime in runtimes:
            if not self._kept(runtime, architecture):
                raise SandboxError(f"there is no client of {runtime} here, and {NO_ENGINE}")
        with write_whole(path) as file, BundleWriter(file, path.parent) as bundle:
            for runtime in runtimes:
                progress(f"packing {_title(runtime)}")
                self.add(bundle, runtime, architecture)
        return [_title(runtime) for runtime in runtimes]

    def add(self, bundle: BundleWriter, runtime: str, architecture: str) -> None:
        """Add what is here of a runtime, which may be nothing."""
        for key, folder in self._kept(runtime, architecture).items():
            bundle.add_part(key, runtime, Pieces(_tar_of(folder)))

    def load(self, path: Path, progress: Progress) -> Iterator[Imported]:
        """Take those of a bundle, once all of it is found to be whole. BadBundle, SandboxError."""
        with open_bundle(path) as bundle:
            bundle.verify(progress)
            yield from self.take(bundle, progress)
            for image in bundle.manifest.images:
                yield Imported(image.name, refused=NO_ENGINE)

    def take(self, bundle: BundleReader, progress: Progress) -> Iterator[Imported]:
        """Those of a bundle that was verified. SandboxError."""
        ours = {
            key
            for one in self._runtimes
            for architecture in ARCHITECTURES
            for key in self._keys(one.identifier, architecture)
        }
        for part in bundle.manifest.parts:
            if part.key in ours:
                yield self._take(bundle, part, progress)
            else:
                yield Imported(_title(part.runtime), refused="this lambda-emu has another recipe of it")

    def _take(self, bundle: BundleReader, part: BundledPart, progress: Progress) -> Imported:
        if (self._cache.parts / part.key).is_dir():
            return Imported(_title(part.runtime), was_there=True)
        with self._cache.scratch("import", progress) as scratch:
            try:
                self._cache.ensure(part.key, partial(unpack, Pieces(bundle.join(part.layer))), scratch, progress)
            except (tarfile.TarError, ValueError) as error:
                raise SandboxError(f"{_title(part.runtime)} could not be kept: {error}") from error
            except OSError as error:
                where = self._cache.folder
                full = f"there is not enough room on the disk of {where}" if is_full(error) else error.strerror
                raise SandboxError(f"{_title(part.runtime)} could not be kept: {full}") from error
        return Imported(_title(part.runtime))

    def _kept(self, runtime: str, architecture: str) -> dict[str, Path]:
        found = {key: self._cache.parts / key for key in self._keys(runtime, architecture)}
        return {key: folder for key, folder in found.items() if folder.is_dir()}

    def _keys(self, runtime: str, architecture: str) -> list[str]:
        known = self._runtimes.get(runtime)
        parts = {} if known is None or known.recipe is None else known.recipe.parts[architecture]
        clients = [parts[path] for path in WHERE if path in parts]
        return [plan_part(part, architecture, self._runtimes.folder).key for part in clients]


def _title(runtime: str) -> str:
    return f"client of {runtime}"


def _tar_of(folder: Path) -> Iterator[bytes]:
    """A tar of the files in a folder of ours, which has nothing else. The same folder makes the same tar."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        with path.open("rb") as file:
            size, may_run = path.stat().st_size, bool(path.stat().st_mode & 0o100)
            yield from tar_entry(
                f"part/{path.relative_to(folder)}", size, iter(partial(file.read, PIECE), b""), may_run
            )
    yield bytes(1024)
