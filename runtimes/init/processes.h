/* The processes of the environment, which are all but init: starting, signalling, and what they use. */
#pragma once
#include "confine.h"
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

enum { ROLES = 32, PROCESSES_MAX = 16384, PID_LIMIT = 1 << 22, TICK_US = 10000 };
enum { STAT_STATE = 3, STAT_PARENT = 4, STAT_WAITED_USER = 16, STAT_WAITED_SYSTEM = 17 }; /* proc_pid_stat(5) */

static bool own_namespace;
static int self, pids[PROCESSES_MAX];

/* A process, or a thread of one: /proc finds both. */
struct proc_path { char text[40]; };
static struct proc_path proc_path(int pid, const char *name) {
    struct proc_path path = {"/proc/"};
    char *behind = put_number(path.text + 6, (uint64_t)pid);
    memcpy(behind, name, length_of(name) + 1);
    return path;
}

/* What a file of /proc/<pid> says; empty when the process is gone. */
static void read_proc(int pid, const char *name, char *to, size_t room) {
    long fd = open_to_read(proc_path(pid, name).text);
    read_text(fd, to, room);
    SYS(close, fd);
}

/* Where a field of /proc/<pid>/stat begins in `text`, which is filled. */
static const char *read_stat(int pid, int index, char *text, size_t room) {
    const char *at = text;
    read_proc(pid, "/stat", text, room);
    for (const char *c = text; *c; c++) /* the name, field 2, may hold blanks and brackets itself */
        if (*c == ')')
            at = c;
    for (int field = 2; field < index && *at; at++)
        field += *at == ' ';
    return at;
}

static uint64_t stat_field(int pid, int index) {
    char text[512];
    return number_in(read_stat(pid, index, text, sizeof text), NULL);
}

