"""Finds what stands for a layer that others published, and keeps it as code is kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.changes.settings import UNZIPPED_LIMIT_BYTES
from lambda_emu.model.function.function import Artifact
from lambda_emu.model.layers.refusals import LayerVersionUnknown
from lambda_emu.model.layers.sources import LayerSource
from lambda_emu.notices import Notices
from lambda_emu.public_layers.known import Contents, ForFunction, contents_of, contents_of_package, is_known
from lambda_emu.store.code.artifacts import Artifacts

if TYPE_CHECKING:
    from lambda_emu.sandbox.building.cache import Cache

log = logging.getLogger(__name__)

FETCH_LIMIT_S = 300.0
"""What a registry does not give in this time is given up; a client of ours waits no longer than its own limit."""
UNSURE = "which release version {} of the layer has is not known; this is taken for it"


class PublicLayers:
    """On workers, which it blocks. sources: what a setting says, which goes before what is known."""

    def __init__(self, artifacts: Artifacts, cache_dir: Path, sources: Sequence[LayerSource]) -> None:
        self.sources = sources
        self._artifacts = artifacts
        self._cache_dir = cache_dir
        self._notices = Notices()
        self._lock = Lock()  # guards the two below, and is not held while anything is fetched
        self._fetching: list[Cache] = []
        self._is_closed = False

    def knows(self, arn: str) -> bool:
        """Whether something stands for it."""
        return is_known(arn, self.sources)

    def find(self, arn: str, function: ForFunction) -> Artifact | None:
        """What stands for this layer version; None: nothing does.

        LayerVersionUnknown, with a hint, where it cannot be had.
        """
        source = next((one for one in self.sources if one.stands_for(arn)), None)
        if source is not None and not source.is_package:
            return self._keep(arn, Path(source.what))
        contents = contents_of(arn, function) if source is None else contents_of_package(source, function)
        return None if contents is None else self._fetch(arn, contents)

    def close(self) -> None:
        """What is being fetched is given up, and nothing more is."""
        with self._lock:
            self._is_closed = True
            fetching = [*self._fetching]
        for cache in fetching:
            cache.close()

    def _keep(self, arn: str, path: Path) -> Artifact:
        try:
            if path.is_dir():
                return self._artifacts.add_folder(path)
            return self._artifacts.add_zip(path, UNZIPPED_LIMIT_BYTES)
        except (LambdaError, OSError, ValueError) as error:
            raise self._refusal(arn, f"{path}: {error}") from error

    def _fetch(self, arn: str, contents: Contents) -> Artifact:
        from lambda_emu.public_layers.fetching import layer_zip  # here: most servers have no layer of others
        from lambda_emu.sandbox.base import SandboxError

        if not contents.is_sure:
            number = arn.rpartition(":")[2]
            self._notices.tell(f"{arn}: {contents.title}: {UNSURE.format(number)}")
        limit = _Limit()
        try:
            with self._cache(limit) as cache:
                path = layer_zip(contents, cache, _FirstLine(arn), self._notices.tell)
                return self._artifacts.add_zip(path, UNZIPPED_LIMIT_BYTES)
        except (SandboxError, LambdaError, OSError) as error:
            why = f"it took longer than {FETCH_LIMIT_S:g} s" if limit.is_over else error
            raise self._refusal(arn, f"{contents.title} cannot be had: {why}") from error

    @contextmanager
    def _cache(self, limit: _Limit) -> Iterator[Cache]:
        """For one fetch, which ends in time or when we close."""
        from lambda_emu.sandbox.building.cache import Cache

        cache = Cache(self._cache_dir)
        timer = Timer(FETCH_LIMIT_S, limit.end, [cache])
        timer.daemon = True
        with self._lock:
            self._fetching.append(cache)
            if self._is_closed:
                cache.close()
        timer.start()
        try:
            yield cache
        finally:
            timer.cancel()
            with self._lock:
                self._fetching.remove(cache)

    def _refusal(self, arn: str, why: str) -> LayerVersionUnknown:
        refusal = LayerVersionUnknown(arn)
        refusal.hint = why
        self._notices.tell(f"{arn}: {why}")
        return refusal


class _Limit:
    """Ends a fetch in the words of a server that ends, so who tells of it must know which it was."""

    def __init__(self) -> None:
        self.is_over = False

    def end(self, cache: Cache) -> None:
        self.is_over = True
        cache.close()


class _FirstLine:
    """Nobody is to wait and not know for what; how it goes on is for those who ask for details."""

    def __init__(self, arn: str) -> None:
        self._arn: str | None = arn

    def __call__(self, line: str) -> None:
        if self._arn is None:
            log.info("%s", line)
        else:
            log.warning("for %s, once: %s", self._arn, line)
        self._arn = None
