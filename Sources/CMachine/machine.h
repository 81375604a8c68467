// What Swift has no words for: CPU features, the floating-point control register, spinning and sleeping on an address,
// the cores of a thread.
#ifndef CMACHINE_H
#define CMACHINE_H

#include <immintrin.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/types.h>
#include <unistd.h>

static inline bool machine_has_avx2_fma(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v3");
}

static inline bool machine_has_avx512(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v4");
}

// Makes the calling thread read and write denormals as zero (they would cost a hundred cycles each); returns what
// machine_restore_denormals takes to undo it.
static inline unsigned machine_flush_denormals(void) {
    unsigned control = _mm_getcsr();
    _mm_setcsr(control | 0x8040);
    return control;
}

static inline void machine_restore_denormals(unsigned control) { _mm_setcsr(control); }

// Asks for the cache line of `address`, which need not be one; changes nothing but time.
static inline void machine_prefetch(const void *address) { __builtin_prefetch(address); }

// The same, into the second-level cache.
static inline void machine_prefetch_second_level(const void *address) { __builtin_prefetch(address, 0, 2); }

// The same for a line that is about to be written.
static inline void machine_prefetch_to_write(void *address) { __builtin_prefetch(address, 1); }

static inline void machine_pause(void) { _mm_pause(); }

// Sleeps while *address == expected, until woken.
static inline void machine_wait(const void *address, uint32_t expected) {
    syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, expected, 0, 0, 0);
}

static inline void machine_wake_all(const void *address) {
    syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0);
}

// The cores that a process may run on (0: the calling thread), a bit each, the lowest of the first byte first. glibc
// declares sched_getaffinity for _GNU_SOURCE only, which whoever builds glibc's module does not define; so the kernel
// itself is asked. `size` is a multiple of 8. Returns how many bytes it wrote, or -1.
static inline long machine_get_affinity(pid_t process, uint8_t *cores, size_t size) {
    return syscall(SYS_sched_getaffinity, process, size, cores);
}

// Lets the calling thread, and those it starts from now on, run on these cores alone. 0, or -1 where the system refuses.
static inline long machine_set_affinity(const uint8_t *cores, size_t size) {
    return syscall(SYS_sched_setaffinity, 0, size, cores);
}

// What kind of file system a file is on (statfs(2), f_type: a number of linux/magic.h), or -1. glibc's module leaves statfs out.
static inline long machine_file_system(const char *path) {
    struct statfs about;
    return statfs(path, &about) == 0 ? (long)(uint32_t)about.f_type : -1;
}

#endif
