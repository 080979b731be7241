/* PID 1 of every execution environment: starts what the emulator says and reports what became of it.
   docs/init-protocol.md is the contract. One loop, which waits for nothing but ppoll. */
#include "dial.h"
#include "roles.h"
#include "sockets.h"
#include <sys/mman.h>
#include <sys/prctl.h>

enum { STRINGS = 4096, SYNCS = 8, FRESH_NS = 2000000 };
enum how { EXIT_CODE, EXIT_SIGNAL, NOT_STARTED, NO_DIRECTORY };

static struct { uint64_t read_ns, used, oom_kills, cpu_us; } figures;
static struct sync { uint32_t token; mark marks[ROLES]; } syncs[SYNCS];
static size_t sync_count;
static int *exec_errno; /* one a role, shared with its process until that has executed; negative: of its chdir */

/* The emulator looks for these words in our file, to know before it runs us whether it can speak to us. */
#define PROTOCOL 4
#define TEXT_OF(number) #number
#define WHO_SPEAKS(protocol) "lambda-emu init (protocol " TEXT_OF(protocol) "): "
static const char WHO[] = WHO_SPEAKS(PROTOCOL);

static void kill_everything(void) {
    struct timespec moment = {.tv_nsec = 1000000};
    for (long pid = 0; pid != -ECHILD; SYS(nanosleep, &moment, NULL)) {
        kill_all();
        while ((pid = SYS(wait4, -1, NULL, WNOHANG | __WALL, NULL)) > 0) {}
    }
}

/* Ends all of it; why, on stderr, unless the emulator just went away. */
static void finish(const char *why) {
    if (why) {
        SYS(write, 2, WHO, sizeof WHO - 1);
        SYS(write, 2, why, length_of(why));
        SYS(write, 2, "\n", 1);
    }
    kill_everything();
    SYS(exit_group, why != NULL);
    __builtin_unreachable();
}

/* --- orders ------------------------------------------------------------------------------------ */

static void report_exit(uint8_t role, enum how how, int value, bool out_of_memory) {
    unsigned char *at = begin_frame('X', role, 6);
    *at++ = (unsigned char)how;
    at = put(at, (uint64_t)value, 4);
    *at = out_of_memory;
}

/* Points at START's strings behind the directory: argv, NULL, environment, NULL. False: they are not as counted. */
static bool point_at_strings(char *text, size_t length, size_t argc, size_t envc, char **pointers) {
    size_t found = 0;
    if (argc == 0 || argc + envc > STRINGS || length == 0 || text[length - 1] != 0)
        return false;
    for (size_t at = length_of(text) + 1; at < length; at += length_of(text + at) + 1, found++)
        if (found < argc + envc)
            pointers[found + (found >= argc)] = text + at;
    pointers[argc] = pointers[argc + 1 + envc] = NULL;
    return found == argc + envc;
}

/* From now on the emulator reads it. */
static void pass_pipe(struct role *role) {
    pass(role->pipe);
    begin_frame('B', (uint8_t)(role - roles), 0);
    role->pipe = -1;
}

/* Returns 0, or the errno for which nothing was started. */
static int launch(struct role *role, char *directory, char **argv, char **environment) {
    int ends[2];
    if (killing.active)
        return EBUSY;
    close_pipe(role); /* of an earlier program, whose children may still hold it */
    long failure = SYS(pipe2, ends, O_CLOEXEC);
    if (failure < 0)
        return (int)-failure;
    SYS(fcntl, ends[0], F_SETFL, O_NONBLOCK);
    uint8_t index = (uint8_t)(role - roles);
    long pid = spawn(directory, argv, environment, ends[1], await_listener(index), &exec_errno[index]);
    SYS(close, ends[1]);
    if (pid < 0) {
        listeners[index].awaited = false;
        SYS(close, ends[0]);
        return (int)-pid;
    }
    *role = (struct role){.pid = pid, .pipe = ends[0], .oom_kills_before = oom_kills()};
    if (passes_descriptors)
        pass_pipe(role);
    return 0;
}

static void start(uint8_t index, unsigned char *payload, size_t length) {
    static char *pointers[STRINGS + 2];
    size_t argc = length < 4 ? 0 : (size_t)get(payload, 2), envc = argc ? (size_t)get(payload + 2, 2) : 0;
    char *strings = (char *)payload + 4;
    if (!argc || roles[index].pid || !point_at_strings(strings, length - 4, argc, envc, pointers))
        finish("wrong frame: START of a role that runs, or of strings that are not as counted");
    int failure = launch(&roles[index], strings, pointers, pointers + argc + 1);
    if (failure)
        report_exit(index, NOT_STARTED, failure, killing.for_memory);
}

static void take_sync(uint32_t token) {
    if (sync_count == SYNCS)
        finish("wrong frame: too many SYNC at once");
    struct sync *sync = &syncs[sync_count++];
    sync->token = token;
    for (size_t i = 0; i < ROLES; i++)
        sync->marks[i] = roles[i].forwarded + waiting_in(&roles[i]);
}

