"""Writes {"mb": 10} megabytes to /tmp, a line of log for each; Lambda's limit ends it with ENOSPC."""

import errno
import os

MB = bytes(1024 * 1024)


def handler(event, context):
    wanted = event.get("mb", 10)
    try:
        with open("/tmp/report", "wb", buffering=0) as file:
            for written in range(1, wanted + 1):
                file.write(MB)
                print(f"{written} MB of {wanted}, {context.get_remaining_time_in_millis()} ms left")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("/tmp is full")
    return {"written_mb": os.path.getsize("/tmp/report") // len(MB)}
