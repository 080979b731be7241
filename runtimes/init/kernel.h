/* The kernel without a libc: system calls return -errno, as the kernel does; and the few words of C that we miss. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>

#define SYSCALL_PADDED(number, a, b, c, d, e, f, ...) \
    system_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS(name, ...) SYSCALL_PADDED(SYS_##name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)

enum { SIGNAL_SET_BYTES = 8 };

static inline long system_call(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(number)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return number;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#endif
}

/* The compiler calls these two by itself. memcpy goes upwards: it may move things down within a buffer. */
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

static size_t length_of(const char *text) {
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static bool begins_with(const char *text, const char *prefix) {
    while (*prefix)
        if (*text++ != *prefix++)
            return false;
    return true;
}

static const char *skip_blanks(const char *text) {
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

static const char *next_line(const char *text) {
    while (*text && *text++ != '\n') {}
    return text;
}

/* The digits that text begins with; *end (unless NULL) is set behind them. */
static uint64_t number_in(const char *text, const char **end) {
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    if (end)
        *end = text;
    return number;
}

/* At most room - 1 bytes from the start of an open file, NUL-terminated; empty when it cannot be read. */
static void read_text(long fd, char *to, size_t room) {
    long count = SYS(pread64, fd, to, room - 1, 0);
    to[count > 0 ? count : 0] = 0;
}

static long open_to_read(const char *path) {
    return SYS(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

static uint64_t clock_ns(long clock) {
    struct timespec at = {0};
    SYS(clock_gettime, clock, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}
