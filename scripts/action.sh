#!/bin/bash
# The step of action.yml: installs lambda-emu, starts a server that outlives the step, and waits until it is ready.
# What it is told stands in variables: PROJECT PORT OPTIONS WAIT_S INSTALL PYTHON, and GitHub's own.
set -euo pipefail

python=$PYTHON
if [ "$INSTALL" = true ]; then
    python=$RUNNER_TEMP/lambda-emu/bin/python
    "$PYTHON" -m venv "$RUNNER_TEMP/lambda-emu"
    "$python" -m pip install --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH[sam]" boto3
    echo "$RUNNER_TEMP/lambda-emu/bin" >>"$GITHUB_PATH"
fi

mapfile -t options < <(printf '%s\n' "$OPTIONS" | sed '/^[[:space:]]*$/d')
log=$RUNNER_TEMP/lambda-emu.log
: >"$log" # it is read before the server has opened it
nohup "$python" -m lambda_emu serve "$PROJECT" --port "$PORT" "${options[@]}" >"$log" 2>&1 </dev/null &
server=$!
echo "log=$log" >>"$GITHUB_OUTPUT"

fail() {
    echo "::error::lambda-emu $1"
    cat "$log"
    kill "$server" 2>/dev/null || true
    exit 1
}

url=
for ((tenths = WAIT_S * 10; ; tenths--)); do
    kill -0 "$server" 2>/dev/null || fail "has ended"
    [ -n "$url" ] || url=$(sed -n 's/^lambda-emu serves .* on \(http:[^ ]*\) .*/\1/p' "$log" | head -n 1)
    [ -z "$url" ] || ! "$python" -c "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=5)" \
        "$url/_lambda-emu/health" 2>/dev/null || break
    ((tenths > 0)) || fail "is not ready after $WAIT_S s"
    sleep 0.1
done

cat "$log"
echo "url=$url" >>"$GITHUB_OUTPUT"
{
    echo "AWS_ENDPOINT_URL=$url"
    echo "AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-test}"
    echo "AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-test}"
    echo "AWS_REGION=${AWS_REGION:-us-east-1}"
    echo "AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-us-east-1}"
} >>"$GITHUB_ENV"
