#include "processes.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

enum { ROOM = 16384, STAT_PPID = 4 };

static int pids[ROOM];
static int parents[ROOM];
static bool own_namespace;
static int self;
static long standard_input;

void processes_open(void) {
    self = (int)SYS(getpid, 0);
    own_namespace = self == 1;
    standard_input = SYS(openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
    if (standard_input < 0) { /* no /dev: a pipe nobody writes to is at its end too */
        int ends[2] = {-1, -1};
        SYS(pipe2, ends, O_CLOEXEC);
        SYS(close, ends[1]);
        standard_input = ends[0];
    }
}

uint64_t stat_field(int pid, int index) {
    char path[40], text[512], *at = text;
    compose(path, "/proc/", (uint64_t)pid, "/stat");
    if (!read_file(path, text, sizeof text))
        return 0;
    for (char *c = text; *c; c++) /* the name, field 2, may hold blanks and brackets itself */
        if (*c == ')')
            at = c;
    for (int field = 2; field < index && *at; at++)
        field += *at == ' ';
    return number_in(at, NULL);
}

static size_t list_proc(void) {
    static char entries[32768];
    size_t count = 0;
    long read, fd = SYS(openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && (read = SYS(getdents64, fd, entries, sizeof entries)) > 0) {
        for (long at = 0; at < read && count < ROOM;) {
            struct dirent *entry = (struct dirent *)(entries + at);
            int pid = (int)number_in(entry->d_name, NULL);
            if (pid && pid != self)
                pids[count++] = pid;
            at += entry->d_reclen;
        }
    }
    SYS(close, fd);
    return count;
}

static bool is_parent_ours(int parent, const bool *ours, size_t count) {
    if (parent == self)
        return true;
    size_t low = 0, high = count; /* /proc lists processes in ascending order */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (pids[middle] == parent)
            return ours[middle];
        if (pids[middle] < parent)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static size_t keep_descendants(size_t count) {
    static bool ours[ROOM];
    size_t kept = 0;
    memset(ours, 0, sizeof ours);
    for (size_t i = 0; i < count; i++)
        parents[i] = (int)stat_field(pids[i], STAT_PPID);
    for (bool found = true; found;) {
        found = false;
        for (size_t i = 0; i < count; i++)
            if (!ours[i] && is_parent_ours(parents[i], ours, count))
                found = ours[i] = true;
    }
    for (size_t i = 0; i < count; i++)
        if (ours[i])
            pids[kept++] = pids[i];
    return kept;
}

const int *processes(size_t *count) {
    *count = list_proc();
    if (!own_namespace)
        *count = keep_descendants(*count);
    return pids;
}

void signal_all(int number) {
    if (own_namespace) {
        SYS(kill, -1, number);
        return;
    }
    for (int pass = 0; pass < 3; pass++) { /* again for those who forked meanwhile */
        size_t count;
        const int *all = processes(&count);
        for (size_t i = 0; i < count; i++)
            SYS(kill, all[i], number);
    }
}

static void reset_signals(void) {
    uint64_t none = 0;
    uint64_t by_default[4] = {0}; /* struct sigaction as the kernel sees it */
    SYS(rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGNAL_SET_BYTES);
    for (int number = 1; number <= 64; number++)
        SYS(rt_sigaction, number, by_default, NULL, SIGNAL_SET_BYTES);
}

static const char *search_path(char **environment) {
    for (; *environment; environment++)
        if (begins_with(*environment, "PATH="))
            return *environment + 5;
    return "/usr/local/bin:/usr/bin:/bin";
}

static long execute(char **argv, char **environment) {
    char path[4096];
    size_t name = length_of(argv[0]) + 1;
    long failure = -ENOENT;
    for (const char *c = argv[0]; *c; c++)
        if (*c == '/')
            return SYS(execve, argv[0], argv, environment);
    for (const char *from = search_path(environment), *to; *from; from = *to ? to + 1 : to) {
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

long spawn(char *directory, char **argv, char **environment, long output, int *failure) {
    *failure = 0;
    long pid = SYS(clone, SIGCHLD);
    if (pid != 0)
        return pid;
    SYS(setsid, 0);
    reset_signals();
    SYS(dup3, standard_input, 0, 0);
    SYS(dup3, output, 1, 0);
    SYS(dup3, output, 2, 0);
    long result = SYS(chdir, directory);
    if (result == 0)
        result = execute(argv, environment);
    *failure = (int)-result;
    SYS(exit_group, 127);
    __builtin_unreachable();
}
