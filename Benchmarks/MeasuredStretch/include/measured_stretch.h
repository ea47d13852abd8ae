#ifndef TALLY_MEASURED_STRETCH_H
#define TALLY_MEASURED_STRETCH_H

#include <stdint.h>

// What one thread asked of the allocator during a stretch.
struct tally_allocations {
    uint64_t count;
    uint64_t bytes;
};

// Calls body(context) and answers what the calling thread allocated meanwhile, wherever in the process the call
// stands. callgrind is told by this name what to collect (--toggle-collect=tally_measure).
struct tally_allocations tally_measure(void (*body)(void *), void *context);

// Prints the next allocations that are counted, each with its callers, to standard error.
void tally_trace_allocations(int count);

// Allocates once by each way there is, and answers how many ways that was.
uint64_t tally_allocate_every_way(void);

#endif
