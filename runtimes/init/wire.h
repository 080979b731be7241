/* The connection to the emulator: dialled once, then frames in both directions, neither of which ever waits. */
#pragma once
#include "kernel.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { HEADER = 6, ORDER_MAX = 1 << 20, UNSENT_MAX = 256 << 10, REPORTS_MAX = 128 << 10, WORD_MAX = 256 };

static struct { size_t begin, end; unsigned char bytes[UNSENT_MAX + REPORTS_MAX]; } out;
static struct { size_t length; unsigned char bytes[HEADER + ORDER_MAX]; } in;

_Noreturn static void finish(const char *why);
static void obey(uint8_t kind, uint8_t role, unsigned char *payload, size_t length);

/* What LAMBDA_EMU_INIT says: <host>:<port>:<secret>[:processes] */
struct emulator { char host[WORD_MAX], secret[WORD_MAX]; uint16_t port; bool without_cgroup; };

static bool take_word(const char **text, char *word) {
    size_t length = 0;
    for (; **text && **text != ':' && length < WORD_MAX - 1; (*text)++)
        word[length++] = **text;
    word[length] = 0;
    return length > 0;
}

static bool read_emulator(const char *text, struct emulator *emulator) {
    if (!take_word(&text, emulator->host) || *text++ != ':')
        return false;
    emulator->port = (uint16_t)number_in(text, &text);
    if (*text++ != ':' || !take_word(&text, emulator->secret))
        return false;
    emulator->without_cgroup = begins_with(text, ":processes");
    return true;
}

static bool read_ipv4(const char *text, unsigned char *address) {
    for (int part = 0; part < 4; part++) {
        const char *end;
        uint64_t number = number_in(text, &end);
        if (end == text || number > 255 || (part < 3 && *end != '.'))
            return false;
        address[part] = (unsigned char)number;
        text = end + 1;
    }
    return true;
}

/* Whether one of the names in a line of /etc/hosts is this one. */
static bool line_names(const char *line, const char *name) {
    for (size_t length = length_of(name); *line && *line != '\n' && *line != '#'; line++)
        if ((*line == ' ' || *line == '\t') && begins_with(line + 1, name)) {
            char behind = line[1 + length];
            if (behind == 0 || behind == ' ' || behind == '\t' || behind == '\n' || behind == '#')
                return true;
        }
    return false;
}

static bool look_up(const char *host, unsigned char *address) {
    static char hosts[16384];
    long fd = open_to_read("/etc/hosts");
    read_text(fd, hosts, sizeof hosts);
    SYS(close, fd);
    for (const char *line = hosts; *line; line = next_line(line))
        if (line_names(line, host) && read_ipv4(line, address))
            return true;
    return false;
}

static void set_option(long fd, int level, int name, int value) {
    SYS(setsockopt, fd, level, name, &value, sizeof value);
}

/* A connected socket that does not block, or -errno (-ENOENT: /etc/hosts does not know the host); at most 10 s. */
static long dial(const struct emulator *emulator) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = __builtin_bswap16(emulator->port)};
    unsigned char *address = (unsigned char *)&to.sin_addr;
    if (!read_ipv4(emulator->host, address) && !look_up(emulator->host, address))
        return -ENOENT;
    long fd = SYS(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 10};
    SYS(setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    long failure = SYS(connect, fd, &to, sizeof to);
    if (failure < 0)
        return failure;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1); /* an emulator on another machine may vanish without a word */
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    SYS(fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK);
    return fd;
}

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

static void transmit(long connection) {
    if (unsent() == 0)
        return;
    long count = SYS(sendto, connection, out.bytes + out.begin, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && count != -EAGAIN && count != -EINTR)
        finish(NULL);
    if (count > 0)
        out.begin += (size_t)count;
    if (out.begin == out.end)
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