static void pause_all(bool paused) {
    memory.paused = paused;
    if (paused)
        begin_looking();
    else
        let_all_go();
    signal_all(paused ? SIGSTOP : SIGCONT);
}

/* PAUSE was read, and the order behind it was not. By CONTINUE it is over: the runtime may have its event already, and
   who stopped himself since would go on. */
static bool pausing;

static void pause_now(void) {
    if (pausing)
        pause_all(true);
    pausing = false;
}

static void go_on(void) {
    if (!pausing)
        pause_all(false);
    pausing = false;
}

static void obey(uint8_t kind, uint8_t role, unsigned char *payload, size_t length) {
    static const uint8_t lengths[256] = {['Y'] = 4, ['M'] = 12, ['G'] = 1, ['L'] = 10, ['N'] = 10, ['U'] = 10, ['I'] = 12};
    if (role >= ROLES || (kind != 'S' && length != lengths[kind]))
        finish("wrong frame: its role or length");
    if ((kind == 'L' || kind == 'N' || kind == 'U') && !passes_descriptors)
        finish("wrong frame: it asks for a socket that this connection cannot pass");
    if (kind != 'C')
        pause_now();
    switch (kind) {
    case 'S': start(role, payload, length); break;
    case 'Y': take_sync((uint32_t)get(payload, 4)); break;
    case 'M':
        memory.limit = get(payload, 8);
        memory.interval_ms = (uint32_t)get(payload + 8, 4);
        memory.next_ns = 0;
        break;
    case 'L':
    case 'N':
    case 'U': make_socket(kind, payload); break;
    case 'I': find_holder(payload); break;
    case 'P': pausing = true; break;
    case 'C': go_on(); break;
    case 'G':
        if (roles[role].pid && !roles[role].ended)
            SYS(kill, roles[role].pid, payload[0]);
        break;
    case 'K':
        killing.ordered = true;
        start_killing();
        break;
    default: finish("wrong frame: its kind");
    }
}

/* --- what has become true ---------------------------------------------------------------------- */

static void report_end(struct role *role) {
    uint8_t index = (uint8_t)(role - roles);
    int failure = exec_errno[index], status = role->status;
    if (failure < 0)
        report_exit(index, NO_DIRECTORY, -failure, role->out_of_memory);
    else if (failure)
        report_exit(index, NOT_STARTED, failure, role->out_of_memory);
    else if (WIFSIGNALED(status))
        report_exit(index, EXIT_SIGNAL, WTERMSIG(status), role->out_of_memory);
    else
        report_exit(index, EXIT_CODE, WEXITSTATUS(status), role->out_of_memory);
    role->ended = false;
    role->pid = 0;
}

static void report_killed(void) {
    for (size_t i = 0; i < ROLES; i++)
        close_pipe(&roles[i]);
    forget_memfds();
    held_count = 0;
    look.wakes = maps_tmpfs = false;
    remove_ipc();
    if (killing.ordered)
        begin_frame('K', 0, 0);
    killing.active = killing.ordered = killing.for_memory = false;
}

static bool is_sync_done(const struct sync *sync) {
    for (size_t i = 0; i < ROLES; i++)
        if (!is_reached(&roles[i], sync->marks[i]))
            return false;
    return true;
}

/* A busy environment syncs thousands of times a second; what was read a moment ago is still true. False: too much
   memory was used, and the ends that follow from it have to be told first. */
static bool have_figures(void) {
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (killing.for_memory || (now - figures.read_ns < FRESH_NS && !killing.active))
        return !killing.for_memory;
    figures.used = check_memory();
    figures.oom_kills = oom_kills();
    figures.cpu_us = cpu_us();
    figures.read_ns = now;
    return !killing.for_memory;
}

static void report_sync(uint32_t token) {
    unsigned char *at = begin_frame('Y', 0, 32);
    at = put(at, token, 4);
    at = put(at, figures.used, 8);
    at = put(at, memory.peak, 8);
    at = put(at, figures.oom_kills + memory.kills, 4);
    put(at, figures.cpu_us, 8);
}

static void report(void) {
    bool all_quiet = true;
    for (struct role *role = roles; role < roles + ROLES; role++) {
        if (role->ended && is_reached(role, role->end) && (childless || !killing.active))
            report_end(role);
        all_quiet = all_quiet && !role->pid && waiting_in(role) == 0;
    }
    while (sync_count && is_sync_done(&syncs[0]) && have_figures()) {
        report_sync(syncs[0].token);
        memcpy(&syncs[0], &syncs[1], --sync_count * sizeof syncs[0]);
    }
    if (killing.active && childless && all_quiet)
        report_killed();
}

/* --- the loop ---------------------------------------------------------------------------------- */

/* How long nothing need be done unless something happens; negative: for ever. */
static int64_t patience_ns(void) {
    if (unreaped)
        return 0;
    if (killing.active)
        return 2000000;
    uint64_t next = memory.paused ? look.next_ns : is_sampling() ? memory.next_ns : UINT64_MAX;
    if (arrival_ns < next && awaits_listeners())
        next = arrival_ns;
    if (next == UINT64_MAX)
        return -1;
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    return next > now ? (int64_t)(next - now) : 0;
}

