/* PID 1 of every execution environment: starts what the emulator says and reports what it did.
   docs/init-protocol.md is the contract. One loop that never waits for anything but ppoll. */
#include "dial.h"
#include "processes.h"
#include "sys.h"
#include "usage.h"
#include "wire.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

enum { ROLES = 32, STRINGS = 4096, SYNCS = 8, REAP_AT_ONCE = 256, OUTPUT_AT_ONCE = 32768, SAMPLE_SHARE = 20 };
enum how { EXIT_CODE, EXIT_SIGNAL, NOT_STARTED };

/* A place in a role's output: reached when everything before it has been forwarded. */
typedef uint64_t mark;

static struct role {
    long pid;  /* 0: nothing runs, and its end has been reported */
    long pipe; /* -1: none */
    mark forwarded;
    bool ended; /* reaped; EXITED follows at end_mark */
    mark end_mark;
    int status;
    bool out_of_memory;
    uint32_t oom_kills_at_start;
} roles[ROLES];

static struct sync { uint32_t token; mark marks[ROLES]; } syncs[SYNCS];
static size_t sync_count;

static struct { bool active, asked, for_memory, childless; } killing;
static struct { uint64_t limit, peak, next_ms; uint32_t interval_ms, kills; bool paused; } memory;

static long signals;
static bool unreaped;  /* there may be more to reap than was reaped at once */
static int *exec_errno; /* one a role, shared with the child until it has executed */

static void kill_everything(void) {
    for (long pid = 0; pid != -ECHILD;) {
        signal_all(SIGKILL);
        while ((pid = SYS(wait4, -1, NULL, WNOHANG | __WALL, NULL)) > 0) {}
        struct timespec moment = {.tv_nsec = 1000000};
        if (pid != -ECHILD)
            SYS(nanosleep, &moment, NULL);
    }
}

void finish(const char *why) {
    static const char name[] = "lambda-emu init: ";
    if (why) {
        SYS(write, 2, name, sizeof name - 1);
        SYS(write, 2, why, length_of(why));
        SYS(write, 2, "\n", 1);
    }
    kill_everything();
    SYS(exit_group, why != NULL);
    __builtin_unreachable();
}

static void report_exit(size_t role, enum how how, uint32_t value, bool out_of_memory) {
    unsigned char *at = begin_frame('X', (uint8_t)role, 6);
    *at++ = (unsigned char)how;
    at = put(at, value, 4);
    *at = out_of_memory;
}

/* --- output ------------------------------------------------------------------------------------ */

static uint64_t waiting_in(const struct role *role) {
    int count = 0;
    if (role->pipe >= 0)
        SYS(ioctl, role->pipe, FIONREAD, &count);
    return (uint64_t)count;
}

static mark end_of(const struct role *role) {
    return role->forwarded + waiting_in(role);
}

/* An empty pipe counts too: what user code read back from its own pipe never comes. */
static bool is_reached(const struct role *role, mark place) {
    return role->forwarded >= place || waiting_in(role) == 0;
}

static void close_pipe(struct role *role) {
    if (role->pipe >= 0)
        SYS(close, role->pipe);
    role->pipe = -1;
}

static void forward(size_t index) {
    struct role *role = &roles[index];
    if (role->pipe < 0 || unsent() >= UNSENT_MAX)
        return;
    unsigned char *to = begin_frame('O', (uint8_t)index, OUTPUT_AT_ONCE);
    long count = SYS(read, role->pipe, to, OUTPUT_AT_ONCE);
    shorten_frame(to, OUTPUT_AT_ONCE, count > 0 ? (size_t)count : 0);
    if (count > 0)
        role->forwarded += (uint64_t)count;
    else if (count != -EAGAIN && count != -EINTR)
        close_pipe(role);
}

/* --- processes --------------------------------------------------------------------------------- */

static void note_end(long pid, int status) {
    for (size_t i = 0; i < ROLES; i++) {
        struct role *role = &roles[i];
        if (role->pid != pid || role->ended)
            continue;
        bool by_kernel = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                         && usage_oom_kills() != role->oom_kills_at_start;
        role->ended = true;
        role->end_mark = end_of(role);
        role->status = status;
        role->out_of_memory = by_kernel || killing.for_memory;
    }
}

static void reap(void) {
    struct signalfd_siginfo thrown_away[16];
    while (SYS(read, signals, thrown_away, sizeof thrown_away) > 0) {}
    for (int count = 0; count < REAP_AT_ONCE; count++) {
        int status;
        long pid = SYS(wait4, -1, &status, WNOHANG | __WALL, NULL);
        killing.childless = pid == -ECHILD;
        unreaped = pid > 0;
        if (!unreaped)
            return;
        note_end(pid, status);
    }
}

static void start_killing(void) {
    killing.active = true;
    killing.childless = false;
    memory.paused = false;
    unreaped = true;
}

