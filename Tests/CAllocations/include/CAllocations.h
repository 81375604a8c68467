/// Counts what this process has allocated: the program's own malloc and its kin, put before the C library's.
#pragma once
#include <stddef.h>

/// Forgets the peak: from now on it is what is allocated now.
void allocations_begin(void);

/// Bytes by which the allocated memory stood above `allocations_begin` at its highest.
size_t allocations_peak(void);
