// Arithmetic of whole vectors, as wide as those of the instruction set that is compiled for.
#ifndef CVECTORS_H
#define CVECTORS_H

#include <stdint.h>

#if defined(__AVX512F__)
#define VECTOR_LANES 16
#elif defined(__AVX2__)
#define VECTOR_LANES 8
#else
#define VECTOR_LANES 4
#endif

typedef float vector_floats __attribute__((ext_vector_type(VECTOR_LANES)));
typedef int32_t vector_mask __attribute__((ext_vector_type(VECTOR_LANES)));

// A vector must not cross a call: between targets of different instruction sets it would be passed differently.
#define VECTOR_FUNCTION static inline __attribute__((always_inline)) vector_floats

VECTOR_FUNCTION vector_add(vector_floats a, vector_floats b) { return a + b; }
VECTOR_FUNCTION vector_subtract(vector_floats a, vector_floats b) { return a - b; }
VECTOR_FUNCTION vector_multiply(vector_floats a, vector_floats b) { return a * b; }
VECTOR_FUNCTION vector_divide(vector_floats a, vector_floats b) { return a / b; }
VECTOR_FUNCTION vector_square_root(vector_floats a) { return __builtin_elementwise_sqrt(a); }

// a * b + c, rounded once.
VECTOR_FUNCTION vector_multiply_add(vector_floats a, vector_floats b, vector_floats c) {
    return __builtin_elementwise_fma(a, b, c);
}

// a where the mask's bits are set, else b.
VECTOR_FUNCTION vector_select(vector_mask mask, vector_floats a, vector_floats b) { return mask ? a : b; }

#endif
