#!/bin/sh
# The Docker engine of this machine. `check` tells whether one answers; `start` gets one, installing and starting it
# where it must; `stop` ends the one that `start` started. `builder` gets what base images are built with.
set -eu
pid_file=.cache/dockerd.pid
log=.cache/dockerd.log
engine_pid_file=/var/run/docker.pid

answers() {
    .venv/bin/python -c 'import docker; docker.from_env(timeout=5).ping()' 2>/dev/null
}

check() {
    answers && return
    if ! command -v dockerd >/dev/null; then
        echo "No Docker engine is installed. As root: apt-get install docker.io" >&2
    elif [ -d /run/systemd/system ]; then
        echo "No Docker engine answers, though one is installed. As root: systemctl start docker" >&2
    else
        echo "No Docker engine answers, though one is installed. As root: dockerd &" >&2
    fi
    return 1
}

wait_for_it() {
    for _ in $(seq 150); do
        answers && return
        sleep 0.2
    done
    echo "The engine did not answer within 30 s; its last words, from $log:" >&2
    tail -n 20 "$log" >&2
    return 1
}

builder() {
    command -v mmdebstrap >/dev/null || sh scripts/packages.sh mmdebstrap debian-archive-keyring
}

# A killed dockerd leaves its number behind. Where another process has it by now, a new dockerd would not start.
forget_the_killed() {
    [ ! -f "$engine_pid_file" ] || grep -qs dockerd "/proc/$(cat "$engine_pid_file")/cmdline" || rm "$engine_pid_file"
}

start() {
    builder
    answers && return
    command -v dockerd >/dev/null || sh scripts/packages.sh docker.io
    answers && return
    if [ "$(id -u)" -ne 0 ]; then
        check
        return 1
    fi
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        mountpoint -q /sys/fs/cgroup || { sh scripts/packages.sh cgroupfs-mount && cgroupfs-mount; }
        forget_the_killed
        mkdir -p .cache
        nohup dockerd >"$log" 2>&1 &
        echo $! >"$pid_file"
        echo "Started dockerd; 'make stop-engine' ends it"
    fi
    wait_for_it
}

stop() {
    [ -f "$pid_file" ] || return 0
    pid=$(cat "$pid_file")
    rm "$pid_file"
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    echo "dockerd, process $pid, did not end within 10 s" >&2
}

"$1"
