"""Burns {"seconds": 1} of wall time and says how much CPU it got: 1769 MB of memory are one CPU."""

import time


def handler(event, context):
    wall, cpu = time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - wall) < event.get("seconds", 1):
        pass
    return {"memory_mb": int(context.memory_limit_in_mb), "cpus": round((time.process_time() - cpu) / elapsed, 2)}
