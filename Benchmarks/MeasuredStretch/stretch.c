#include "measured_stretch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__GLIBC__)

#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

// The library's allocator under its other names: the usual ones are defined below, and an executable's definitions
// serve every library of the process.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void *__libc_valloc(size_t size);
extern void *__libc_pvalloc(size_t size);

static _Thread_local bool is_counting;
static _Thread_local struct tally_allocations counted;
static _Thread_local int traces_left;

static void trace(size_t size) {
    // What printing allocates is not counted.
    is_counting = false;
    void *callers[32];
    char line[64];
    int length = snprintf(line, sizeof(line), "allocation of %zu bytes\n", size);
    if (write(STDERR_FILENO, line, (size_t)length) == length) {
        backtrace_symbols_fd(callers, backtrace(callers, 32), STDERR_FILENO);
    }
    is_counting = true;
}

static inline void count(size_t size) {
    if (!is_counting) {
        return;
    }
    counted.count += 1;
    counted.bytes += size;
    if (traces_left > 0) {
        traces_left -= 1;
        trace(size);
    }
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count(size);
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment == 0 || alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    count(size);
    void *made = __libc_memalign(alignment, size);
    if (made == NULL) {
        return ENOMEM;
    }
    *block = made;
    return 0;
}

void *valloc(size_t size) {
    count(size);
    return __libc_valloc(size);
}

void *pvalloc(size_t size) {
    count(size);
    return __libc_pvalloc(size);
}

__attribute__((noinline)) struct tally_allocations tally_measure(void (*body)(void *), void *context) {
    counted = (struct tally_allocations){0, 0};
    is_counting = true;
    body(context);
    is_counting = false;
    return counted;
}

void tally_trace_allocations(int most) {
    // The first backtrace of a process loads a library.
    void *caller[1];
    backtrace(caller, 1);
    traces_left = most;
}

#else

// No counter here: `tally_allocate_every_way` finds out.
__attribute__((noinline)) struct tally_allocations tally_measure(void (*body)(void *), void *context) {
    struct tally_allocations none = {0, 0};
    body(context);
    __asm__ volatile("" ::: "memory");
    return none;
}

void tally_trace_allocations(int most) { (void)most; }

#endif

uint64_t tally_allocate_every_way(void) {
    // Volatile, so that the compiler does not see that nobody wants them.
    void *volatile plain = malloc(24);
    plain = realloc(plain, 4096);
    void *volatile zeroed = calloc(3, 8);
    void *volatile aligned = aligned_alloc(64, 128);
    void *posix = NULL;
    int error = posix_memalign(&posix, 64, 128);
    void *volatile kept = posix;
    free(plain);
    free(zeroed);
    free(aligned);
    free(kept);
    return error == 0 ? 5 : 4;
}
