/* What the environment's memory is: anonymous, mapped from files, shared without a file. docs/decisions/memory.md */
#pragma once
#include "ipc.h"
#include "memfd.h"
#include <sys/statfs.h>

enum { PROGRAMS_MAX = 64, TMPFS_MAGIC = 0x01021994, KCMP_VM = 1 /* linux/kcmp.h */ };

/* The largest part that a process of each program has mapped from files: its other processes map the same. */
static struct program { uint64_t file, kilobytes; } programs[PROGRAMS_MAX];
static size_t program_count;

/* Which file a path leads to; 0: it cannot be told. */
static uint64_t file_identity(const char *path) {
    struct stat status = {0};
    return SYS(newfstatat, AT_FDCWD, path, &status, 0) == 0 ? status.st_dev << 40 ^ status.st_ino : 0;
}

/* Returns what is to be added to the sum for it: what it maps beyond the others of its program. */
static uint64_t file_kilobytes(int pid, uint64_t mapped) {
    uint64_t file = file_identity(proc_path(pid, "/exe").text);
    for (struct program *known = programs; file && known < programs + program_count; known++)
        if (known->file == file) {
            uint64_t more = mapped > known->kilobytes ? mapped - known->kilobytes : 0;
            known->kilobytes += more;
            return more;
        }
    if (program_count < PROGRAMS_MAX)
        programs[program_count++] = (struct program){file, mapped};
    return mapped;
}

/* What a process shares with those it was forked from counts in parts, where the kernel tells: otherwise a few hundred
   children of a small program would seem to fill the memory. */
static uint64_t anonymous_kilobytes(int pid, uint64_t whole) {
    char text[4096];
    read_proc(pid, "/smaps_rollup", text, sizeof text);
    uint64_t divided = number_of(text, "Pss_Anon:");
    return divided ? divided + number_of(text, "SwapPss:") : whole;
}

/* Of a mapping, by its line in smaps: memory that several processes may map, no file of /tmp, and not counted whole. */
static bool is_shared_memory(const char *line) {
    const char *path = line;
    while (*path && *path != '\n' && *path != '/')
        path++;
    return begins_with(path, "/dev/zero") || begins_with(path, "/dev/shm/") ||
           (begins_with(path, "/memfd:") && !find_memfd(inode_of_mapping(line))) ||
           (begins_with(path, "/SYSV") && !has_own_ipc);
}

/* Dear, so only for who maps tmpfs at all: the status tells that of /tmp not from memory that has no name. */
static struct { uint64_t kilobytes; bool counts; } shared;

static void add_shared(const char *line) {
    if (*line < 'A' || *line > 'Z') /* an address: the next mapping begins */
        shared.counts = is_shared_memory(line);
    else if (shared.counts && begins_with(line, "Pss:"))
        shared.kilobytes += number_in(skip_blanks(line + 4), NULL);
}

static uint64_t shared_kilobytes(int pid, uint64_t mapped) {
    shared.kilobytes = 0;
    shared.counts = false;
    return read_lines(proc_path(pid, "/smaps").text, add_shared) ? shared.kilobytes : mapped;
}

static uint64_t highest_kilobytes; /* that one of the living processes ever had, by the kernel's own book */
static bool maps_tmpfs;            /* one of them did, as a sample saw; then the highest may be of /tmp */

/* Bytes that one process had at its highest, which may have been between two samples; 0 when that cannot be told. */
static uint64_t highest_of_one(void) {
    struct statfs tmp = {0};
    SYS(statfs, "/tmp", &tmp);
    uint64_t in_tmp = tmp.f_type == TMPFS_MAGIC ? (tmp.f_blocks - tmp.f_bfree) * (uint64_t)tmp.f_bsize : 0;
    uint64_t highest = highest_kilobytes * 1024;
    return maps_tmpfs || highest < in_tmp ? 0 : highest - in_tmp;
}

/* From vfork until it executes its program a child has its parent's memory, and no other. */
static bool has_parents_memory(int pid, uint64_t parent) {
    return parent && (int)parent != self && SYS(kcmp, pid, parent, KCMP_VM, 0, 0) == 0;
}

/* Bytes now. The cgroup's figure for anonymous memory counts once what is shared; that for files is of no use: it
   charges who touched a page first, which may have been another environment. */
static uint64_t memory_used(bool searches_at_once) {
    search_memfds(searches_at_once);
    char text[4096];
    uint64_t kilobytes = 0;
    size_t count = list_processes();
    bool by_cgroup = place && count > 1;
    program_count = 0;
    highest_kilobytes = 0;
    for (size_t i = count; i--;) {
        read_proc(pids[i], "/status", text, sizeof text);
        if (count > 1 && has_parents_memory(pids[i], number_of(text, "PPid:")))
            continue;
        uint64_t anonymous = number_of(text, "RssAnon:") + number_of(text, "VmSwap:"), mapped = number_of(text, "RssShmem:");
        uint64_t highest = number_of(text, "VmHWM:");
        highest_kilobytes = highest > highest_kilobytes ? highest : highest_kilobytes;
        maps_tmpfs = maps_tmpfs || mapped;
        if (!by_cgroup)
            kilobytes += count == 1 ? anonymous : anonymous_kilobytes(pids[i], anonymous);
        if (mapped)
            kilobytes += shared_kilobytes(pids[i], mapped);
        kilobytes += file_kilobytes(pids[i], number_of(text, "RssFile:")) + number_of(text, "VmPTE:");
    }
    kilobytes += memfd_kilobytes() + ipc_kilobytes();
    return kilobytes * 1024 + (by_cgroup ? number_in_file(memory_file, place->memory_key) : 0);
}
