"""A Java of this machine in the process sandbox, with AWS's client, however much the kernel isolates."""

from __future__ import annotations

from pathlib import Path

import pytest
from languages.java import JAVA
from packages import runtime_of_machine
from process_rig import ISOLATIONS, Bench


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_java_of_the_machine_has_awss_client(isolation: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    runtime = runtime_of_machine("java")
    code = JAVA.files(pytestconfig)
    bench = Bench(isolation, tmp_path)

    try:
        sandbox = bench.sandbox(code, runtime=runtime)
        found = bench.invoke(sandbox, "fn.Forms::jvm", {})
    finally:
        bench.close()

    place = {"none": str(tmp_path)}.get(isolation, "/var/runtime/lib/")
    assert found["java"] == runtime.removeprefix("java").partition(".")[0]
    assert (found["home"] == "/var/lang") == (isolation != "none")
    assert all(path.startswith(place) for path in found["native"])  # each has its own, and /tmp none
    assert found["native"]
    assert 0 < found["heap"] <= 512 * 870 * 1024
    assert found["collectors"] == ["Copy", "MarkSweepCompact"]
    assert found["authorities"] > 50


def test_on_amazon_linux_2_java_writes_utf_8_whatever_locales_the_machine_has(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    runtime_of_machine("java")
    bench = Bench("none", tmp_path)

    try:
        sandbox = bench.sandbox(JAVA.files(pytestconfig), runtime="java17")
        found = bench.invoke(sandbox, "fn.Forms::spelled", "größe ✓")
    finally:
        bench.close()

    assert found == "UTF-8 größe ✓"
