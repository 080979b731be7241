/* What runs here: the roles' output, how they end, and the memory that all of it uses. */
#pragma once
#include "frozen.h"
#include "memory.h"
#include "wire.h"
#include <sys/ioctl.h>
#include <sys/signalfd.h>

enum { REAP_AT_ONCE = 256, OUTPUT_AT_ONCE = 32768, SAMPLING_SHARE = 20, NEAR_LIMIT = 10,
       GROWTH_BYTES = 4 << 20 /* a millisecond */ };

/* A place in a role's output, in bytes from its start: reached when everything before it has been forwarded. */
typedef uint64_t mark;

static struct role {
    long pid;  /* 0: nothing runs, and the end of what ran has been reported */
    long pipe; /* -1: none, or the emulator's */
    mark forwarded, end;
    bool ended; /* reaped; EXITED follows when `end` is reached */
    int status;
    bool out_of_memory;
    uint32_t oom_kills_before;
} roles[ROLES];

static struct { bool active, ordered, for_memory; } killing;
static struct { uint64_t limit, peak, next_ns; uint32_t interval_ms, kills; bool paused; } memory;
static bool unreaped, childless; /* what waitpid may still find, and that it said there is nobody */
static long signals;

/* --- output ------------------------------------------------------------------------------------ */

static uint64_t waiting_in(const struct role *role) {
    int count = 0;
    if (role->pipe >= 0)
        SYS(ioctl, role->pipe, FIONREAD, &count);
    return (uint64_t)count;
}

/* An empty pipe counts too: what user code took back from its own pipe never comes. */
static bool is_reached(const struct role *role, mark place) {
    return role->forwarded >= place || waiting_in(role) == 0;
}

static void close_pipe(struct role *role) {
    if (role->pipe >= 0)
        SYS(close, role->pipe);
    role->pipe = -1;
}

static void forward(uint8_t index) {
    struct role *role = &roles[index];
    if (role->pipe < 0 || unsent() >= UNSENT_MAX)
        return;
    unsigned char *to = begin_frame('O', index, OUTPUT_AT_ONCE);
    long count = SYS(read, role->pipe, to, OUTPUT_AT_ONCE);
    shorten_frame(to, count > 0 ? (size_t)count : 0);
    if (count > 0)
        role->forwarded += (uint64_t)count;
    else if (count != -EAGAIN && count != -EINTR)
        close_pipe(role);
}

/* --- processes --------------------------------------------------------------------------------- */

static void note_end(struct role *role, int status) {
    bool by_kernel = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && oom_kills() != role->oom_kills_before;
    listeners[role - roles].awaited = false;
    role->ended = true;
    role->end = role->forwarded + waiting_in(role);
    role->status = status;
    role->out_of_memory = by_kernel || killing.for_memory;
}

/* Not endlessly: under a fork bomb there is always one more. */
static void reap(void) {
    struct signalfd_siginfo thrown_away[16];
    while (SYS(read, signals, thrown_away, sizeof thrown_away) > 0) {}
    for (int count = 0; count < REAP_AT_ONCE; count++) {
        int status;
        long pid = SYS(wait4, -1, &status, WNOHANG | __WALL, NULL);
        childless = pid == -ECHILD;
        unreaped = pid > 0;
        if (!unreaped)
            return;
        if (WIFSTOPPED(status)) {
            note_stop((int)pid, status, memory.paused);
            continue;
        }
        forget_held((int)pid);
        for (struct role *role = roles; role < roles + ROLES; role++)
            if (role->pid == pid && !role->ended)
                note_end(role, status);
    }
}

static void start_killing(void) {
    killing.active = unreaped = true;
    childless = memory.paused = false;
}

static bool is_sampling(void) {
    return memory.interval_ms && !memory.paused && !killing.active;
}

/* Returns what is used. More than the limit, now or for a moment since the last look, is the end of everything. */
static uint64_t check_memory(void) {
    uint64_t used = memory_used(false);
    if (used > memory.limit && memfd_count)
        used = memory_used(true);
    uint64_t once = highest_of_one(), most = used > once ? used : once;
    if (most > memory.peak)
        memory.peak = most;
    if (most > memory.limit && memory.limit && memory.interval_ms && !killing.active) {
        memory.kills++;
        killing.for_memory = true;
        start_killing();
    }
    return used;
}

/* Far from the limit it looks less often, as far as memory can grow at all: 30 environments sampled every 5 ms cost a
   quarter of a core. */
static void sample(void) {
    uint64_t before = clock_ns(CLOCK_MONOTONIC), used = check_memory();
    uint64_t after = clock_ns(CLOCK_MONOTONIC), rest = (after - before) * SAMPLING_SHARE;
    uint64_t longest = memory.interval_ms * (uint64_t)1000000, shortest = longest / NEAR_LIMIT;
    uint64_t left = memory.limit > used ? (memory.limit - used) / GROWTH_BYTES * 1000000 : 0;
    uint64_t interval = !memory.limit || left > longest ? longest : left > shortest ? left : shortest;
    memory.next_ns = after + (rest > interval ? rest : interval);
}
