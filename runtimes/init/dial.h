/* Finding the emulator and calling it. */
#pragma once
#include "sys.h"

#define SECRET_MAX 128

/* What LAMBDA_EMU_INIT says: <host>:<port>:<secret>[:processes] */
struct emulator {
    char host[256];
    uint16_t port;
    char secret[SECRET_MAX + 1];
    bool processes; /* the cgroup files in sight are not this environment's own */
};

bool read_address(const char *text, struct emulator *emulator);

/* A connected, non-blocking socket, or -errno (-ENOENT: no such host in /etc/hosts). At most 10 s. */
long dial(const struct emulator *emulator);
