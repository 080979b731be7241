"""What somebody who installs the package is told about it."""

from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

ROOT = Path(__file__).parents[2]


def test_the_package_names_its_license() -> None:
    built = ProjectMetadata(str(ROOT), PluginManager()).core

    assert (built.license_expression, built.license_files) == ("Apache-2.0", ["LICENSE"])
    assert "Apache License" in (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("name", ["LICENSE", "CONTRIBUTING.md", "SECURITY.md"])
def test_the_readme_leads_to_the_license_and_to_how_one_takes_part(name: str) -> None:
    assert f"]({name})" in (ROOT / "README.md").read_text()
    assert (ROOT / name).stat().st_size > 0
