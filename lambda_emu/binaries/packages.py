"""Packages that came for another version of the language, or not at all: by pip and Bundler of whoever's machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lambda_emu.binaries.scan import Code, names_in
from lambda_emu.runtimes import Runtime
from lambda_emu.store.code.beneath import open_beneath

MODULE = re.compile(r"(.+)\.cpython-(\d)(\d+)t?-[^/]+\.so")
GEM = re.compile(r"""^gem[ (]+['"]([\w-]+)['"](?!.*\bgroup)""", re.MULTILINE)
"""Those of groups are indented."""
OF_LAMBDA = "aws-sdk"
GEMFILE_BYTES = 64 * 1024


def wrong_packages(runtime: Runtime, codes: Sequence[Code], wheels: str) -> Iterator[str]:
    """wheels: what one types for those of the runtime."""
    if runtime.family == "python":
        yield from _other_python(runtime, codes, wheels)
    elif runtime.family == "ruby":
        yield from _other_ruby(runtime, codes)


def _other_python(runtime: Runtime, codes: Sequence[Code], wheels: str) -> Iterator[str]:
    """Compiled modules of which none is for the runtime's version."""
    version = runtime.identifier.removeprefix("python")
    made_for: dict[str, set[str]] = {}
    for code in codes:
        for binary in code.binaries:
            if found := MODULE.fullmatch(binary.name):
                made_for.setdefault(found[1], set()).add(f"{found[2]}.{found[3]}")
    others = {name: sorted(versions) for name, versions in made_for.items() if version not in versions}
    if others:
        name, versions = next(iter(others.items()))
        more = f" and {len(others) - 1} more are" if len(others) > 1 else " is"
        yield (
            f"{name}{more} compiled for Python {versions[0]}, and the function is for {runtime.identifier}: "
            f"{wheels.replace('pip install', f'pip install --python-version {version}')}"
        )


def _other_ruby(runtime: Runtime, codes: Sequence[Code]) -> Iterator[str]:
    version = f"{runtime.identifier.removeprefix('ruby')}.0"
    places = [(codes[0], "vendor/bundle/ruby"), *((layer, "ruby/gems") for layer in codes[1:])]
    there = [(f"{code.shown}/{below}", names_in(code.folder, below)) for code, below in places]
    for shown, versions in there:
        if versions and version not in versions:
            yield (
                f"{shown} has gems for Ruby {versions[0]}, and {runtime.identifier} looks into {shown}/{version}: "
                f"bundle install with Ruby {version.removesuffix('.0')}"
            )
    gems = [gem for gem in _gems(codes[0].folder) if not gem.startswith(OF_LAMBDA)]
    if gems and not any(versions for _, versions in there):
        yield (
            f"the Gemfile names {gems[0]}, and neither the code nor a layer has gems: "
            "bundle config set --local path vendor/bundle && bundle install"
        )


def _gems(folder: Path) -> list[str]:
    try:
        descriptor = open_beneath(folder, "Gemfile")
    except OSError:
        return []
    try:
        return GEM.findall(os.pread(descriptor, GEMFILE_BYTES, 0).decode(errors="replace"))
    finally:
        os.close(descriptor)
