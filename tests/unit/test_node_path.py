"""`import` finds packages in the folders of NODE_PATH with whatever Node.js there is, older ones too."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lambda_emu.runtimes import catalogue

PRELOAD = catalogue().folder / "nodejs/runtime/preload.cjs"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js on the PATH")
@pytest.mark.parametrize(
    ("specifier", "printed"),
    [("layered", "as a module"), ("flat", "flat"), ("nowhere", "ERR_MODULE_NOT_FOUND"), ("./beside.mjs", "beside")],
)
def test_import_follows_node_path(tmp_path: Path, specifier: str, printed: str) -> None:
    package = tmp_path / "layer/node_modules/layered"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"exports": {"import": "./a.mjs", "require": "./b.cjs"}}')
    (package / "a.mjs").write_text("export default 'as a module'")
    (tmp_path / "code").mkdir()
    (tmp_path / "code/flat.js").write_text("module.exports = 'flat'")
    (tmp_path / "task").mkdir()
    (tmp_path / "task/beside.mjs").write_text("export default 'beside'")
    main = tmp_path / "task/main.mjs"
    main.write_text(f"import('{specifier}').then((m) => console.log(m.default), (e) => console.log(e.code))")
    path = os.pathsep.join(map(str, (tmp_path / "none", tmp_path / "layer/node_modules", tmp_path / "code")))

    done = subprocess.run(
        ["node", "--require", PRELOAD, main],
        env={**os.environ, "NODE_PATH": path}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.stdout == f"{printed}\n", done.stderr