/* The numbers among a folder's names: processes, or threads. */
static size_t list_numbers(const char *folder, int *to, size_t room) {
    static char entries[32768];
    size_t count = 0;
    long length, fd = SYS(openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while ((length = SYS(getdents64, fd, entries, sizeof entries)) > 0)
        for (long at = 0; at < length && count < room; at += ((struct dirent *)(entries + at))->d_reclen) {
            uint64_t number = number_in(((struct dirent *)(entries + at))->d_name, NULL);
            if (number && number < PID_LIMIT && (int)number != self)
                to[count++] = (int)number;
        }
    SYS(close, fd);
    return count;
}

static size_t keep_descendants(size_t count) {
    static bool ours[PID_LIMIT];
    static int parents[PROCESSES_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        parents[i] = (int)stat_field(pids[i], STAT_PARENT);
        ours[pids[i]] = parents[i] == self;
    }
    for (bool found = true; found;) {
        found = false;
        for (size_t i = 0; i < count; i++)
            if (!ours[pids[i]] && ours[parents[i]])
                found = ours[pids[i]] = true;
    }
    for (size_t i = 0; i < count; i++)
        if (ours[pids[i]])
            pids[kept++] = pids[i];
    for (size_t i = 0; i < kept; i++)
        ours[pids[i]] = false; /* the next to have this number may be anybody's */
    return kept;
}

/* Fills pids. In a PID namespace of our own everybody is ours. */
static size_t list_processes(void) {
    size_t count = list_numbers("/proc", pids, PROCESSES_MAX);
    return own_namespace ? count : keep_descendants(count);
}

static void signal_all(int number) {
    if (own_namespace)
        SYS(kill, -1, number);
    for (int pass = 0; pass < 3 && !own_namespace; pass++) /* again, for those who forked meanwhile */
        for (size_t i = 0, count = list_processes(); i < count; i++)
            SYS(kill, pids[i], number);
}

/* Stopped first, where they cannot be killed all at once: so none sees another's end and acts on it. */
static void kill_all(void) {
    if (!own_namespace)
        signal_all(SIGSTOP);
    signal_all(SIGKILL);
}

/* --- starting ---------------------------------------------------------------------------------- */

static long standard_input(void) {
    long fd = open_to_read("/dev/null");
    if (fd >= 0)
        return fd;
    int ends[2] = {-1, -1}; /* no /dev: a pipe that nobody writes to is at its end too */
    SYS(pipe2, ends, O_CLOEXEC);
    SYS(close, ends[1]);
    return ends[0];
}

/* What the first string that begins with `name` goes on with, else `without`. */
static const char *variable(char **environment, const char *name, const char *without) {
    for (; *environment; environment++)
        if (begins_with(*environment, name))
            return *environment + length_of(name);
    return without;
}

static const char *search_path(char **environment) {
    return variable(environment, "PATH=", "/usr/local/bin:/usr/bin:/bin");
}

static long execute(char **argv, char **environment) {
    char path[4096];
    size_t name = length_of(argv[0]) + 1;
    for (const char *c = argv[0]; *c; c++)
        if (*c == '/')
            return SYS(execve, argv[0], argv, environment);
    long failure = -ENOENT;
    for (const char *from = search_path(environment), *to = from; *from; from = *to ? to + 1 : to) {
        for (to = from; *to && *to != ':';)
            to++;
        size_t length = (size_t)(to - from);
        if (length == 0 || length + 1 + name > sizeof path)
            continue;
        memcpy(path, from, length);
        path[length] = '/';
        memcpy(path + length + 1, argv[0], name);
        long result = SYS(execve, path, argv, environment);
        if (result != -ENOENT && result != -ENOTDIR)
            failure = result;
    }
    return failure;
}

static bool filters_calls; /* of what we start: where no engine does */
static int arrivals[2];    /* a pair of sockets: by the second, what we start sends us its listener for memfds */

static long execute_confined(char **argv, char **environment) {
    long failure = filters_calls ? filter_calls() : 0;
    return failure < 0 ? failure : execute(argv, environment);
}

static struct rlimit files; /* of what we start */

/* What we start keeps the limit of files that was ours; we take all we may have. A user's descriptors on their way in Unix
   sockets count together, against the limit of who sends one more: so none of ours can be kept from being sent. */
static void take_files(void) {
    SYS(prlimit64, 0, RLIMIT_NOFILE, NULL, &files);
    struct rlimit most = {files.rlim_max, files.rlim_max};
    SYS(prlimit64, 0, RLIMIT_NOFILE, &most, NULL);
    files.rlim_max = files.rlim_cur;
}

/* Which descriptors a process has. False: it is not known, for its folder cannot be read; who is gone has none. */
static bool look_at_descriptors(int pid, void (*see)(long folder, const char *name, const char *target)) {
    static char entries[8192];
    long length, folder = SYS(openat, AT_FDCWD, proc_path(pid, "/fd").text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while ((length = SYS(getdents64, folder, entries, sizeof entries)) > 0)
        for (long at = 0; at < length; at += ((struct dirent *)(entries + at))->d_reclen) {
            const char *name = ((struct dirent *)(entries + at))->d_name;
            char target[32] = {0};
            SYS(readlinkat, folder, name, target, sizeof target - 1);
            see(folder, name, target);
        }
    SYS(close, folder);
    return folder != -EACCES && folder != -EPERM;
}

/* The way to stdout's pipe for log records. It is opened anew, so that it waits where the pipe is full: Node.js has its
   stdout not wait, which holds for all that was duplicated of one and the same descriptor. Without /proc it is stdout's. */
static void open_log(long number) {
    long fd = SYS(openat, AT_FDCWD, "/proc/self/fd/1", O_WRONLY);
    if (fd == number)
        return;
    SYS(dup3, fd < 0 ? 1 : fd, number, 0);
    if (fd >= 0)
        SYS(close, fd);
}

/* Starts a program with `output` as stdout and stderr, and as the descriptor for log records if its environment names
   one: one pipe, so everything is in the order in which it was written. Returns its pid or -errno; *failure, memory shared with the
   child, gets the errno when that cannot execute it, and -errno when the directory cannot be had. */
static long spawn(char *directory, char **argv, char **environment, long output, struct start start, int *failure) {
    *failure = 0;
    long pid = SYS(clone, SIGCHLD);
    if (pid != 0)
        return pid;
    uint64_t no_signals = 0, default_action[4] = {0};
    for (int number = 1; number <= 64; number++)
        SYS(rt_sigaction, number, default_action, NULL, SIGNAL_SET_BYTES);
    SYS(rt_sigprocmask, SIG_SETMASK, &no_signals, NULL, SIGNAL_SET_BYTES);
    ask_for_memfds(arrivals[1], start);
    SYS(prlimit64, 0, RLIMIT_NOFILE, &files, NULL);
    SYS(setsid, 0);
    SYS(dup3, standard_input(), 0, 0);
    SYS(dup3, output, 1, 0);
    SYS(dup3, output, 2, 0);
    uint64_t log = number_in(variable(environment, "_LAMBDA_TELEMETRY_LOG_FD=", "0"), NULL);
    if (log > 2 && log < 1024)
        open_log((long)log);
    long result = SYS(chdir, directory);
    *failure = (int)(result < 0 ? result : -execute_confined(argv, environment));
    SYS(exit_group, 127);
    __builtin_unreachable();
}

/* --- what they use ----------------------------------------------------------------------------- */

/* HELLO's second byte. Each cgroup version keeps its figures elsewhere; the key "" is a file of one number. */
enum figures { FROM_PROCESSES, FROM_CGROUP_1, FROM_CGROUP_2 };
static const struct place {
    const char *memory, *memory_key, *events, *cpu, *cpu_key;
    uint64_t cpu_per_us;
} PLACES[] = {
    [FROM_CGROUP_1] = {"/sys/fs/cgroup/memory/memory.stat", "total_rss ", "/sys/fs/cgroup/memory/memory.oom_control",
                       "/sys/fs/cgroup/cpuacct/cpuacct.usage", "", 1000},
    [FROM_CGROUP_2] = {"/sys/fs/cgroup/memory.stat", "anon ", "/sys/fs/cgroup/memory.events",
                       "/sys/fs/cgroup/cpu.stat", "usage_usec ", 1},
};
static const struct place *place; /* NULL: FROM_PROCESSES */
static long memory_file, events_file, cpu_file;

static enum figures find_figures(bool without_engine) {
    for (enum figures kind = FROM_CGROUP_1; !without_engine && kind <= FROM_CGROUP_2; kind++) {
        memory_file = open_to_read(PLACES[kind].memory);
        events_file = open_to_read(PLACES[kind].events); /* version 2 has none at its root, which is not ours */
        cpu_file = open_to_read(PLACES[kind].cpu);
        if (memory_file >= 0 && events_file >= 0) {
            place = &PLACES[kind];
            return kind;
        }
    }
    return FROM_PROCESSES;
}

/* The number behind a key at the beginning of a line, 0 when there is none. */
static uint64_t number_of(const char *text, const char *key) {
    for (; *text; text = next_line(text)) {
        const char *behind = begins_with(text, key) ? skip_blanks(text + length_of(key)) : text;
        if (behind > text || *key == 0)
            return number_in(behind, NULL);
    }
    return 0;
}

static uint64_t number_in_file(long fd, const char *key) {
    char text[8192];
    read_text(fd, text, sizeof text);
    return number_of(text, key);
}

/* By the kernel, since the environment began. */
static uint32_t oom_kills(void) {
    return place ? (uint32_t)number_in_file(events_file, "oom_kill ") : 0;
}

static uint64_t microseconds(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

/* Since the environment began: of the dead, of the living, and of those that the living have waited for. */
static uint64_t cpu_us(void) {
    if (place)
        return number_in_file(cpu_file, place->cpu_key) / place->cpu_per_us;
    struct rusage dead = {0};
    SYS(getrusage, RUSAGE_CHILDREN, &dead);
    uint64_t sum = microseconds(dead.ru_utime) + microseconds(dead.ru_stime);
    for (size_t i = list_processes(); i--;) {
        long clock_of_process = ((long)~pids[i] << 3) | 2; /* as clock_getcpuclockid(3) makes it */
        uint64_t waited = stat_field(pids[i], STAT_WAITED_USER) + stat_field(pids[i], STAT_WAITED_SYSTEM);
        sum += clock_ns(clock_of_process) / 1000 + waited * TICK_US;
    }
    return sum;
}
