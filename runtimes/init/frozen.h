/* What is stopped stays stopped: a timer may send SIGCONT to a stopped process, which then goes on. Who does is traced,
   for a traced thread wakes for nobody but its tracer. */
#pragma once
#include "processes.h"
#include <sys/ptrace.h>
#include <sys/wait.h>

enum { THREADS_MAX = 2048, ASLEEP_MAX = 256 };
enum { STUBBORN_LOOK_NS = 300000, FIRST_LOOK_NS = 10000000, LAST_LOOK_NS = 320000000 };
enum { LOOKING_SHARE = 100, STUBBORN_LOOKING_SHARE = 10, CALM_SHARE = 20 };

/* A thread that we trace. signal: what it was about to be given when it stopped. */
static struct held { int thread, signal; bool stopped; } held[THREADS_MAX];
static size_t held_count;

/* wakes: somebody has woken himself, in this pause or an earlier one. stubborn: and he cannot be held. */
static struct { uint64_t next_ns, interval_ns, went_on_ns; bool wakes, stubborn, went_on; } look;
static int asleep[ASLEEP_MAX];
static size_t asleep_count;

static bool runs(int thread) {
    char text[512], state = *read_stat(thread, STAT_STATE, text, sizeof text);
    return state == 'R' || state == 'S';
}

/* Fills `threads`, which is shared: one list at a time. */
static int threads[THREADS_MAX];
static size_t list_threads(int pid) {
    return list_numbers(proc_path(pid, "/task").text, threads, THREADS_MAX);
}

/* A stopped leader speaks for its threads; one that has ended, or is traced, does not. */
static bool is_awake(int pid) {
    char text[512], state = *read_stat(pid, STAT_STATE, text, sizeof text);
    bool found = state == 'R' || state == 'S';
    for (size_t i = state == 'Z' || state == 't' ? list_threads(pid) : 0; i-- && !found;)
        found = runs(threads[i]);
    return found;
}

static struct held *find_held(int thread) {
    for (size_t i = 0; i < held_count; i++)
        if (held[i].thread == thread)
            return &held[i];
    return NULL;
}

static void forget_held(int thread) {
    struct held *found = find_held(thread);
    if (found)
        *found = held[--held_count];
}

static void let_go(struct held *one) {
    SYS(ptrace, PTRACE_DETACH, one->thread, 0, one->signal);
    *one = held[--held_count];
}

/* Those that have not stopped yet are let go when they do. */
static void let_all_go(void) {
    for (size_t i = held_count; i--;)
        if (held[i].stopped)
            let_go(&held[i]);
}

/* Told by wait4. A stop for a signal keeps the signal for later; the others, of an event, have none. */
static void note_stop(int thread, int status, bool paused) {
    struct held *found = find_held(thread);
    if (!found)
        return;
    found->stopped = true;
    found->signal = status >> 16 ? 0 : WSTOPSIG(status);
    if (!paused)
        let_go(found);
}

/* Returns whether all of its threads are ours now. */
static bool hold(int pid) {
    bool all = true;
    for (size_t i = list_threads(pid); i--;) {
        if (find_held(threads[i]))
            continue;
        if (held_count == THREADS_MAX || SYS(ptrace, PTRACE_SEIZE, threads[i], 0, PTRACE_O_EXITKILL) < 0) {
            all = false;
            continue;
        }
        held[held_count++] = (struct held){.thread = threads[i]};
        SYS(ptrace, PTRACE_INTERRUPT, threads[i], 0, 0);
    }
    return all;
}

static void begin_looking(void) {
    look.went_on_ns = clock_ns(CLOCK_MONOTONIC);
    look.next_ns = look.went_on_ns + FIRST_LOOK_NS;
    look.interval_ns = FIRST_LOOK_NS;
    look.stubborn = look.went_on = false;
    asleep_count = 0;
}

/* Where everybody's processes must be read to find ours: those that were asleep have no children meanwhile. */
static bool all_asleep(void) {
    size_t i = 0;
    while (i < asleep_count && !is_awake(asleep[i]))
        i++;
    return !own_namespace && asleep_count && i == asleep_count;
}

static bool stop_who_is_awake(void) {
    bool found = false;
    size_t count = list_processes();
    for (size_t i = count; i--;)
        if (is_awake(pids[i])) {
            found = true;
            SYS(kill, pids[i], SIGSTOP);
            look.stubborn = !hold(pids[i]) || look.stubborn;
        }
    asleep_count = count <= ASLEEP_MAX ? count : 0;
    memcpy(asleep, pids, asleep_count * sizeof pids[0]);
    return found;
}

/* Who stays asleep is looked at ever more seldom; once somebody woke, so that a waker has a twentieth of the time. */
static uint64_t next_interval_ns(uint64_t now) {
    uint64_t shortest = look.stubborn ? STUBBORN_LOOK_NS : FIRST_LOOK_NS;
    uint64_t longer = look.wakes ? (now - look.went_on_ns) / CALM_SHARE : look.interval_ns * 2;
    uint64_t interval = look.went_on || longer < shortest ? shortest : longer;
    return interval < LAST_LOOK_NS ? interval : LAST_LOOK_NS;
}

/* Stops again what goes on. Returns whether something did since the last look but one: only then memory may grow. */
static bool stop_again(void) {
    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    bool went_on_before = look.went_on;
    look.went_on = !all_asleep() && stop_who_is_awake();
    look.went_on_ns = look.went_on ? began : look.went_on_ns;
    look.wakes = look.wakes || look.went_on;
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t rest = (now - began) * (look.stubborn ? STUBBORN_LOOKING_SHARE : LOOKING_SHARE);
    look.interval_ns = next_interval_ns(now);
    look.next_ns = now + (rest > look.interval_ns ? rest : look.interval_ns);
    return look.went_on || went_on_before;
}
