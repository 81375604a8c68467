#include "CAllocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static _Atomic long current, start, highest;

static void *counted(void *memory) {
    if (memory) {
        long now = atomic_fetch_add(&current, (long)malloc_usable_size(memory)) + (long)malloc_usable_size(memory);
        long before = atomic_load(&highest);
        while (now > before && !atomic_compare_exchange_weak(&highest, &before, now)) {
        }
    }
    return memory;
}

static void uncounted(void *memory) {
    if (memory) atomic_fetch_sub(&current, (long)malloc_usable_size(memory));
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

void *realloc(void *memory, size_t size) {
    uncounted(memory);
    void *moved = __libc_realloc(memory, size);
    // What could not be moved is still there.
    if (!moved && size) counted(memory);
    return counted(moved);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = counted(__libc_memalign(alignment, size));
    return *memory ? 0 : ENOMEM;
}

void free(void *memory) {
    uncounted(memory);
    __libc_free(memory);
}

void allocations_begin(void) {
    long now = atomic_load(&current);
    atomic_store(&start, now);
    atomic_store(&highest, now);
}

size_t allocations_peak(void) {
    long above = atomic_load(&highest) - atomic_load(&start);
    return above > 0 ? (size_t)above : 0;
}
