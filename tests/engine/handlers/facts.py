"""What a Python of Lambda has, each by a name."""

import contextlib
import importlib
import importlib.util
import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import threading


def handler(event, context):
    return globals()[f"see_{event['see']}"](event)


def see_versions(event):
    import boto3
    import runtime_client

    versions = {"python": list(sys.version_info[:2]), "boto3": boto3.__version__, "path": sys.path}
    client = [name for name in os.listdir("/var/runtime") if name.startswith("awslambdaric-")]
    return {
        **versions,
        "client": client,
        "compiled": runtime_client.__file__,
        "region": boto3.client("s3").meta.region_name,
    }


def see_lacking(event):
    """Those of the standard library, and of the modules that are named, that cannot be imported; and why."""
    lacking = {}
    for name in {*getattr(sys, "stdlib_module_names", ()), *event["also"]} - {"antigravity", "this"}:
        try:
            importlib.import_module(name)
        except ImportError as error:
            lacking[name] = str(error)
    return lacking


def see_installed(event):
    """What pip makes of a wheel in the code, and which tools for that are there as modules."""
    target = ["--target", "/tmp/installed", "/var/task/demo-1.0-py3-none-any.whl"]
    done = subprocess.run(["pip", "install", "--no-index", *target], capture_output=True, text=True, check=False)
    sys.path.append("/tmp/installed")
    tools = [name for name in ("pip", "setuptools", "pkg_resources") if importlib.util.find_spec(name)]
    return {"word": importlib.import_module("demo").word, "tools": tools} if done.returncode == 0 else done.stderr


def see_compiled(event):
    import numpy
    import pydantic_core

    return {
        "sum": int(numpy.linalg.inv(numpy.array([[2.0, 0], [0, 4.0]])).sum() * 100),
        "numpy": numpy.__file__,
        "decoded": pydantic_core.from_json(b'{"a": 1}'),
        "pydantic_core": pydantic_core._pydantic_core.__file__,
    }


def see_trust(event):
    """Whether a server of this process with the certificate in the code is trusted, and how many authorities are."""
    context = ssl.create_default_context()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain("/var/task/server.pem")
    return {"authorities": len(context.get_ca_certs()), "server": _ask(server, context)}


def _ask(server, context):
    def serve():
        plain, _ = listening.accept()
        with contextlib.suppress(OSError), server.wrap_socket(plain, server_side=True) as asked:
            asked.sendall(b"trusted")  # unless whoever asks does not trust us

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with socket.create_connection(listening.getsockname()) as plain:
                return _first_words(context.wrap_socket(plain, server_hostname="localhost"))
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
        finally:
            thread.join(5)


def _first_words(connection):
    with connection:
        return connection.recv(7).decode()


def see_surroundings(event):
    import ctypes
    import datetime
    import locale
    import time
    import zoneinfo

    summer = datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    return {
        "length": ctypes.CDLL(None).strlen(b"four"),
        "offset": summer.utcoffset().total_seconds(),
        "zone": time.tzname[0],
        "encoding": [sys.getfilesystemencoding(), locale.getpreferredencoding(False).lower(), sys.stdout.encoding],
        "processes": [_ask_process(method) for method in (None, "fork", "spawn")],
        "packed": [_packs(name) for name in ("bz2", "zlib", "gzip")],
    }


def _ask_process(method):
    """method: of starting one; None for the one that this Python takes unless told."""
    processes = multiprocessing.get_context(method)
    ours, theirs = processes.Pipe()
    child = processes.Process(target=theirs.send, args=("answer",))
    child.start()
    try:
        return ours.recv() if ours.poll(20) else "nothing"
    finally:
        child.join(5)


def _packs(name):
    module = importlib.import_module(name)
    return module.decompress(module.compress(b"a" * 1000)) == b"a" * 1000
