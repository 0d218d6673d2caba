/* Latencies in bounded memory: log-linear buckets, at most 1.6 % wide. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define HISTOGRAM_STEPS 64
#define HISTOGRAM_OCTAVES 40

struct histogram {
    uint64_t cells[HISTOGRAM_OCTAVES * HISTOGRAM_STEPS];
    uint64_t count;
    uint64_t largest;
};

void histogram_add(struct histogram *histogram, uint64_t value_ns);

/* The value (ns) that the given share (0..1) of the samples does not exceed; 0 without samples. */
uint64_t histogram_at(const struct histogram *histogram, double share);

/* Writes `"p50_us":…,"p90_us":…,"p99_us":…,"max_us":…` without braces. */
void histogram_print(const struct histogram *histogram, FILE *out);

#endif
