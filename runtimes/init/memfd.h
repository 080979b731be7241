/* Files in memory that have no name, as memfd_create(2) makes them. They count as long as somebody has them: open, mapped,
   or on their way in a socket. So init makes them for who asks, and keeps a handle. docs/decisions/memory.md */
#pragma once
#include "frozen.h"
#include <linux/memfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { MEMFDS_MAX = 1024, NAME_BYTES = 250 /* with its end, the kernel's limit */, LOOKS = 2, SEARCH_SHARE = 20,
       KCMP_FILES = 2 /* linux/kcmp.h */ };

/* missed: how many looks in turn did not find it. At the first it counts no more, at the second it is let go: it may have
   been passed from one process to another meanwhile. */
static struct memfd { long handle; uint64_t inode; int missed; } memfds[MEMFDS_MAX];
static size_t memfd_count;
static struct { uint64_t next_ns; bool hides; } search; /* hides: somebody may have some where they cannot be seen */

static struct memfd *find_memfd(uint64_t inode) {
    for (size_t i = 0; i < memfd_count; i++)
        if (memfds[i].inode == inode)
            return &memfds[i];
    return NULL;
}

/* --- who has them ------------------------------------------------------------------------------ */

static void see_memfd(uint64_t inode) {
    struct memfd *found = find_memfd(inode);
    if (found)
        found->missed = 0;
}

/* A socket in which descriptors are on their way hides what they are. */
static void see_descriptor(long folder, const char *name, const char *target) {
    struct stat status = {0};
    if (begins_with(target, "/memfd:") && SYS(newfstatat, folder, name, &status, 0) == 0)
        see_memfd(status.st_ino);
    if (!begins_with(target, "socket:["))
        return;
    char path[32] = "../fdinfo/", text[1024];
    char *behind = path + length_of(path);
    memcpy(behind, name, length_of(name) + 1);
    long fd = SYS(openat, folder, path, O_RDONLY | O_CLOEXEC);
    read_text(fd, text, sizeof text);
    SYS(close, fd);
    search.hides = search.hides || number_of(text, "scm_fds:");
}

/* A line of maps or smaps: address, permissions, offset, device, inode, path. */
static uint64_t inode_of_mapping(const char *line) {
    for (int field = 0; field < 4; field++) {
        while (*line && *line != ' ')
            line++;
        line = skip_blanks(line);
    }
    return number_in(line, NULL);
}

static void see_mapping(const char *line) {
    see_memfd(inode_of_mapping(line));
}

/* Threads of a process may have descriptors of their own. */
static void look_into(int pid) {
    for (size_t i = list_threads(pid); i--;)
        if (threads[i] == pid || SYS(kcmp, pid, threads[i], KCMP_FILES, 0, 0) != 0)
            search.hides = !look_at_descriptors(threads[i], see_descriptor) || search.hides;
    search.hides = !read_lines(proc_path(pid, "/maps").text, see_mapping) || search.hides;
}

/* Lets those go that nobody has any more; not in more than a twentieth of the time, unless it must be known. */
static void search_memfds(bool at_once) {
    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    if (!memfd_count || (began < search.next_ns && !at_once))
        return;
    for (size_t i = 0; i < memfd_count; i++)
        memfds[i].missed++;
    search.hides = false;
    for (size_t i = list_processes(); i--;)
        look_into(pids[i]);
    for (size_t i = memfd_count; i--;)
        if (search.hides)
            memfds[i].missed = 0;
        else if (memfds[i].missed >= LOOKS) {
            SYS(close, memfds[i].handle);
            memfds[i] = memfds[--memfd_count];
        }
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    search.next_ns = now + (now - began) * SEARCH_SHARE;
}

/* As of the last search; what they hold is that of now. */
static uint64_t memfd_kilobytes(void) {
    uint64_t sum = 0;
    for (size_t i = 0; i < memfd_count; i++) {
        struct stat status = {0};
        if (!memfds[i].missed && SYS(fstat, memfds[i].handle, &status) == 0)
            sum += (uint64_t)status.st_blocks / 2;
    }
    return sum;
}

/* --- making them ------------------------------------------------------------------------------- */

enum { ARRIVAL_NS = 5000000 };

/* By which the processes of a role ask, -1: there is none. awaited: the one that starts will send its own. */
static struct { long fd; uint8_t number; bool awaited; } listeners[ROLES];
static uint64_t arrival_ns; /* when to look; nothing wakes us: it would take the processor from who is just beginning */