/* Returns whether the connection has something to say. */
static bool wait_for_something(long connection) {
    enum { ASKING = 2, PIPES = ASKING + ROLES };
    struct pollfd set[PIPES + ROLES] = {
        {.fd = (int)signals, .events = POLLIN},
        {.fd = (int)connection, .events = unsent() ? POLLIN | POLLOUT : POLLIN},
    };
    size_t count = PIPES;
    listen_for_memfds(set + ASKING);
    for (size_t i = 0; i < ROLES && unsent() < UNSENT_MAX; i++)
        if (roles[i].pipe >= 0)
            set[count++] = (struct pollfd){.fd = (int)roles[i].pipe, .events = POLLIN};
    int64_t limit_ns = patience_ns();
    struct timespec limit = {.tv_sec = limit_ns / 1000000000, .tv_nsec = limit_ns % 1000000000};
    SYS(ppoll, set, count, limit_ns < 0 ? NULL : &limit, NULL, SIGNAL_SET_BYTES);
    unreaped = unreaped || set[0].revents;
    serve_memfds(set + ASKING);
    return set[1].revents & ~POLLOUT;
}

/* What is paused needs no more memory, unless it goes on. */
static void look_around(void) {
    if (!memory.paused && !is_sampling())
        return;
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    if (memory.paused && now >= look.next_ns && stop_again())
        check_memory();
    else if (is_sampling() && now >= memory.next_ns)
        sample();
}

static void serve(long connection) {
    for (;; transmit(connection)) {
        if (wait_for_something(connection))
            receive(connection);
        pause_now();
        if (killing.active && !childless)
            kill_all();
        if (unreaped)
            reap();
        for (uint8_t i = 0; i < ROLES; i++)
            forward(i);
        look_around();
        report();
    }
}

static void prepare(void) {
    uint64_t all = ~(uint64_t)0, child = (uint64_t)1 << (SIGCHLD - 1);
    SYS(prctl, PR_SET_DUMPABLE, 0); /* user code has our uid: now it can neither trace us nor read our memory */
    SYS(prctl, PR_SET_NO_NEW_PRIVS, 1);
    SYS(prctl, PR_SET_CHILD_SUBREAPER, 1);
    take_files();
    SYS(socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, arrivals);
    SYS(rt_sigprocmask, SIG_SETMASK, &all, NULL, SIGNAL_SET_BYTES);
    signals = SYS(signalfd4, -1, &child, SIGNAL_SET_BYTES, SFD_NONBLOCK | SFD_CLOEXEC);
    exec_errno = (int *)SYS(mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    self = (int)SYS(getpid, 0);
    own_namespace = self == 1;
    has_own_ipc = is_ipc_our_own();
    for (size_t i = 0; i < ROLES; i++)
        roles[i].pipe = listeners[i].fd = -1;
}

static bool take_emulator(char **environment, struct emulator *emulator) {
    static const char name[] = "LAMBDA_EMU_INIT=";
    for (; *environment; environment++)
        if (begins_with(*environment, name)) {
            bool right = read_emulator(*environment + sizeof name - 1, emulator);
            memset(*environment, 0, length_of(*environment)); /* /proc/1/environ shows this memory */
            return right;
        }
    return false;
}

static void say_hello(const struct emulator *emulator) {
    size_t length = length_of(emulator->secret);
    out.bytes[out.end++] = 0; /* by this the listener knows us from an HTTP request */
    unsigned char *at = begin_frame('H', 0, 2 + length);
    *at++ = PROTOCOL;
    *at++ = (unsigned char)find_figures(emulator->without_engine);
    memcpy(at, emulator->secret, length);
}

__attribute__((used)) static void run(long *stack) {
    static struct emulator emulator;
    if (stack[0] == 2 && begins_with((char *)stack[2], "loopback"))
        SYS(exit_group, bring_loopback_up() < 0);
    char **environment = (char **)stack + 1 + stack[0] + 1;
    prepare();
    read_page_size(environment);
    if (!take_emulator(environment, &emulator))
        finish("LAMBDA_EMU_INIT must be [<socket>|]<host>:<port>:<secret>[:processes]");
    filters_calls = emulator.without_engine;
    if (emulator.without_engine)
        leave_keyring();
    long connection = emulator.socket[0] ? dial_here(emulator.socket) : -ENOENT;
    passes_descriptors = connection >= 0;
    if (!passes_descriptors && emulator.host[0])
        connection = dial_host(&emulator);
    if (connection < 0)
        finish(connection == -ENOENT && emulator.host[0] ? "the emulator's host is not in /etc/hosts" : "cannot connect to the emulator");
    say_hello(&emulator);
    memset(&emulator, 0, sizeof emulator);
    serve(connection);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call run\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n mov x0, sp\n and sp, x0, #-16\n bl run\n");
#endif
