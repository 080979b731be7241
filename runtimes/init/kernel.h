/* The kernel without a libc: system calls return -errno, as the kernel does; and the few words of C that we miss. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
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

/* Returns where it ends, which is not marked. */
static char *put_number(char *to, uint64_t number) {
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count)
        *to++ = digits[--count];
    return to;
}

/* At most room - 1 bytes from the start of an open file, NUL-terminated; empty when it cannot be read. */
static void read_text(long fd, char *to, size_t room) {
    long count = SYS(pread64, fd, to, room - 1, 0);
    to[count > 0 ? count : 0] = 0;
}

static long open_to_read(const char *path) {
    return SYS(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

/* Calls `hear` with each line, of at most 16 KB. False: the file may not be read. */
static bool read_lines(const char *path, void (*hear)(const char *line)) {
    static char text[16384];
    size_t kept = 0;
    long count, fd = open_to_read(path);
    while ((count = SYS(read, fd, text + kept, sizeof text - 1 - kept)) > 0) {
        const char *line = text, *next;
        text[kept + (size_t)count] = 0;
        for (; (next = next_line(line)) > line && next[-1] == '\n'; line = next)
            hear(line);
        kept = length_of(line);
        memcpy(text, line, kept);
    }
    SYS(close, fd);
    return fd != -EACCES && fd != -EPERM;
}

static uint64_t page_bytes = 4096; /* 64 KB on some machines, as the kernel says */

/* What the kernel says behind the environment, getauxval(3). */
static void read_page_size(char **environment) {
    while (*environment)
        environment++;
    for (uint64_t *pair = (uint64_t *)(environment + 1); *pair != AT_NULL; pair += 2)
        if (*pair == AT_PAGESZ)
            page_bytes = pair[1];
}

static uint64_t clock_ns(long clock) {
    struct timespec at = {0};
    SYS(clock_gettime, clock, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}
