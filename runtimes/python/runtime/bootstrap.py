"""Sets the module search path of a Lambda Python, then hands over to AWS's runtime client.

docs/contract/runtime.md#environment-variables.

Everything that the client needs of the standard library is imported before the function's code can be found: a
`json.py` or a folder `logging` in there is the code's own affair. These are the modules that AWS's bootstrap imports.
"""

import json  # noqa: F401
import logging  # noqa: F401
import os
import site
import sys
import time  # noqa: F401
import traceback  # noqa: F401
import warnings  # noqa: F401

# Of the client all that looks at no variable but AWS_EXECUTION_ENV when it is imported:
import awslambdaric.lambda_context
import awslambdaric.lambda_runtime_client
import awslambdaric.lambda_runtime_log_utils  # noqa: F401

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"
PACKAGES, DEBIANS = (f"/var/lang/lib/{OWN}/{name}-packages" for name in ("site", "dist"))  # which are one
WAITS = "LAMBDA_EMU_WAITS"
VARIABLES = b"GET /lambda-emu/variables HTTP/1.1\r\nHost: lambda-emu\r\n\r\n"
ENV_START, ENV_END = 50, 51  # proc_pid_stat(5)


def wait_for_function():
    """Go on with the variables of a function, as soon as it is known which one: nobody waits for this start then.

    _socket alone, since the code may bring modules called `socket` or `http`.
    """
    from _socket import socket

    host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
    asked, answer = socket(), b""
    asked.connect((host, int(port)))
    asked.sendall(VARIABLES)
    while more := asked.recv(1 << 16):
        answer += more
    asked.close()
    text = answer.partition(b"\r\n\r\n")[2]
    variables = dict(pair.split(b"=", 1) for pair in text.split(b"\0")[:-1])
    del os.environ[WAITS]
    os.environb.update({**os.environb, **variables})  # those that the interpreter added stay; all are put anew
    show_variables(text)


def show_variables(text):
    """Write them to where the kernel shows what a process was started with; nothing else uses that any more."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()  # from the third on
    begin, end = int(fields[ENV_START - 3]), int(fields[ENV_END - 3])
    try:
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(begin)
            memory.write(text[: end - begin].ljust(end - begin, b"\0"))
    except OSError:
        pass  # a kernel that lets nobody write there: only who looks there misses them


def set_search_path(task, chosen):
    """chosen: whether the function brings a PYTHONPATH, which then stands in place of all but its code."""
    # Without an image of its own a function may run on another version than its layers are made for.
    asked = os.environ.get("AWS_EXECUTION_ENV", "").removeprefix("AWS_Lambda_")
    version = asked if asked.startswith("python3.") else OWN
    # Without namespaces nothing can be mounted at /opt: layers are beside the code.
    opt = "/opt" if task == "/var/task" else os.path.join(os.path.dirname(task), "opt")
    layers = (f"{opt}/python/lib/{version}/site-packages", f"{opt}/python")
    if DEBIANS in sys.path:
        sys.path[sys.path.index(DEBIANS)] = PACKAGES
    if not chosen:
        sys.path[:0] = (*layers, PACKAGES)
    sys.path.insert(0, task)
    for folder in (task,) if chosen else (task, *layers):
        site.addsitedir(folder)  # reads its .pth files


def start():
    if WAITS in os.environ:
        wait_for_function()
    from awslambdaric.__main__ import main

    task = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    set_search_path(task, chosen="PYTHONPATH" in os.environ)
    os.environ.setdefault("PYTHONPATH", os.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime"))
    main([task, os.environ["_HANDLER"]])


if __name__ == "__main__":  # and not in a process that multiprocessing spawns, which imports the main module of ours
    start()
