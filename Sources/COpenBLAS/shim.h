// OpenBLAS's functions by their addresses: the library is loaded where it is asked for, and nothing links it.
#ifndef COPENBLAS_SHIM_H
#define COPENBLAS_SHIM_H

#include <cpuid.h>
#include <stdbool.h>

// As cblas.h has them.
enum { openblas_row_major = 101, openblas_plain = 111, openblas_transposed = 112 };

// cblas_sgemm: c = alpha a b + beta c.
typedef void (*openblas_sgemm)(
    int order, int transposes_a, int transposes_b, int rows, int columns, int depth, float alpha, const float *_Nonnull a,
    int stride_a, const float *_Nonnull b, int stride_b, float beta, float *_Nonnull c, int stride_c);
// openblas_set_num_threads
typedef void (*openblas_thread_setter)(int threads);
// openblas_get_corename
typedef const char *_Nullable (*openblas_core_name)(void);

// Whether the CPU has AVX-512's instructions for bfloat16. Only of use where it has AVX-512.
static inline bool openblas_sees_bfloat16(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1 << 5);
}

#endif
