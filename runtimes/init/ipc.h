/* Memory, semaphores and queues that outlive who made them: they count as long as they are there, and a reset leaves none. */
#pragma once
#include "processes.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>

enum { HOSTS_IPC_NAMESPACE = 0xEFFFFFFF }; /* its inode on every Linux: PROC_IPC_INIT_INO */
enum { SEMAPHORE_BYTES = 64, SEMAPHORE_SET_BYTES = 256, MESSAGE_BYTES = 64 }; /* what the kernel takes for each */

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

static bool has_own_ipc; /* who has a PID namespace has one for these too, but for a mistake */

static bool is_ipc_our_own(void) {
    struct stat status = {0};
    SYS(newfstatat, AT_FDCWD, "/proc/self/ns/ipc", &status, 0);
    return own_namespace && status.st_ino && status.st_ino != HOSTS_IPC_NAMESPACE;
}

/* Attached or not. The kernel has the sums at hand. */
static uint64_t ipc_kilobytes(void) {
    struct shm_info memory = {0};
    struct seminfo semaphores = {0};
    struct msginfo messages = {0};
    if (!has_own_ipc)
        return 0;
    SYS(shmctl, 0, SHM_INFO, &memory);
    SYS(semctl, 0, 0, SEM_INFO, &semaphores);
    SYS(msgctl, 0, MSG_INFO, &messages);
    uint64_t bytes = (uint64_t)semaphores.semaem * SEMAPHORE_BYTES + (uint64_t)semaphores.semusz * SEMAPHORE_SET_BYTES +
                     (uint64_t)messages.msgmap * MESSAGE_BYTES + (uint64_t)messages.msgtql;
    return (memory.shm_rss + memory.shm_swp) * (page_bytes / 1024) + bytes / 1024;
}

static void remove_ipc(void) {
    if (!has_own_ipc)
        return;
    for (size_t i = 0; i < sizeof SYSV / sizeof SYSV[0]; i++)
        while (remove_sysv(SYSV[i].list, SYSV[i].control)) {}
    while (remove_queues()) {}
}
