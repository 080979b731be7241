#include "dial.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

static bool take(const char **text, char *field, size_t room) {
    size_t length = 0;
    while ((*text)[length] && (*text)[length] != ':')
        length++;
    if (length == 0 || length >= room)
        return false;
    memcpy(field, *text, length);
    field[length] = 0;
    *text += length;
    return true;
}

bool read_address(const char *text, struct emulator *emulator) {
    if (!take(&text, emulator->host, sizeof emulator->host) || *text++ != ':')
        return false;
    emulator->port = (uint16_t)number_in(text, &text);
    if (*text++ != ':' || !take(&text, emulator->secret, sizeof emulator->secret))
        return false;
    emulator->processes = begins_with(text, ":processes");
    return true;
}

static bool parse_ipv4(const char *text, unsigned char *address) {
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

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static bool line_names(const char *line, const char *host) {
    size_t length = length_of(host);
    while (*line && *line != '\n' && *line != '#') {
        while (is_blank(*line))
            line++;
        const char *word = line;
        while (*line && *line != '\n' && *line != '#' && !is_blank(*line))
            line++;
        if ((size_t)(line - word) == length && begins_with(word, host))
            return true;
    }
    return false;
}

static bool look_up(const char *host, unsigned char *address) {
    static char hosts[16384];
    if (parse_ipv4(host, address))
        return true;
    if (!read_file("/etc/hosts", hosts, sizeof hosts))
        return false;
    for (const char *line = hosts; *line; line++) {
        if (line_names(line, host) && parse_ipv4(line, address))
            return true;
        while (*line && *line != '\n')
            line++;
        if (!*line)
            break;
    }
    return false;
}

static void set(long fd, int level, int name, int value) {
    SYS(setsockopt, fd, level, name, &value, sizeof value);
}

long dial(const struct emulator *emulator) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = __builtin_bswap16(emulator->port)};
    if (!look_up(emulator->host, (unsigned char *)&to.sin_addr))
        return -ENOENT;
    long fd = SYS(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    struct timeval limit = {.tv_sec = 10};
    SYS(setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    long failure = SYS(connect, fd, &to, sizeof to);
    if (failure < 0)
        return failure;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1); /* an emulator on another machine may vanish without a word */
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    SYS(fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK);
    return fd;
}
