#!/bin/sh
# Make a virtual environment. $1: the Python to make it with, $2: where.
set -eu
python=$1 folder=$2
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "lambda-emu needs Python 3.11 or later; name one: make PYTHON=python3.11" >&2
    exit 1
fi
if [ ! -x "$folder/bin/pip" ]; then
    "$python" -c 'import ensurepip' 2>/dev/null || sh scripts/packages.sh python3-venv
    "$python" -m venv "$folder"
fi
