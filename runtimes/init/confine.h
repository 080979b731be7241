/* What processes may ask of the kernel where no engine sees to it: what Docker's default profile lets those ask who have
   no capability. docs/decisions/system-calls.md says why. Init is not held to it: it asks kcmp, and passes on nothing.
   And what they ask through init, with every engine: files in memory, docs/decisions/memory.md. */
#pragma once
#include "kernel.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#if defined(__x86_64__)
enum { ARCHITECTURE = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { ARCHITECTURE = AUDIT_ARCH_AARCH64 };
#endif

/* Newer than the headers of some compilers; the same number on all architectures. */
enum { QUOTACTL_FD = 443, MEMFD_SECRET = 447, SET_MEMPOLICY_HOME_NODE = 450, LAST_KNOWN = 452 /* fchmodat2 */ };
enum { NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP,
       SOCKETS_OF_VIRTUAL_MACHINES = 40 /* AF_VSOCK */, AS_NOW = -1, LINUX = 0, LINUX_32 = 8, UNAME_26 = 0x20000 };

/* One loaded value is looked at until something is answered. An errno, or 0: the kernel does it. */
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define LOAD_ARGUMENT(index) LOAD(args[index]) /* its lower half: both architectures are little-endian */
#define ANSWER(error) BPF_STMT(BPF_RET | BPF_K, (error) ? SECCOMP_RET_ERRNO | (error) : SECCOMP_RET_ALLOW)
#define IF(value, error) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, 1), ANSWER(error)
#define IF_NOT(value, error) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 1, 0), ANSWER(error)
#define IF_ABOVE(value, error) BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)(value), 0, 1), ANSWER(error)
#define IF_ANY_OF(bits, error) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), 0, 1), ANSWER(error)
#define UNLESS_CALL(name, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, skip)
#define REFUSE(name) IF(SYS_##name, EPERM)

static const struct sock_filter FILTER[] = {
    LOAD(arch),
    IF_NOT(ARCHITECTURE, ENOSYS), /* 32-bit calls have other numbers */
    LOAD(nr),
    IF_ABOVE(LAST_KNOWN, ENOSYS), /* newer than this table, and on x86-64 the x32 ones; libraries do without */
    IF(SYS_clone3, ENOSYS), /* its flags are in memory, out of our sight; libraries call clone then */
    IF(MEMFD_SECRET, ENOSYS), /* its memory counts for nobody who has unmapped it; older kernels have none */

    /* who may do what: only with a capability, or a namespace that gives one */
    REFUSE(acct), REFUSE(chroot), REFUSE(clock_settime), REFUSE(settimeofday), REFUSE(sethostname), REFUSE(setdomainname),
    REFUSE(mount), REFUSE(umount2), REFUSE(pivot_root), REFUSE(swapon), REFUSE(swapoff), REFUSE(quotactl),
    IF(QUOTACTL_FD, EPERM), REFUSE(open_tree), REFUSE(move_mount), REFUSE(fsopen), REFUSE(fsconfig), REFUSE(fsmount),
    REFUSE(fspick), REFUSE(mount_setattr), REFUSE(open_by_handle_at), REFUSE(reboot), REFUSE(kexec_load),
    REFUSE(kexec_file_load), REFUSE(init_module), REFUSE(finit_module), REFUSE(delete_module), REFUSE(vhangup),
    REFUSE(syslog), REFUSE(setns), REFUSE(unshare), REFUSE(fanotify_init), REFUSE(lookup_dcookie), REFUSE(nfsservctl),
    /* large parts of the kernel that a function does not need */
    REFUSE(add_key), REFUSE(request_key), REFUSE(keyctl), REFUSE(bpf), REFUSE(perf_event_open), REFUSE(userfaultfd),
    REFUSE(io_uring_setup), REFUSE(io_uring_enter), REFUSE(io_uring_register), REFUSE(kcmp), REFUSE(pidfd_getfd),
    REFUSE(process_madvise), REFUSE(mbind), REFUSE(get_mempolicy), REFUSE(set_mempolicy),
    IF(SET_MEMPOLICY_HOME_NODE, EPERM), REFUSE(migrate_pages), REFUSE(move_pages),
#if defined(__x86_64__)
    REFUSE(iopl), REFUSE(ioperm), REFUSE(uselib), REFUSE(ustat), REFUSE(sysfs), REFUSE(_sysctl), REFUSE(create_module),
    REFUSE(get_kernel_syms), REFUSE(query_module), REFUSE(getpmsg), REFUSE(putpmsg), REFUSE(afs_syscall),
    REFUSE(tuxcall), REFUSE(security), REFUSE(vserver),
#endif

    UNLESS_CALL(clone, 4), LOAD_ARGUMENT(0), IF_ANY_OF(NAMESPACES, EPERM), ANSWER(0),
    UNLESS_CALL(socket, 4), LOAD_ARGUMENT(0), IF(SOCKETS_OF_VIRTUAL_MACHINES, EPERM), ANSWER(0),
    UNLESS_CALL(personality, 12), LOAD_ARGUMENT(0), IF(AS_NOW, 0), IF(LINUX, 0), IF(LINUX_32, 0), IF(UNAME_26, 0),
    IF(UNAME_26 | LINUX_32, 0), ANSWER(EPERM),
    ANSWER(0),
};

/* Holds the calling process, and all that comes of it, to the filter for good. Returns 0 or -errno; a kernel that was
   built without filters is no failure, the emulator says so when it starts. */
static long filter_calls(void) {
    struct sock_fprog program = {.len = sizeof FILTER / sizeof FILTER[0], .filter = (struct sock_filter *)FILTER};
    long failure = SYS(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
    return failure == -ENOSYS || failure == -EINVAL ? 0 : failure;
}

static const struct sock_filter MEMFD_FILTER[] = {
    LOAD(arch), IF_NOT(ARCHITECTURE, 0),
    LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    ANSWER(0),
};

/* Room for what comes with a message. */
union one_descriptor { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; };

/* Which start of which role; the number comes round, long after its place was taken. */
struct start { uint8_t role, number; };

/* Has the calling process, and all that comes of it, ask for files in memory by a listener, which `to` then gets. Where the
   kernel cannot, or somebody else listens already, it makes them as ever, and `to` is told of none. */
static void ask_for_memfds(long to, struct start start) {
    struct sock_fprog program = {.len = sizeof MEMFD_FILTER / sizeof MEMFD_FILTER[0],
                                 .filter = (struct sock_filter *)MEMFD_FILTER};
    long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    long listener = SYS(seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
    if (listener == -EINVAL) /* before 5.19: a signal may interrupt who waits for his answer */
        listener = SYS(seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    union one_descriptor control = {
        .head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec bytes = {&start, sizeof start};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *(int *)CMSG_DATA(&control.head) = (int)listener;
    if (listener >= 0 && SYS(sendmsg, to, &message, MSG_NOSIGNAL) > 0)
        return;
    message.msg_control = NULL;
    message.msg_controllen = 0;
    SYS(sendmsg, to, &message, MSG_NOSIGNAL);
}

/* Of init and all that it starts: the keys of whoever started us are not theirs. */
static void leave_keyring(void) {
    SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}
