"""What the suite asks of every language, by the name in `do`."""

import os
import signal
import sys

calls = 0


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
        "custom": context.client_context and context.client_context.custom,
        "trace": os.environ["_X_AMZN_TRACE_ID"],
    }


def do_environment(value, context):
    return dict(os.environ)


def do_print(value, context):
    print(value)
    import logging

    logging.getLogger().warning("%s by the logger", value)


def do_exit(value, context):
    sys.stdout.flush()
    os._exit(value)


def do_kill(value, context):
    os.kill(os.getpid(), signal.SIGKILL)


def do_large(value, context):
    return "x" * value


def do_layer(value, context):
    import layered

    return layered.word
