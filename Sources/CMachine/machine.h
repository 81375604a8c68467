// What Swift has no words for: CPU features, the floating-point control register, spinning and sleeping on an address.
#ifndef CMACHINE_H
#define CMACHINE_H

#include <immintrin.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
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

static inline void machine_pause(void) { _mm_pause(); }

// Sleeps while *address == expected, until woken.
static inline void machine_wait(const void *address, uint32_t expected) {
    syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, expected, 0, 0, 0);
}

static inline void machine_wake_all(const void *address) {
    syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0);
}

#endif
