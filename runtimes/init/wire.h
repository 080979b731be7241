/* Frames to and from the emulator, neither of which ever waits. A descriptor goes with the frame that names it. */
#pragma once
#include "kernel.h"
#include <sys/socket.h>

enum { HEADER = 6, ORDER_MAX = 1 << 20, UNSENT_MAX = 256 << 10, REPORTS_MAX = 128 << 10, PASSED_MAX = 64 };

static struct { size_t begin, end; unsigned char bytes[UNSENT_MAX + REPORTS_MAX]; } out;
static struct { uint64_t sent; size_t count; struct { uint64_t at; long fd; } passed[PASSED_MAX]; } stream;
static bool passes_descriptors; /* over this connection: it is a Unix socket */
static struct { size_t length; unsigned char bytes[HEADER + ORDER_MAX]; } in;

_Noreturn static void finish(const char *why);
static void obey(uint8_t kind, uint8_t role, unsigned char *payload, size_t length);

static uint64_t get(const unsigned char *from, int bytes) {
    uint64_t number = 0;
    while (bytes--)
        number = number << 8 | *from++;
    return number;
}

static unsigned char *put(unsigned char *to, uint64_t number, int bytes) {
    for (int i = bytes; i--; number >>= 8)
        to[i] = (unsigned char)number;
    return to + bytes;
}

static size_t unsent(void) {
    return out.end - out.begin;
}

/* With the frame that is begun next; then the emulator has it, and we have it no more. */
static void pass(long fd) {
    if (stream.count == PASSED_MAX)
        finish("the emulator gives orders but does not read the answers");
    stream.passed[stream.count].at = stream.sent + unsent();
    stream.passed[stream.count++].fd = fd;
}

/* Room for a frame's payload, which the caller fills at once. */
static unsigned char *begin_frame(uint8_t kind, uint8_t role, size_t length) {
    if (out.end + HEADER + length > sizeof out.bytes) {
        memcpy(out.bytes, out.bytes + out.begin, unsent());
        out.end -= out.begin;
        out.begin = 0;
    }
    if (out.end + HEADER + length > sizeof out.bytes)
        finish("the emulator gives orders but does not read the answers");
    unsigned char *at = put(out.bytes + out.end, length, 4);
    *at++ = kind;
    *at++ = role;
    out.end += HEADER + length;
    return at;
}

/* The frame begun last is shorter than promised; of length 0, none at all. */
static void shorten_frame(unsigned char *payload, size_t length) {
    put(payload - HEADER, length, 4);
    out.end = (size_t)(payload - out.bytes) + length - (length ? 0 : HEADER);
}

/* Sends what is next, up to the next frame that has a descriptor, and the one at its beginning. */
static long transmit_some(long connection) {
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = {
        .head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    size_t here = stream.count && stream.passed[0].at == stream.sent;
    size_t length = stream.count > here ? (size_t)(stream.passed[here].at - stream.sent) : unsent();
    struct iovec bytes = {out.bytes + out.begin, length};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (here) {
        *(int *)CMSG_DATA(&control.head) = (int)stream.passed[0].fd;
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
    }
    long count = SYS(sendmsg, connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0 && here) {
        SYS(close, stream.passed[0].fd);
        memcpy(&stream.passed[0], &stream.passed[1], --stream.count * sizeof stream.passed[0]);
    }
    return count;
}

static void transmit(long connection) {
    while (unsent()) {
        long count = transmit_some(connection);
        if (count == -EAGAIN || count == -EINTR)
            return;
        if (count <= 0)
            finish(NULL);
        stream.sent += (uint64_t)count;
        out.begin += (size_t)count;
    }
    out.begin = out.end = 0;
}

/* Obeys every order that has arrived whole. */
static void receive(long connection) {
    long count = SYS(recvfrom, connection, in.bytes + in.length, sizeof in.bytes - in.length, MSG_DONTWAIT);
    if (count == -EAGAIN || count == -EINTR)
        return;
    if (count <= 0)
        finish(NULL);
    in.length += (size_t)count;
    size_t used = 0;
    while (in.length - used >= HEADER) {
        unsigned char *frame = in.bytes + used;
        size_t length = (size_t)get(frame, 4);
        if (length > ORDER_MAX)
            finish("wrong frame: longer than 1 MB");
        if (in.length - used < HEADER + length)
            break;
        obey(frame[4], frame[5], frame + HEADER, length);
        used += HEADER + length;
    }
    in.length -= used;
    memcpy(in.bytes, in.bytes + used, in.length);
}
