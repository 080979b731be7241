"""What a project declares is there once its server has started, wherever services are served, and after a restart."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from boto_rig import client_at
from own import own_emulator, serve, served
from project_events_rig import HEAR, Account
from silence import silent_server
from waiting import Eventually


def test_a_restart_finds_what_was_kept_and_makes_again_what_was_not(tmp_path: Path, eventually: Eventually) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(HEAR)
    kept = []
    for life in ("first", "second"):
        with own_emulator(tmp_path, "process", stems=0) as lam:
            account = Account(lam, tmp_path)
            done = account.deploy("", "- s3: everything\n- sqs: jobs\n- sns: news\n- http: GET /\n- url: NONE")
            account.client("s3").put_object(Bucket="everything", Key=f"the-{life}", Body=b"x")
            account.client("sns").publish(TopicArn="arn:aws:sns:us-east-1:000000000000:news", Message=f"news-{life}")

            assert (done == set()) == (life == "second")  # its start found all of it
            assert account.heard(eventually, f"the-{life}")
            assert account.heard(eventually, f"news-{life}")
            (mapping,) = lam.client.list_event_source_mappings()["EventSourceMappings"]
            kept.append((mapping["UUID"], dict(lam.emulator.addresses)["URL of hear"].rpartition("/url/")[2]))
    assert kept[0] == kept[1]


def test_a_queue_is_made_where_queues_are_served(tmp_path: Path, eventually: Eventually) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    (ours / "src").mkdir(parents=True)
    (ours / "src" / "app.py").write_text(HEAR)
    with (
        served(theirs, "process") as other,
        own_emulator(ours, "process", stems=0, service=f"sqs={other.url}") as lam,
    ):
        account = Account(lam, ours)
        account.deploy("queues: {jobs: {visibility: 45, redrive: {queue: dead}}}", "- sqs: jobs")

        their_queues = client_at(other.url, "sqs")
        url = their_queues.get_queue_url(QueueName="jobs")["QueueUrl"]
        found = their_queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        assert found == {"VisibilityTimeout": "45"}
        their_queues.send_message(QueueUrl=url, MessageBody="from elsewhere")
        assert account.heard(eventually, "from elsewhere")
        assert account.deploy("queues: {jobs: {visibility: 45, redrive: {queue: dead}}}", "- sqs: jobs") == set()


def test_a_service_that_says_nothing_lets_the_server_say_so_and_end(tmp_path: Path, eventually: Eventually) -> None:
    (tmp_path / "lambda-emu.yaml").write_text("resources: {buckets: {photos: }}\n")
    with silent_server() as silent:
        process = serve(tmp_path, "process", "--service", f"s3={silent}")
        try:
            eventually(silent.asked, "S3 to be asked for the bucket")
            url = (tmp_path / ".lambda-emu" / "address").read_text().strip()
            with pytest.raises(HTTPError, match="503") as raised:
                urlopen(f"{url}/_lambda-emu/health", timeout=30)
            assert json.load(raised.value)["status"] == "starting"

            process.send_signal(signal.SIGTERM)

            assert process.wait(30) == 0
        finally:
            process.kill()
            process.communicate()


def test_nobody_is_asked_for_what_is_not_declared(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(HEAR)
    with own_emulator(tmp_path, "process", stems=0) as lam:
        account = Account(lam, tmp_path)
        account.deploy("queues: {jobs: {}}", "- sqs: jobs\n- url: NONE")

        assert [what for what, _ in lam.emulator.addresses] == ["URL of hear", "queue jobs"]
        assert lam.emulator.around.child.pid is None