static void check_memory(void) {
    uint64_t before_ns = clock_ns(CLOCK_MONOTONIC), used = usage_memory();
    if (used > memory.peak)
        memory.peak = used;
    if (memory.limit && used > memory.limit) {
        memory.kills++;
        killing.for_memory = true;
        start_killing();
    }
    uint64_t after_ns = clock_ns(CLOCK_MONOTONIC), rest_ms = (after_ns - before_ns) * SAMPLE_SHARE / 1000000;
    memory.next_ms = after_ns / 1000000 + (rest_ms > memory.interval_ms ? rest_ms : memory.interval_ms);
}

static bool is_sampling(void) {
    return memory.interval_ms && !memory.paused && !killing.active;
}

/* --- orders ------------------------------------------------------------------------------------ */

static struct role *role_of(uint8_t role) {
    if (role >= ROLES)
        finish("wrong frame: no such role");
    return &roles[role];
}

/* Makes pointers of START's strings: argv, NULL, environment, NULL. False: they are not what the counts say. */
static bool point_at_strings(unsigned char *text, size_t length, size_t argc, size_t envc, char **pointers) {
    if (argc == 0 || argc + envc > STRINGS || length == 0 || text[length - 1] != 0)
        return false;
    size_t found = 0;
    for (size_t at = length_of((char *)text) + 1; at < length; at += length_of((char *)text + at) + 1) {
        if (found == argc + envc)
            return false;
        pointers[found + (found >= argc)] = (char *)text + at;
        found++;
    }
    pointers[argc] = pointers[argc + 1 + envc] = NULL;
    return found == argc + envc;
}

static void start(uint8_t index, unsigned char *payload, size_t length) {
    static char *pointers[STRINGS + 2];
    struct role *role = role_of(index);
    size_t argc = length < 4 ? 0 : (size_t)get(payload, 2);
    if (role->pid || argc == 0 || !point_at_strings(payload + 4, length - 4, argc, (size_t)get(payload + 2, 2), pointers))
        finish("wrong frame: START of a running role, or its strings do not match their counts");
    if (killing.active) {
        report_exit(index, NOT_STARTED, EBUSY, killing.for_memory);
        return;
    }
    int ends[2];
    close_pipe(role); /* of an earlier program whose children still hold it */
    long failure = SYS(pipe2, ends, O_CLOEXEC);
    if (failure < 0) {
        report_exit(index, NOT_STARTED, (uint32_t)-failure, false);
        return;
    }
    SYS(fcntl, ends[0], F_SETFL, O_NONBLOCK);
    long pid = spawn((char *)payload + 4, pointers, pointers + argc + 1, ends[1], &exec_errno[index]);
    SYS(close, ends[1]);
    *role = (struct role){.pid = pid, .pipe = ends[0], .oom_kills_at_start = usage_oom_kills()};
    if (pid < 0) {
        report_exit(index, NOT_STARTED, (uint32_t)-pid, false);
        close_pipe(role);
        role->pid = 0;
    }
}

static void take_sync(const unsigned char *payload) {
    if (sync_count == SYNCS)
        finish("wrong frame: too many SYNC at once");
    struct sync *sync = &syncs[sync_count++];
    sync->token = (uint32_t)get(payload, 4);
    for (size_t i = 0; i < ROLES; i++)
        sync->marks[i] = end_of(&roles[i]);
}

static void set_memory(const unsigned char *payload) {
    memory.limit = get(payload, 8);
    memory.interval_ms = (uint32_t)get(payload + 8, 4);
    memory.next_ms = 0;
}

static void pause_all(bool paused) {
    memory.paused = paused;
    signal_all(paused ? SIGSTOP : SIGCONT);
}

static void signal_role(uint8_t index, int number) {
    const struct role *role = role_of(index);
    if (role->pid && !role->ended)
        SYS(kill, role->pid, number);
}

void obey(uint8_t kind, uint8_t role, unsigned char *payload, size_t length) {
    static const uint8_t lengths[256] = {['Y'] = 4, ['M'] = 12, ['G'] = 1};
    if (kind != 'S' && length != lengths[kind])
        finish("wrong frame: its length");
    switch (kind) {
    case 'S': start(role, payload, length); break;
    case 'Y': take_sync(payload); break;
    case 'M': set_memory(payload); break;
    case 'P': pause_all(true); break;
    case 'C': pause_all(false); break;
    case 'G': signal_role(role, payload[0]); break;
    case 'K': killing.asked = true; start_killing(); break;
    default: finish("wrong frame: its kind");
    }
}

/* --- what has become true ---------------------------------------------------------------------- */

static bool report_ends(void) {
    bool all = true;
    for (size_t i = 0; i < ROLES; i++) {
        struct role *role = &roles[i];
        if (role->ended && is_reached(role, role->end_mark)) {
            enum how how = exec_errno[i] ? NOT_STARTED : WIFSIGNALED(role->status) ? EXIT_SIGNAL : EXIT_CODE;
            int value = exec_errno[i] ? exec_errno[i] : how == EXIT_SIGNAL ? WTERMSIG(role->status) : WEXITSTATUS(role->status);
            report_exit(i, how, (uint32_t)value, role->out_of_memory);
            role->ended = false;
            role->pid = 0;
        }
        all = all && role->pid == 0 && waiting_in(role) == 0;
    }
    return all;
}

