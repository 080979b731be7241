"""A template whose function is an image that says no ImageUri. examples/projects/README.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from image_rig import LABEL, ImageRig
from own import own_emulator
from sam_projects_rig import PROJECTS, ask, serve_at
from waiting import Eventually

pytestmark = pytest.mark.docker

IMAGE = "coloursfunction:v1"
"""As the project's README says it."""


@pytest.fixture
def built() -> Iterator[str]:
    """Its Dockerfile, upon the image of Python that is here."""
    rig = ImageRig()
    base = rig.image("python3.11")
    context = str(PROJECTS / "image" / "colours")
    rig.client.images.build(path=context, buildargs={"BASE": base}, tag=IMAGE, labels={LABEL: ""}, rm=True)
    yield IMAGE
    rig.forget(IMAGE)
    rig.client.close()


@pytest.mark.usefixtures("built")
def test_without_builds_a_template_with_a_dockerfile_runs_the_image_that_sam_build_makes(
    tmp_path: Path, eventually: Eventually
) -> None:
    assert f"docker build -t {IMAGE}" in (PROJECTS / "README.md").read_text()
    with own_emulator(tmp_path, "docker", stems=0, ephemeral="true", pull_images=False, build="false") as lam:
        told = serve_at(lam, tmp_path, eventually)("image").told

        assert ask(f"{told['ColoursApi']}ff0000") == (200, {"colour": "red"})
        assert ask(f"{told['ColoursApi']}123456") == (404, {"colour": None})
