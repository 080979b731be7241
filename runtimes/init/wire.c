#include "wire.h"
#include <errno.h>
#include <sys/socket.h>

/* Reports come on top of output; an emulator that gives thousands of orders and reads no answer is not ours. */
enum { REPORTS_MAX = 128 << 10 };

static struct { size_t begin, end; unsigned char bytes[1 + UNSENT_MAX + REPORTS_MAX]; } out;
static struct { size_t length; unsigned char bytes[HEADER + FRAME_MAX]; } in;

uint64_t get(const unsigned char *from, int bytes) {
    uint64_t number = 0;
    while (bytes--)
        number = number << 8 | *from++;
    return number;
}

unsigned char *put(unsigned char *to, uint64_t number, int bytes) {
    for (int i = bytes; i--; number >>= 8)
        to[i] = (unsigned char)number;
    return to + bytes;
}

void begin_with_zero(void) {
    out.bytes[out.end++] = 0;
}

size_t unsent(void) {
    return out.end - out.begin;
}

unsigned char *begin_frame(uint8_t kind, uint8_t role, size_t length) {
    if (out.end + HEADER + length > sizeof out.bytes) {
        memmove(out.bytes, out.bytes + out.begin, unsent());
        out.end -= out.begin;
        out.begin = 0;
    }
    if (out.end + HEADER + length > sizeof out.bytes)
        finish("the emulator does not read the answers to its orders");
    unsigned char *at = put(out.bytes + out.end, length, 4);
    *at++ = kind;
    *at++ = role;
    out.end += HEADER + length;
    return at;
}

void shorten_frame(unsigned char *payload, size_t promised, size_t length) {
    out.end -= promised - length;
    if (length == 0)
        out.end -= HEADER;
    put(payload - HEADER, length, 4);
}

void transmit(long connection) {
    if (unsent() == 0)
        return;
    long count = SYS(sendto, connection, out.bytes + out.begin, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
    if (count < 0 && count != -EAGAIN && count != -EINTR)
        finish(NULL);
    if (count > 0)
        out.begin += (size_t)count;
    if (out.begin == out.end)
        out.begin = out.end = 0;
}

void receive(long connection) {
    long count = SYS(recvfrom, connection, in.bytes + in.length, sizeof in.bytes - in.length, MSG_DONTWAIT, NULL, NULL);
    if (count == -EAGAIN || count == -EINTR)
        return;
    if (count <= 0)
        finish(NULL);
    in.length += (size_t)count;
    size_t used = 0;
    while (in.length - used >= HEADER) {
        unsigned char *frame = in.bytes + used;
        size_t length = (size_t)get(frame, 4);
        if (length > FRAME_MAX)
            finish("wrong frame: longer than 1 MB");
        if (in.length - used < HEADER + length)
            break;
        obey(frame[4], frame[5], frame + HEADER, length);
        used += HEADER + length;
    }
    memmove(in.bytes, in.bytes + used, in.length - used);
    in.length -= used;
}
