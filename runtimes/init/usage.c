#include "usage.h"
#include "processes.h"
#include <fcntl.h>
#include <sys/resource.h>

enum { STAT_WAITED_USER = 16, STAT_WAITED_SYSTEM = 17, TICK_US = 10000 };

/* Where each kind keeps its figures; "" is a file that holds one number. */
static const struct place {
    const char *memory, *memory_key, *events, *cpu, *cpu_key;
    uint64_t cpu_per_us;
} PLACES[] = {
    [FROM_CGROUP_1] = {"/sys/fs/cgroup/memory/memory.stat", "total_rss ", "/sys/fs/cgroup/memory/memory.oom_control",
                       "/sys/fs/cgroup/cpuacct/cpuacct.usage", "", 1000},
    [FROM_CGROUP_2] = {"/sys/fs/cgroup/memory.stat", "anon ", "/sys/fs/cgroup/memory.events",
                       "/sys/fs/cgroup/cpu.stat", "usage_usec ", 1},
};

static const struct place *place;
static long memory_fd, events_fd, cpu_fd;

static long open_to_read(const char *path) {
    return SYS(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

enum figures usage_open(bool processes) {
    for (enum figures kind = FROM_CGROUP_1; !processes && kind <= FROM_CGROUP_2; kind++) {
        memory_fd = open_to_read(PLACES[kind].memory);
        events_fd = open_to_read(PLACES[kind].events); /* version 2's root has none: it is not ours */
        cpu_fd = open_to_read(PLACES[kind].cpu);
        if (memory_fd >= 0 && events_fd >= 0) {
            place = &PLACES[kind];
            return kind;
        }
    }
    return FROM_PROCESSES;
}

static uint64_t value_of(long fd, const char *key) {
    char text[8192];
    if (!read_text(fd, text, sizeof text))
        return 0;
    for (const char *line = text; *line; line++) {
        if (begins_with(line, key)) {
            line += length_of(key);
            while (*line == ' ' || *line == '\t')
                line++;
            return number_in(line, NULL);
        }
        while (*line && *line != '\n')
            line++;
        if (!*line)
            break;
    }
    return 0;
}

static uint64_t anonymous_bytes(int pid) {
    char path[40];
    compose(path, "/proc/", (uint64_t)pid, "/status");
    long fd = open_to_read(path);
    uint64_t kilobytes = value_of(fd, "RssAnon:");
    SYS(close, fd);
    return kilobytes * 1024;
}

uint64_t usage_memory(void) {
    if (place)
        return value_of(memory_fd, place->memory_key);
    size_t count;
    const int *all = processes(&count);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += anonymous_bytes(all[i]);
    return sum;
}

uint32_t usage_oom_kills(void) {
    return place ? (uint32_t)value_of(events_fd, "oom_kill ") : 0;
}

static uint64_t process_cpu_us(int pid) {
    long process_clock = ((long)~pid << 3) | 2; /* as clock_getcpuclockid(3) makes it: time on the CPU, to the nanosecond */
    uint64_t waited = stat_field(pid, STAT_WAITED_USER) + stat_field(pid, STAT_WAITED_SYSTEM);
    return clock_ns(process_clock) / 1000 + waited * TICK_US;
}

static uint64_t microseconds(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

uint64_t usage_cpu_us(void) {
    if (place)
        return value_of(cpu_fd, place->cpu_key) / place->cpu_per_us;
    struct rusage gone = {0};
    SYS(getrusage, RUSAGE_CHILDREN, &gone);
    uint64_t sum = microseconds(gone.ru_utime) + microseconds(gone.ru_stime);
    size_t count;
    const int *all = processes(&count);
    for (size_t i = 0; i < count; i++)
        sum += process_cpu_us(all[i]);
    return sum;
}
