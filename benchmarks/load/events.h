/* Reads the events of one SSE stream and holds each against what the stub must have written. */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../wire/histogram.h"

#define MOST_EVENT_BYTES 16384

struct event_counts {
    uint64_t received;       /* events whose data is whole and in turn */
    uint64_t lost;           /* sequence numbers that were jumped over */
    uint64_t repeated;       /* came again, or out of turn */
    uint64_t altered;        /* data of another length or content, or more than one data line */
    uint64_t with_id;
    uint64_t bytes;
    struct histogram latencies;
};

struct event_reader {
    char *partial;           /* an event that has not ended yet */
    size_t partial_bytes;
    uint64_t next_seq;
};

/* Takes decoded stream bytes that were received at `now`; false when an event is too long. */
bool events_take(struct event_reader *reader, const char *bytes, size_t count, size_t data_bytes,
                 uint64_t now, struct event_counts *counts);

#endif
