#include "sys.h"
#include <fcntl.h>
#include <time.h>

void *memcpy(void *to, const void *from, size_t length) {
    for (size_t i = 0; i < length; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t length) {
    for (size_t i = 0; i < length; i++)
        ((char *)to)[i] = (char)value;
    return to;
}

void *memmove(void *to, const void *from, size_t length) {
    if (to <= from)
        return memcpy(to, from, length);
    while (length--)
        ((char *)to)[length] = ((const char *)from)[length];
    return to;
}

size_t length_of(const char *text) {
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

bool begins_with(const char *text, const char *prefix) {
    while (*prefix)
        if (*text++ != *prefix++)
            return false;
    return true;
}

uint64_t number_in(const char *text, const char **end) {
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    if (end)
        *end = text;
    return number;
}

void compose(char *to, const char *before, uint64_t number, const char *after) {
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (*before)
        *to++ = *before++;
    while (count)
        *to++ = digits[--count];
    memcpy(to, after, length_of(after) + 1);
}

bool read_text(long fd, char *to, size_t room) {
    long count = SYS(pread64, fd, to, room - 1, 0);
    to[count > 0 ? count : 0] = 0;
    return count >= 0;
}

bool read_file(const char *path, char *to, size_t room) {
    long fd = SYS(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = read_text(fd, to, room);
    SYS(close, fd);
    return done;
}

uint64_t clock_ns(long clock) {
    struct timespec at = {0};
    SYS(clock_gettime, clock, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

uint64_t now_ms(void) {
    return clock_ns(CLOCK_MONOTONIC) / 1000000;
}