static void report_killed(void) {
    for (size_t i = 0; i < ROLES; i++)
        close_pipe(&roles[i]);
    if (killing.asked)
        begin_frame('K', 0, 0);
    killing.active = killing.asked = killing.for_memory = false;
}

static bool is_sync_done(const struct sync *sync) {
    for (size_t i = 0; i < ROLES; i++)
        if (!is_reached(&roles[i], sync->marks[i]))
            return false;
    return true;
}

static void report_sync(const struct sync *sync) {
    uint64_t used = usage_memory();
    if (used > memory.peak)
        memory.peak = used;
    unsigned char *at = begin_frame('Y', 0, 32);
    at = put(at, sync->token, 4);
    at = put(at, used, 8);
    at = put(at, memory.peak, 8);
    at = put(at, usage_oom_kills() + memory.kills, 4);
    put(at, usage_cpu_us(), 8);
}

static void report(void) {
    bool all_ended = report_ends();
    while (sync_count && is_sync_done(&syncs[0])) {
        report_sync(&syncs[0]);
        memmove(&syncs[0], &syncs[1], --sync_count * sizeof syncs[0]);
    }
    if (killing.active && killing.childless && all_ended)
        report_killed();
}

/* --- the loop ---------------------------------------------------------------------------------- */

static long patience_ms(void) {
    if (unreaped)
        return 0;
    if (killing.active)
        return 2;
    if (!is_sampling())
        return -1;
    uint64_t now = now_ms();
    return memory.next_ms > now ? (long)(memory.next_ms - now) : 0;
}

static void wait_for_something(long connection, bool *readable) {
    struct pollfd set[2 + ROLES] = {
        {.fd = (int)signals, .events = POLLIN},
        {.fd = (int)connection, .events = unsent() ? POLLIN | POLLOUT : POLLIN},
    };
    size_t count = 2;
    for (size_t i = 0; i < ROLES && unsent() < UNSENT_MAX; i++)
        if (roles[i].pipe >= 0)
            set[count++] = (struct pollfd){.fd = (int)roles[i].pipe, .events = POLLIN};
    long limit_ms = patience_ms();
    struct timespec limit = {.tv_sec = limit_ms / 1000, .tv_nsec = limit_ms % 1000 * 1000000};
    SYS(ppoll, set, count, limit_ms < 0 ? NULL : &limit, NULL, SIGNAL_SET_BYTES);
    unreaped = unreaped || set[0].revents;
    *readable = set[1].revents & ~POLLOUT;
}

static void serve(long connection) {
    for (bool readable = false;; ) {
        wait_for_something(connection, &readable);
        if (readable)
            receive(connection);
        if (killing.active && !killing.childless)
            signal_all(SIGKILL);
        if (unreaped)
            reap();
        for (size_t i = 0; i < ROLES; i++)
            forward(i);
        if (is_sampling() && now_ms() >= memory.next_ms)
            check_memory();
        report();
        transmit(connection);
    }
}

static void prepare(void) {
    uint64_t every = ~(uint64_t)0, child = (uint64_t)1 << (SIGCHLD - 1);
    SYS(prctl, PR_SET_DUMPABLE, 0);
    SYS(prctl, PR_SET_NO_NEW_PRIVS, 1);
    SYS(prctl, PR_SET_CHILD_SUBREAPER, 1);
    SYS(rt_sigprocmask, SIG_SETMASK, &every, NULL, SIGNAL_SET_BYTES);
    signals = SYS(signalfd4, -1, &child, SIGNAL_SET_BYTES, SFD_NONBLOCK | SFD_CLOEXEC);
    exec_errno = (int *)SYS(mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < ROLES; i++)
        roles[i].pipe = -1;
    processes_open();
}

static bool take_address(char **environment, struct emulator *emulator) {
    static const char name[] = "LAMBDA_EMU_INIT=";
    for (; *environment; environment++) {
        if (begins_with(*environment, name)) {
            bool right = read_address(*environment + sizeof name - 1, emulator);
            memset(*environment, 0, length_of(*environment)); /* /proc/1/environ shows this memory */
            return right;
        }
    }
    return false;
}

static void say_hello(const struct emulator *emulator) {
    size_t length = length_of(emulator->secret);
    begin_with_zero();
    unsigned char *at = begin_frame('H', 0, 2 + length);
    *at++ = 1;
    *at++ = (unsigned char)usage_open(emulator->processes);
    memcpy(at, emulator->secret, length);
}

void init(long *stack) {
    struct emulator emulator;
    char **environment = (char **)stack + 1 + stack[0] + 1;
    prepare();
    if (!take_address(environment, &emulator))
        finish("LAMBDA_EMU_INIT must be <host>:<port>:<secret>[:processes]");
    long connection = dial(&emulator);
    if (connection < 0)
        finish(connection == -ENOENT ? "the emulator's host is not in /etc/hosts" : "cannot connect to the emulator");
    say_hello(&emulator);
    memset(&emulator, 0, sizeof emulator);
    serve(connection);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call init\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n mov x0, sp\n and sp, x0, #-16\n bl init\n");
#endif
