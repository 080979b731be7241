"""Serves moto until its input ends, which it does with the server, however that ends.

Its words are SOCKET FRONT-URL FOLDER, the last one empty where nothing is kept. The first line to its output says that
it serves; more of them follow, as `telling` has them. Its input begins with the key of credentials.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

from lambda_emu.model.credentials import KEY_BYTES, Issuer
from lambda_emu.services.child.program.state.journal import mark_ended

SERVES = b"serves\n"
M_MMAP_THRESHOLD, MMAP_BYTES = -3, 1024 * 1024
FORGOTTEN = ("AWS_", "MOTO_", "BOTO_", "S3_", "SF_", "TEST_", "INITIAL_NO_AUTH_")
"""A user's own settings of these are for AWS, or for another moto."""
SURROUNDINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",  # a name that we are asked by is no bucket's
    "MOTO_COGNITO_IDP_USER_POOL_ENABLE_TOTP": "true",  # else any code of an app would do
    "MOTO_DISABLE_GLOBAL_CORS": "true",  # which pages may ask is decided in front of us
}


def main() -> None:
    _, socket_path, front_url, folder = sys.argv
    gc.disable()  # what is imported stays
    os.umask(0o077)
    issuer = Issuer(_read_key())
    told = os.dup(1)
    os.dup2(2, 1)  # moto prints what it wants to say
    keeps_in = Path(folder) if folder else None
    threading.Thread(target=_end_with_input, args=[keeps_in], name="input", daemon=True).start()
    _surround(front_url)
    _give_memory_back()
    logging.basicConfig(level=logging.WARNING, format="moto: %(message)s")
    from lambda_emu.services.child.program.front import Front
    from lambda_emu.services.child.program.serving import server  # here: from now on moto may be imported
    from lambda_emu.services.child.program.telling import Teller

    teller = Teller(told)
    serving = server(socket_path, Front(front_url, issuer), teller, keeps_in)
    serving.prepare()
    gc.freeze()
    gc.enable()
    teller.begin(SERVES)
    serving.serve()


def _read_key() -> bytes:
    key = b""
    while len(key) < KEY_BYTES and (more := os.read(0, KEY_BYTES - len(key))):
        key += more
    return key


def _give_memory_back() -> None:
    """What is large goes back to the system at once, by glibc; else threads keep as much as their largest bodies."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)


def _end_with_input(keeps_in: Path | None) -> None:
    """Nothing is to be tidied: what was answered is kept, if anything is."""
    while os.read(0, 4096):
        pass
    if keeps_in is not None:
        mark_ended(keeps_in)
    os._exit(0)


def _surround(front_url: str) -> None:
    for name in list(os.environ):
        if name.startswith(FORGOTTEN):
            del os.environ[name]
    os.environ.update(SURROUNDINGS)
    os.environ["MOTO_PORT"] = front_url.rpartition(":")[2]  # where state machines look for Lambda
