/* The processes of the environment: all but init. */
#pragma once
#include "sys.h"

/* Called once, before anything else here. */
void processes_open(void);

/* Their ids; *count is set. The array is valid until the next call. */
const int *processes(size_t *count);

/* PID 1 signals its whole namespace; elsewhere only descendants are touched, never -1. */
void signal_all(int number);

/* Field `index` (as in proc_pid_stat(5)) of a process, 0 when it is gone. */
uint64_t stat_field(int pid, int index);

/* Starts a program with `output` as stdout and stderr. Returns its pid or -errno.
   In the child *failure (shared memory) gets the errno when the program cannot be executed. */
long spawn(char *directory, char **argv, char **environment, long output, int *failure);
