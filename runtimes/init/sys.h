/* The kernel without a libc: system calls return -errno, as the kernel does. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define SIGNAL_SET_BYTES 8

#if defined(__x86_64__)
static inline long syscall6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long syscall6(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#endif

#define SYSCALL_PADDED(number, a, b, c, d, e, f, ...) \
    syscall6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS(name, ...) SYSCALL_PADDED(SYS_##name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* The compiler may call the first two by itself. */
void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
void *memmove(void *to, const void *from, size_t length);
size_t length_of(const char *text);
bool begins_with(const char *text, const char *prefix);

/* Reads the digits text begins with; *end (unless NULL) is set behind them. */
uint64_t number_in(const char *text, const char **end);

/* Writes "<before><number><after>"; the caller's buffer must hold it. */
void compose(char *to, const char *before, uint64_t number, const char *after);

/* At most room - 1 bytes of a file from its start, NUL-terminated; false: cannot be read. */
bool read_text(long fd, char *to, size_t room);
bool read_file(const char *path, char *to, size_t room);

uint64_t clock_ns(long clock);
uint64_t now_ms(void);
