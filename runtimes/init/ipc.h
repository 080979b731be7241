/* Memory, semaphores and queues that outlive who made them: a reset leaves none. */
#pragma once
#include "memory.h"
#include <sys/ipc.h>

enum { HOSTS_IPC_NAMESPACE = 0xEFFFFFFF }; /* its inode on every Linux: PROC_IPC_INIT_INO */

static const struct { const char *list; long control; } SYSV[] = {
    {"/proc/sysvipc/shm", SYS_shmctl}, {"/proc/sysvipc/sem", SYS_semctl}, {"/proc/sysvipc/msg", SYS_msgctl}};

/* Returns how many went. Each line but the first is of one object: its key, its id, and more. */
static size_t remove_sysv(const char *list, long control) {
    static char text[8192];
    size_t count = 0;
    long fd = open_to_read(list);
    read_text(fd, text, sizeof text);
    SYS(close, fd);
    for (const char *line = next_line(text); *line; line = next_line(line)) {
        const char *key = skip_blanks(line), *behind;
        number_in(key + (*key == '-'), &behind);
        uint64_t id = number_in(skip_blanks(behind), NULL);
        count += system_call(control, (long)id, IPC_RMID, IPC_RMID, 0, 0, 0) == 0; /* semctl's order is third */
    }
    return count;
}

static size_t remove_queues(void) {
    static char entries[8192];
    size_t count = 0;
    long fd = SYS(openat, AT_FDCWD, "/dev/mqueue", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long length = SYS(getdents64, fd, entries, sizeof entries);
    for (long at = 0; at < length; at += ((struct dirent *)(entries + at))->d_reclen)
        count += SYS(mq_unlink, ((struct dirent *)(entries + at))->d_name) == 0;
    SYS(close, fd);
    return count;
}

/* Only where they are the environment's own: who has a PID namespace has one for these too, but for a mistake. */
static void remove_ipc(void) {
    struct stat status = {0};
    SYS(newfstatat, AT_FDCWD, "/proc/self/ns/ipc", &status, 0);
    if (!own_namespace || !status.st_ino || status.st_ino == HOSTS_IPC_NAMESPACE)
        return;
    for (size_t i = 0; i < sizeof SYSV / sizeof SYSV[0]; i++)
        while (remove_sysv(SYSV[i].list, SYSV[i].control)) {}
    while (remove_queues()) {}
}
