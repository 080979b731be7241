"""Clients of the Runtime API that are not made for us: AWS's own for Go, and whoever takes AWS at its word."""

from __future__ import annotations

import pytest
from lam import Lam
from packages import go_program

GO = """package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct{ Name string }

func handle(ctx context.Context, asked event) ([]string, error) {
	if asked.Name == "" {
		panic("nobody")
	}
	told, _ := lambdacontext.FromContext(ctx)
	return []string{"hello " + asked.Name, told.InvokedFunctionArn}, nil
}

func main() { lambda.Start(handle) }
"""
# Wants an IPv4 address, speaks HTTP/1.0 without Host, opens a connection for each request.
OLD = r"""#!/bin/sh
exec python3 -u -c '
import os, re, socket
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
address = socket.inet_ntoa(socket.inet_aton(host)), int(port)
def ask(line, body=b""):
    with socket.create_connection(address) as there:
        there.sendall(b"%s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (line, len(body), body))
        return b"".join(iter(lambda: there.recv(65536), b""))
runtime = b"/2018-06-01/runtime/invocation/"
while True:
    head, _, event = ask(b"GET " + runtime + b"next").partition(b"\r\n\r\n")
    asked = re.search(rb"(?i)lambda-runtime-aws-request-id: (\S+)", head)[1]
    ask(b"POST " + runtime + asked + b"/response", b"[%s]" % event)
'
"""


def test_a_handler_in_go_runs_with_the_client_of_aws(lam: Lam, request: pytest.FixtureRequest) -> None:
    program = go_program(request.config, GO)
    lam.create("go", {"bootstrap": program}, Runtime="provided.al2023", Handler="bootstrap")

    answers = [lam.invoke("go", {"Name": name}) for name in ("Ada", "Alan")]
    failed = lam.invoke("go", {})

    arn = lam.client.get_function_configuration(FunctionName="go")["FunctionArn"]
    assert [answer.payload for answer in answers] == [["hello Ada", arn], ["hello Alan", arn]]
    assert (failed.error, failed.payload["errorMessage"]) == ("Unhandled", "nobody")
    assert lam.invoke("go", {"Name": "Ada"}).error is None


def test_a_client_of_http_1_0_that_wants_an_ip_address_runs_a_handler(lam: Lam) -> None:
    wrapper = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/bootstrap"}}
    lam.create("old", {"bootstrap": OLD, "app.py": ""}, Environment=wrapper)

    assert [lam.invoke("old", event).payload for event in (1, {"a": 2})] == [[1], [{"a": 2}]]
