/* The connection: frames in both directions, neither of which ever waits. */
#pragma once
#include "sys.h"

enum { HEADER = 6, FRAME_MAX = 1 << 20, UNSENT_MAX = 256 << 10 };

/* Big-endian integers of `bytes` bytes; put returns what is behind them. */
uint64_t get(const unsigned char *from, int bytes);
unsigned char *put(unsigned char *to, uint64_t number, int bytes);

/* The byte that tells our connection from an HTTP request. */
void begin_with_zero(void);

/* Room for a frame's payload, to be filled by the caller before the next call. */
unsigned char *begin_frame(uint8_t kind, uint8_t role, size_t length);

/* The last frame begun turned out shorter; none at all for 0. */
void shorten_frame(unsigned char *payload, size_t promised, size_t length);

size_t unsent(void);
void transmit(long connection);

/* Takes what has arrived and calls obey for every whole frame. */
void receive(long connection);

/* Elsewhere: does what a frame says; ends everything, with a line on stderr unless why is NULL. */
void obey(uint8_t kind, uint8_t role, unsigned char *payload, size_t length);
_Noreturn void finish(const char *why);
