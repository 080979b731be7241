"""The zip of a function whose source stands in a template, as CloudFormation makes it: with its `cfn-response`."""

from __future__ import annotations

import io
import zipfile

PYTHON = '''"""Tells CloudFormation what came of a custom resource."""

import json
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    log_stream = context.log_stream_name
    body = json.dumps(
        {
            "Status": responseStatus,
            "Reason": reason or f"See the details in CloudWatch Log Stream: {log_stream}",
            "PhysicalResourceId": physicalResourceId or log_stream,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "NoEcho": noEcho,
            "Data": responseData,
        }
    ).encode()
    asked = urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        print("Status code:", answer.status)
'''
NODE = """// Tells CloudFormation what came of a custom resource.
const url = require("url");

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const asked = url.parse(event.ResponseURL);
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  const options = { hostname: asked.hostname, port: asked.port, path: asked.path, method: "PUT", headers };
  const client = require(asked.protocol === "http:" ? "http" : "https");
  return new Promise((resolve, reject) => {
    const request = client.request(options, (answer) => {
      answer.resume();
      console.log("Status code: " + answer.statusCode);
      resolve(context.done());
    });
    request.on("error", (error) => {
      console.log("send(..) failed: " + error);
      reject(context.done(error));
    });
    request.end(body);
  });
};
"""


def inline_zip(source: str, runtime: str) -> bytes:
    """What answers custom resources is beside the source where that names it."""
    is_python = runtime.startswith("python")
    files = {"index.py" if is_python else "index.js": source}
    if is_python and "cfnresponse" in source:
        files["cfnresponse.py"] = PYTHON
    if not is_python and "cfn-response" in source:
        files["cfn-response.js"] = NODE
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return packed.getvalue()
