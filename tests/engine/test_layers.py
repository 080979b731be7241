"""Layers of projects and of the API: merged at /opt in their order, read-only.

docs/contract/runtime.md#environment-variables, #sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from inside import PROBE, Inside
from lam import Lam, zipped
from own import own_emulator

from lambda_emu.server import Emulator

PROJECT = """
functions:
  probe:
    runtime: python3.11
    handler: app.handler
    code: probe
    layers: [first, second.zip]
  custom:
    runtime: provided.al2023
    handler: whatever
    code: nothing
    layers: [bootstrap]
"""
FIRST = {
    "only-first": "1",
    "both": "1",
    "python/mine.py": "x = 1",
    "python/ours.py": "x = 1",
    "bin/tool": "#!/bin/sh\n",
}
SECOND = {"only-second": "2", "both": "2", "python/ours.py": "x = 2", "bin/tool": "#!/bin/sh\necho second\n"}
BOOTSTRAP = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while curl -s -D /tmp/head -o /tmp/event $api/next; do
    id=$(tr -d '\\r' </tmp/head | sed -n 's/^lambda-runtime-aws-request-id: //Ip')
    printf '"%s, %s"' "$0" "$_HANDLER" | curl -s -o /dev/null --data-binary @- $api/$id/response
done
"""


@pytest.fixture(scope="module")
def layered(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lam]:
    """A project with layers, served by an emulator of its own on the engine of the others."""
    project = tmp_path_factory.mktemp("layered")
    (project / "lambda-emu.yaml").write_text(PROJECT)
    write(project / "probe", {"app.py": PROBE})
    write(project / "nothing", {"readme": "not a bootstrap"})
    write(project / "first", FIRST)
    write(project / "bootstrap", {"bootstrap": BOOTSTRAP})
    (project / "second.zip").write_bytes(zipped(SECOND))
    with own_emulator(project, emulator.settings.engine, stems=0, pull_images=False) as lam:
        for name in ("probe", "custom"):
            lam.wait_until_active(name)
        yield lam


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def test_later_layers_win_and_earlier_ones_show_through(layered: Lam) -> None:
    if not layered.emulator.engine.abilities.isolates_files:
        pytest.skip("without mount namespaces there is no /opt to look at")
    inside = Inside(layered, "probe")

    assert inside.run("result = [open('/opt/' + name).read() for name in ('only-first', 'only-second', 'both')]") == [
        "1",
        "2",
        "2",
    ]


def test_layers_bring_modules_and_programs(layered: Lam) -> None:
    inside = Inside(layered, "probe")

    assert inside.run("import mine, ours; result = [mine.x, ours.x]") == [1, 2]
    assert inside.run("import subprocess; result = subprocess.check_output('tool').decode()") == "second\n"


def test_layers_are_read_only(layered: Lam) -> None:
    if not layered.emulator.engine.abilities.isolates_files:
        pytest.skip("without mount namespaces the layers are copies, which may be written")
    inside = Inside(layered, "probe")

    assert "Read-only" in inside.invoke("open('/opt/both', 'w')").payload["errorMessage"]


def test_a_layer_can_be_a_whole_runtime(layered: Lam) -> None:
    answer = layered.invoke("custom")

    assert answer.error is None
    if layered.emulator.engine.abilities.isolates_files:
        assert answer.payload == "/opt/bootstrap, whatever"
    assert layered.invoke("custom").payload == answer.payload


def test_what_was_published_is_there_until_the_function_lets_it_go(lam: Lam) -> None:
    words = zipped({"python/words.py": "hello = 'Bonjour'"})
    published = lam.client.publish_layer_version(LayerName="words", Content={"ZipFile": words})
    arn = published["LayerVersionArn"]
    says = "import words\ndef handler(event, context):\n    return words.hello"

    lam.create("says", says, Layers=[arn])
    lam.client.delete_layer_version(LayerName="words", VersionNumber=published["Version"])

    assert lam.invoke("says").payload == "Bonjour"
    lam.update("says", says + " + '!'")
    assert lam.invoke("says").payload == "Bonjour!"
    lam.update("says", Layers=[])
    assert lam.invoke("says").error == "Unhandled"
