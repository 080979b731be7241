"""What the suite asks of every language, by the name in `do`."""

import logging
import os
import signal
import sys
import threading
import time

calls = 0
beats = []


class Own(Exception):
    pass


def handler(event, context):
    global calls
    calls += 1
    return globals()[f"do_{event['do']}"](event.get("value"), context)


def do_echo(value, context):
    return value


def do_calls(value, context):
    return calls


def do_throw(value, context):
    raise KeyError(value)


def do_throw_own(value, context):
    raise Own(value)


def do_throw_cause(value, context):
    try:
        raise ValueError("below")
    except ValueError as error:
        raise KeyError(value) from error


def do_throw_odd(value, context):
    sys.exit(value)


def do_context(value, context):
    return {
        "id": context.aws_request_id,
        "name": context.function_name,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "group": context.log_group_name,
        "stream": context.log_stream_name,
        "left": context.get_remaining_time_in_millis(),
        "identity": context.identity.cognito_identity_id,
        "custom": context.client_context and context.client_context.custom,
        "title": context.client_context and context.client_context.client.app_title,
        "trace": os.environ["_X_AMZN_TRACE_ID"],
    }


def do_left(value, context):
    before = context.get_remaining_time_in_millis()
    time.sleep(value / 1000)
    return [before, context.get_remaining_time_in_millis()]


def do_environment(value, context):
    return dict(os.environ)


def do_layer(value, context):
    import layered

    return layered.word


def do_print(value, context):
    print(value)
    logging.getLogger().warning("%s by the logger", value)


def do_log(value, context):
    getattr(logging.getLogger(), value)("at %s", value)


def do_large(value, context):
    return "x" * value


def do_exit(value, context):
    sys.stdout.flush()
    os._exit(value)


def do_kill(value, context):
    os.kill(os.getpid(), value or signal.SIGKILL)


def do_sleep(value, context):
    time.sleep(value)


def do_fill(value, context):
    taken = [bytearray(b"x" * 1024 * 1024) for _ in range(value)]
    return len(taken)


def do_write(value, context):
    try:
        with open(value, "w") as file:
            file.write("x")
        return True
    except OSError:
        return False


def do_read(value, context):
    return open(value).read() if os.path.exists(value) else None


def do_beat(value, context):
    def beat():
        while True:
            beats.append(time.monotonic())
            time.sleep(0.002)

    beats.append(time.monotonic())
    threading.Thread(target=beat, daemon=True).start()


def do_pause(value, context):
    seen = len(beats)
    while len(beats) < seen + 5:
        time.sleep(0.002)
    return round(1000 * max(beats[i] - beats[i - 1] for i in range(1, len(beats))))
