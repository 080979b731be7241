/* What the environment has used: from its own cgroup, else summed over its processes. */
#pragma once
#include "sys.h"

enum figures { FROM_PROCESSES, FROM_CGROUP_1, FROM_CGROUP_2 };

/* Called once; `processes` forbids the cgroup. */
enum figures usage_open(bool processes);

uint64_t usage_memory(void);    /* anonymous memory now, bytes */
uint32_t usage_oom_kills(void); /* by the kernel, since the environment began */
uint64_t usage_cpu_us(void);    /* since the environment began */
