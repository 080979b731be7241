/* Finding the emulator: what LAMBDA_EMU_INIT says, and the one connection that follows from it. */
#pragma once
#include "kernel.h"
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum { WORD_MAX = 256, SOCKET_PATH_MAX = sizeof ((struct sockaddr_un *)0)->sun_path };

/* What LAMBDA_EMU_INIT says: [<socket>|]<host>:<port>:<secret>[:processes] */
struct emulator { char socket[SOCKET_PATH_MAX], host[WORD_MAX], secret[WORD_MAX]; uint16_t port; bool without_engine; };

static bool take_word(const char **text, char until, char *word, size_t room) {
    size_t length = 0;
    for (; **text && **text != until && length < room - 1; (*text)++)
        word[length++] = **text;
    word[length] = 0;
    return length > 0;
}

static bool read_emulator(const char *text, struct emulator *emulator) {
    bool has_socket = *text == '/' || *text == '.';
    if (has_socket && (!take_word(&text, '|', emulator->socket, SOCKET_PATH_MAX) || *text++ != '|'))
        return false;
    if ((!take_word(&text, ':', emulator->host, WORD_MAX) && !has_socket) || *text++ != ':')
        return false;
    emulator->port = (uint16_t)number_in(text, &text);
    if (*text++ != ':' || !take_word(&text, ':', emulator->secret, WORD_MAX))
        return false;
    emulator->without_engine = begins_with(text, ":processes");
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

/* `init loopback`: what a new network namespace needs done by who made it, before the emulator is called from in there.
   ip(8) may be missing. Returns 0 or -errno. */
static long bring_loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    long fd = SYS(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? fd : SYS(ioctl, fd, SIOCSIFFLAGS, &request);
}

/* Both return a connected socket that does not block, or -errno. */
static long dial_here(const char *path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, path, length_of(path));
    long fd = SYS(socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    long failure = SYS(connect, fd, &to, sizeof to);
    if (failure < 0) {
        SYS(close, fd);
        return failure;
    }
    SYS(fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK);
    return fd;
}

/* -ENOENT: /etc/hosts does not know the host; at most 10 s. */
static long dial_host(const struct emulator *emulator) {
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
