"""Builds code, several at once, and keeps what was built by its content.

Light, as each start with a template asks whether something is to be built. What builds is imported where it is.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from lambda_emu.builds.bounded import Bounded, Bounds
from lambda_emu.builds.fingerprint import LEFT_OUT, fingerprint, hash_of
from lambda_emu.builds.methods import LIBRARY, MAKE, METHODS, PIP, Method, choose
from lambda_emu.builds.requirements import REQUIREMENTS, named
from lambda_emu.builds.source import BuildFailed, BuiltImage, ImageSource, Source
from lambda_emu.errors.code import UnzippedTooLarge
from lambda_emu.model.changes.settings import UNZIPPED_LIMIT_BYTES
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.cache import Cache
from lambda_emu.sandbox.building.tool_runner import Progress, unheard

if TYPE_CHECKING:
    from lambda_emu.builds.images import ImageBuilds

FORMAT = 1
"""Goes up where what is built of the same code changes."""
AT_ONCE = 4
MOST_KEPT = 64
"""Builds: each change of code makes one. Those that whoever builds has asked for stay, however many."""
JUST_USED_S = 3600.0
"""What was used so lately stays too: another process may be about to take it."""

Built = Path | BuiltImage | BuildFailed


class Builder:
    """One a server. From any thread; `close` ends what is being built.

    bounds: of each tool that builds. progress: hears a line where something is built, and nothing of what is kept.
    """

    def __init__(self, cache: Path, bounds: Bounds, progress: Progress, *, has_images: bool = False) -> None:
        """has_images: images are built too; else a function's is what the engine has under its name."""
        self._cache = Cache(cache, "code")
        self._tools = Bounded(self._cache.tools, bounds)
        self._has_images = has_images
        self._progress = progress
        self._lock = Lock()  # guards _asked and _images; bookkeeping only
        self._asked: set[str] = set()
        self._images: ImageBuilds | None = None

    def close(self) -> None:
        self._cache.close()

    def build(self, sources: Sequence[Source | ImageSource]) -> list[Built | None]:
        """For each the folder of its built code, or its image, or why there is none; None: it is whole as it lies."""
        if not sources:
            return []
        workers = ThreadPoolExecutor(min(AT_ONCE, len(sources), os.cpu_count() or 1), "build")
        try:
            known: dict[Path, str] = {}
            asked: list[Future[Built | None]] = [workers.submit(self._build, source, known) for source in sources]
            return [one.result() for one in asked]
        except BaseException:
            self.close()  # told to stop: nothing is waited for
            raise
        finally:
            workers.shutdown(cancel_futures=True)

    def _build(self, source: Source | ImageSource, known: dict[Path, str]) -> Built | None:
        """known: what code is known by, as many functions may have the same."""
        try:
            if isinstance(source, ImageSource):
                return self._image_builds().build(source) if self._has_images else None
            method = choose(source)
            if method is None:
                return None
            if source.folder not in known:
                known[source.folder] = fingerprint(source.folder)
            return self._built(source, method, _key(source, method, known[source.folder]))
        except BuildFailed as error:
            return error
        except (SandboxError, OSError, shutil.Error) as error:
            return BuildFailed(source, str(error))

    def _image_builds(self) -> ImageBuilds:
        from lambda_emu.builds.images import ImageBuilds

        with self._lock:
            if self._images is None:
                self._images = ImageBuilds(self._cache.tools, self._tools.bounds.limit_s, self._progress)
            return self._images

    def _built(self, source: Source, method: Method, key: str) -> Path:
        def make(folder: Path, scratch: Path) -> None:
            if method.name == PIP:
                self._make_by_pip(source, folder)
            else:
                from lambda_emu.builds.workflows import run_workflow

                run_workflow(source, method, folder, scratch, self._tools)

        return self._ensure(key, make, source, f"{source.name} is built by {method.name}")

    def _make_by_pip(self, source: Source, folder: Path) -> None:
        """What is the code's own goes before what is installed, which is linked: many copies would take much room."""
        inside = folder / METHODS[PIP].subfolder if source.is_layer else folder
        copy = _Copy(source)
        shutil.copytree(source.folder, inside, symlinks=True, dirs_exist_ok=True, ignore=_left_out, copy_function=copy)
        shutil.copytree(self._packages(source), inside, dirs_exist_ok=True, copy_function=_link)

    def _packages(self, source: Source) -> Path:
        """Kept apart from the code that needs them, which changes more often."""
        key = hash_of([FORMAT, "packages", source.runtime, source.architecture, *_required(source)])
        what = f"{source.name}: pip installs {REQUIREMENTS} for {source.runtime} on {source.architecture}"

        def make(folder: Path, scratch: Path) -> None:
            from lambda_emu.builds import pip

            pip.install(source, folder, scratch, self._tools, self._progress)

        return self._ensure(key, make, source, what)

    def _ensure(self, key: str, make: Callable[[Path, Path], None], source: Source, what: str) -> Path:
        with self._lock:
            self._asked.add(key)
        kept = self._cache.parts / key
        if kept.is_dir():
            with suppress(OSError):  # another user's
                os.utime(kept)
            return kept
        with self._cache.scratch(f"code-{key[:16]}", unheard) as scratch:

            def fill(folder: Path) -> None:
                self._progress(what)
                make(folder, scratch)

            made = self._cache.ensure(key, fill, scratch, unheard)
        self._forget_oldest()
        return made

    def _forget_oldest(self) -> None:
        """Of too many; what was used last stays."""
        with self._lock:
            asked = {*self._asked}
        with suppress(OSError):
            used_s = {one: one.stat().st_mtime for one in self._cache.parts.iterdir()}
            kept = sorted(used_s, key=lambda one: used_s[one])
            for old in kept[:-MOST_KEPT]:
                if old.name not in asked and used_s[old] < used_s[kept[-1]] - JUST_USED_S:
                    shutil.rmtree(old, ignore_errors=True)


class _Copy:
    """Copies files, as many bytes as Lambda takes; BuildFailed."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._room = UNZIPPED_LIMIT_BYTES

    def __call__(self, source: str, target: str) -> None:
        self._room -= os.stat(source, follow_symlinks=False).st_size
        if self._room < 0:
            raise BuildFailed(self._source, str(UnzippedTooLarge()))
        shutil.copy2(source, target, follow_symlinks=False)


def _required(source: Source) -> list[str]:
    """What packages are known by: all that says which they are, wherever it is."""
    file = source.folder / REQUIREMENTS
    return [fingerprint(one) for one in (file, *sorted(named(file)))]


def _key(source: Source, method: Method, content: str) -> str:
    """Of all that a build is made of."""
    by = method.name if method.workflow is None else f"{method.name} {_library_version()}"
    options: Mapping[str, object] = dict(source.options)
    target = source.name if method.name == MAKE else ""
    told = [source.runtime, source.architecture, source.handler, source.is_layer, options, target]
    return hash_of([FORMAT, by, *told, content, *(_required(source) if method.name == PIP else ())])


def _library_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(LIBRARY)
    except PackageNotFoundError:
        return ""


def _left_out(_: str, names: list[str]) -> set[str]:
    return set(names) & LEFT_OUT


def _link(source: str, target: str) -> None:
    """What is there already stays: it is the code's own."""
    with suppress(FileExistsError):
        os.link(source, target)
