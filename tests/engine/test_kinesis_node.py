"""AWS's SDK for JavaScript as it comes: its Kinesis client speaks HTTP/2 and nothing else, and is told nothing here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packages import sdk_for_javascript

UNIT = Path(__file__).parent.parent / "unit"
PROGRAM = """
const K = require("@aws-sdk/client-kinesis");
(async () => {
  const c = new K.KinesisClient({}), StreamName = "s", ShardId = "shardId-000000000000";
  const text = (one) => Buffer.from(one.Data).toString();
  const put = (data) => c.send(new K.PutRecordCommand({ StreamName, Data: Buffer.from(data), PartitionKey: "k" }));
  await c.send(new K.CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await Promise.all(["a", "b", "c"].map(put));
  const from = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" };
  const { ShardIterator } = await c.send(new K.GetShardIteratorCommand(from));
  const read = (await c.send(new K.GetRecordsCommand({ ShardIterator }))).Records.map(text).sort();
  const { StreamARN } = (await c.send(new K.DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary;
  const { Consumer } = await c.send(new K.RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "c" }));
  const wanted = { ConsumerARN: Consumer.ConsumerARN, ShardId, StartingPosition: { Type: "LATEST" } };
  const { EventStream } = await c.send(new K.SubscribeToShardCommand(wanted));
  await put("pushed");
  const pushed = [];
  for await (const event of EventStream) {
    pushed.push(...event.SubscribeToShardEvent.Records.map(text));
    if (pushed.length) break;
  }
  const refused = await c.send(new K.DescribeStreamCommand({ StreamName: "absent" })).catch((error) => error.name);
  const protocol = c.config.requestHandler.metadata.handlerProtocol;
  console.log(JSON.stringify({ read, pushed, refused, protocol }));
  process.exit(0);
})();
"""


def test_the_sdk_for_javascript_reaches_kinesis_unconfigured(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for name, data in sdk_for_javascript(request.config, "kinesis").items():
        path = tmp_path / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "app" / "app.js").write_text(PROGRAM)
    (tmp_path / "data").mkdir()

    command = [sys.executable, str(UNIT / "kinesis_rig.py"), str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            told = {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.stdout.readline().strip()}",
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "any",
                "AWS_SECRET_ACCESS_KEY": "any",
            }
            app: dict[str, Any] = {"cwd": tmp_path / "app", "env": os.environ | told}
            ran = subprocess.run(
                ["node", "--no-warnings", "app.js"], **app, check=False, capture_output=True, text=True, timeout=60
            )
        finally:
            server.kill()

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "read": ["a", "b", "c"],
        "pushed": ["pushed"],
        "refused": "ResourceNotFoundException",
        "protocol": "h2",
    }
