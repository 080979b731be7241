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

from awslambdaric.__main__ import main

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"
# Without an image of its own a function may run on another version than its layers are made for.
ASKED = os.environ.get("AWS_EXECUTION_ENV", "").removeprefix("AWS_Lambda_")
VERSION = ASKED if ASKED.startswith("python3.") else OWN

TASK = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
# Without namespaces nothing can be mounted at /opt: layers are beside the code.
OPT = "/opt" if TASK == "/var/task" else os.path.join(os.path.dirname(TASK), "opt")
LAYERS = (f"{OPT}/python/lib/{VERSION}/site-packages", f"{OPT}/python")


def set_search_path(chosen):
    """chosen: whether the function brings a PYTHONPATH, which then stands in place of all but its code."""
    if not chosen:
        sys.path[:0] = (*LAYERS, f"/var/lang/lib/{OWN}/site-packages")
    sys.path.insert(0, TASK)
    for folder in (TASK,) if chosen else (TASK, *LAYERS):
        site.addsitedir(folder)  # reads its .pth files


set_search_path(chosen="PYTHONPATH" in os.environ)
os.environ.setdefault("PYTHONPATH", os.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime"))

main([TASK, os.environ["_HANDLER"]])
