"""Sets the module search path of a Lambda Python, then hands over to AWS's runtime client. Contract: runtime.md 3.5."""

import os
import sys

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"
# Without an image of its own a function may run on another version than its layers are made for.
ASKED = os.environ.get("AWS_EXECUTION_ENV", "").removeprefix("AWS_Lambda_")
VERSION = ASKED if ASKED.startswith("python3.") else OWN
AHEAD = (
    os.environ.get("LAMBDA_TASK_ROOT", "/var/task"),
    f"/opt/python/lib/{VERSION}/site-packages",
    "/opt/python",
    f"/var/lang/lib/{OWN}/site-packages",
)

# The folder of this script comes first, and again when PYTHONPATH is as Lambda sets it.
sys.path[:0] = AHEAD
sys.path[:] = dict.fromkeys(sys.path)

from awslambdaric.__main__ import main  # noqa: E402 - found by the path above

main([sys.argv[0], os.environ["_HANDLER"]])
