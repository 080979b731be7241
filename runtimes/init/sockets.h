/* Sockets inside that the emulator holds: those that listen for it, those connected for it to what listens here, and those
   to which datagrams are sent. */
#pragma once
#include "processes.h"
#include "wire.h"
#include <netinet/in.h>
#include <sys/socket.h>

enum { BACKLOG = 128 };

/* All return a socket that does not block, or -errno. */
static long listen_at(const struct sockaddr_in *address) {
    long fd = SYS(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), again = 1;
    SYS(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &again, sizeof(int)); /* what an earlier environment had there */
    long failure = SYS(bind, fd, address, sizeof *address);
    failure = failure < 0 ? failure : SYS(listen, fd, BACKLOG);
    if (failure < 0)
        SYS(close, fd);
    return failure < 0 ? failure : fd;
}

static long dial_inside(const struct sockaddr_in *address) {
    long fd = SYS(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    long failure = SYS(connect, fd, address, sizeof *address);
    if (failure == -EINPROGRESS) /* within one kernel it is decided by now, unless its backlog is full */
        failure = SYS(connect, fd, address, sizeof *address);
    if (failure < 0)
        SYS(close, fd);
    return failure < 0 ? failure : fd;
}

static long bind_datagrams(const struct sockaddr_in *address) {
    long fd = SYS(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    long failure = SYS(bind, fd, address, sizeof *address);
    if (failure < 0)
        SYS(close, fd);
    return failure < 0 ? failure : fd;
}

/* LISTEN, DIAL and BIND: a token, an address and a port, the last two as the network has them. */
static void make_socket(uint8_t kind, const unsigned char *order) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    memcpy(&address.sin_addr, order + 4, 4);
    memcpy(&address.sin_port, order + 8, 2);
    long fd = kind == 'L' ? listen_at(&address) : kind == 'N' ? dial_inside(&address) : bind_datagrams(&address);
    if (fd >= 0)
        pass(fd);
    unsigned char *answer = begin_frame(kind, 0, 8);
    memcpy(answer, order, 4);
    put(answer + 4, fd < 0 ? (uint64_t)-fd : 0, 4);
}

static struct { uint64_t inode; bool found; } sought; /* a socket */

static void see_socket(long folder, const char *name, const char *target) {
    (void)folder, (void)name;
    sought.found = sought.found || (begins_with(target, "socket:[") && number_in(target + 8, NULL) == sought.inode);
}

/* HOLDS: whether a process of the environment has this socket, told by its inode. */
static void find_holder(const unsigned char *order) {
    sought.inode = get(order + 4, 8);
    sought.found = false;
    for (size_t i = list_processes(); i-- && !sought.found;)
        look_at_descriptors(pids[i], see_socket);
    unsigned char *answer = begin_frame('I', 0, 5);
    memcpy(answer, order, 4);
    answer[4] = sought.found;
}
