"""Absolute links in zips: they lead where they would on Lambda, and never to a file of this machine."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from urllib.request import urlopen

from lam import ROLE, Lam
from zip_rig import LINK, Raw, raw_zip

READER = b"""
import os
def handler(event, context):
    open("/tmp/made", "w").write("made by the function")
    return {name: open(name).read() if os.path.exists(name) else None for name in event}
"""


def test_absolute_links_lead_to_places_of_the_environment_alone(lam: Lam, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of this machine")
    layer = lam.client.publish_layer_version(
        LayerName="linked",
        Content={"ZipFile": raw_zip(Raw(b"words", b"of the layer"), Raw(b"app", b"/var/task/own", LINK))},
    )
    links = {
        b"opt": b"/opt/words",
        b"tmp": b"/tmp/made",
        b"out": str(tmp_path / "secret").encode(),
        b"back": b"/opt/app",
    }
    code = raw_zip(
        Raw(b"app.py", READER), Raw(b"own", b"of the task"), *[Raw(name, to, LINK) for name, to in links.items()]
    )

    made = lam.client.create_function(
        FunctionName="linked",
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": code},
        Layers=[layer["LayerVersionArn"]],
    )
    lam.wait_until_active("linked")
    try:
        answer = lam.invoke("linked", ["opt", "tmp", "out", "back"])
        location = lam.client.get_function(FunctionName="linked")["Code"]["Location"]
        with urlopen(location, timeout=30) as kept:
            assert kept.read() == code
    finally:
        lam.client.delete_function(FunctionName="linked")
        lam.client.delete_layer_version(LayerName="linked", VersionNumber=layer["Version"])

    assert answer.payload == {
        "opt": "of the layer", "tmp": "made by the function", "out": None, "back": "of the task"
    }  # fmt: skip
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
