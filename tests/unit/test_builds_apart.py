"""Where `lambda-emu build --output` puts nothing: over code, into code, over what others put there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.builds.output import NoOutput, Output


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "project/src"
    (folder / "sub").mkdir(parents=True)
    (folder / "app.py").write_text("")
    return folder


@pytest.mark.parametrize("output", [".", "out", "deep/er", "sub/../out"])
def test_nothing_is_put_into_code(code: Path, output: str) -> None:
    with pytest.raises(NoOutput, match=r"is in .*src, which is code: name a folder elsewhere by --output"):
        Output(code / output, {"Greet": code})

    assert sorted(path.name for path in code.iterdir()) == ["app.py", "sub"]


def test_links_are_followed_before_that_is_asked(code: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(code)

    with pytest.raises(NoOutput, match="which is code"):
        Output(tmp_path / "link/out", {"Greet": code})


@pytest.mark.parametrize("name", [".aws-sam", ".lambda-emu", "sub/.git"])
def test_what_is_no_code_in_a_folder_of_code_is_as_good_as_elsewhere(code: Path, name: str) -> None:
    put = Output(code / name / "made", {"Greet": code}).put("Greet", code)

    assert sorted(path.name for path in put.iterdir()) == ["app.py", "sub"]


def test_code_is_not_removed_for_what_is_built_of_it(code: Path) -> None:
    with pytest.raises(NoOutput, match="src has code in it that is to be built"):
        Output(code.parent, {"src": code / "sub"})


def test_what_others_put_there_stays(code: Path, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made/mine").write_text("")

    with pytest.raises(NoOutput, match=r"made holds other files \(mine\), which lambda-emu did not put there"):
        Output(tmp_path / "made", {"Greet": code})

    (tmp_path / "made/mine").unlink()
    for _ in range(2):
        Output(tmp_path / "made", {"Greet": code}).put("Greet", code)


@pytest.mark.parametrize("name", ["../elsewhere", "/elsewhere", "..", "a//b", "", "a\0b"])
def test_no_name_leads_out_of_it(code: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(NoOutput, match="names no folder below --output"):
        Output(tmp_path / "made", {name: code})


def test_none_is_put_into_another(code: Path, tmp_path: Path) -> None:
    with pytest.raises(NoOutput, match="'Shop' and 'Shop/Greet' would be in one folder"):
        Output(tmp_path / "made", {"Shop": code, "Shop/Greet": code})