static bool awaits_listeners(void) {
    for (size_t i = 0; i < ROLES; i++)
        if (listeners[i].awaited)
            return true;
    return false;
}

static struct start await_listener(uint8_t role) {
    listeners[role].awaited = true;
    arrival_ns = clock_ns(CLOCK_MONOTONIC) + ARRIVAL_NS;
    return (struct start){role, ++listeners[role].number};
}

static void set_listener(size_t role, long listener) {
    if (listeners[role].fd >= 0)
        SYS(close, listeners[role].fd);
    listeners[role].fd = listener;
}

/* When all processes are gone. */
static void forget_memfds(void) {
    while (memfd_count)
        SYS(close, memfds[--memfd_count].handle);
    for (size_t i = 0; i < ROLES; i++)
        set_listener(i, -1);
}

/* Those who ask by a listener that another replaces are told by the kernel that there are no such files. */
static void take_listeners(void) {
    struct start start;
    union one_descriptor control;
    struct iovec bytes = {&start, sizeof start};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control};
    for (;;) {
        message.msg_controllen = sizeof control;
        if (SYS(recvmsg, arrivals[0], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof start)
            break;
        long fd = message.msg_controllen ? *(int *)CMSG_DATA(&control.head) : -1;
        if (start.number == listeners[start.role].number) {
            set_listener(start.role, fd);
            listeners[start.role].awaited = false;
        } else if (fd >= 0) /* it has been started again since */
            SYS(close, fd);
    }
    arrival_ns = clock_ns(CLOCK_MONOTONIC) + ARRIVAL_NS;
}

/* Returns the file as memfd_create would have made it for who asks, or -errno. */
static long make_memfd(const struct seccomp_notif *asked) {
    char name[NAME_BYTES + 1] = {0};
    for (int looks = 0; memfd_count == MEMFDS_MAX && looks < LOOKS; looks++)
        search_memfds(true);
    if (memfd_count == MEMFDS_MAX)
        return -ENFILE;
    long memory = open_to_read(proc_path((int)asked->pid, "/mem").text); /* not that of who keeps it to himself */
    long count = memory < 0 ? 0 : SYS(pread64, memory, name, NAME_BYTES, asked->data.args[0]);
    SYS(close, memory);
    return count < 0 ? -EFAULT : SYS(memfd_create, name, asked->data.args[1] | MFD_CLOEXEC);
}

static void keep_handle(long fd) {
    struct stat status = {0};
    struct proc_path path = proc_path(self, "/fd/");
    *put_number(path.text + length_of(path.text), (uint64_t)fd) = 0;
    long handle = SYS(openat, AT_FDCWD, path.text, O_PATH | O_CLOEXEC);
    if (handle >= 0 && SYS(fstat, handle, &status) == 0)
        memfds[memfd_count++] = (struct memfd){.handle = handle, .inode = status.st_ino};
}

/* Somebody asks for one. Where the kernel cannot take it from us, he makes it himself. */
static void answer_memfd(long listener) {
    struct seccomp_notif asked = {0};
    if (SYS(ioctl, listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
        return;
    search_memfds(false);
    long fd = make_memfd(&asked);
    struct seccomp_notif_addfd given = {.id = asked.id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)fd,
                                        .newfd_flags = asked.data.args[1] & MFD_CLOEXEC ? O_CLOEXEC : 0};
    if (fd >= 0)
        keep_handle(fd);
    long done = fd < 0 ? fd : SYS(ioctl, listener, SECCOMP_IOCTL_NOTIF_ADDFD, &given);
    struct seccomp_notif_resp answer = {.id = asked.id, .error = (int)done};
    if (fd >= 0 && done == -EINVAL) {
        answer.error = 0;
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    if (done < 0)
        SYS(ioctl, listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    if (fd >= 0)
        SYS(close, fd);
}

/* Fills one place a role. */
static void listen_for_memfds(struct pollfd *set) {
    for (size_t i = 0; i < ROLES; i++)
        set[i] = (struct pollfd){.fd = (int)listeners[i].fd, .events = POLLIN};
}

static void serve_memfds(const struct pollfd *set) {
    for (size_t i = 0; i < ROLES; i++)
        if (set[i].revents & POLLIN)
            answer_memfd(listeners[i].fd);
        else if (set[i].revents) /* all who could ask have ended */
            set_listener(i, -1);
    if (awaits_listeners())
        take_listeners();
}
