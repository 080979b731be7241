"""Code that lies in S3 runs, function and layer. docs/contract/api.md#configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lam import ROLE, zipped
from own import own_emulator
from s3_rig import BUCKET, s3_served

from lambda_emu.server import Emulator

CODE = "import words\ndef handler(event, context):\n    return words.hello"


def test_code_and_layers_from_s3_run(emulator: Emulator, tmp_path: Path) -> None:
    with (
        s3_served() as s3,
        own_emulator(tmp_path, emulator.settings.engine, s3_endpoint=s3.url, stems=0, pull_images=False) as lam,
    ):
        s3.put("app.zip", zipped({"app.py": CODE}))
        s3.put("words.zip", zipped({"python/words.py": "hello = 'Bonjour'"}))
        layer = lam.client.publish_layer_version(LayerName="words", Content=stored_at("words.zip"))

        lam.client.create_function(
            FunctionName="says",
            Runtime="python3.11",
            Handler="app.handler",
            Role=ROLE,
            Code=stored_at("app.zip"),
            Layers=[layer["LayerVersionArn"]],
        )
        lam.wait_until_active("says")

        assert lam.invoke("says").payload == "Bonjour"


def stored_at(key: str) -> Any:
    return {"S3Bucket": BUCKET, "S3Key": key}
