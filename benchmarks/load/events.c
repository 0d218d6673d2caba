#define _GNU_SOURCE
#include "events.h"

#include <stdlib.h>
#include <string.h>

#define BEFORE_SEQ "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":{\"seq\":"
#define BEFORE_SENT ",\"sent_ns\":"
#define BEFORE_PAD ",\"pad\":\""
#define AFTER_PAD "\"}}}"
#define SEQ_DIGITS 12
#define SENT_DIGITS 18

struct text {
    const char *start;
    size_t bytes;
};

static bool skip(struct text *text, const char *wanted) {
    size_t bytes = strlen(wanted);
    if (text->bytes < bytes || memcmp(text->start, wanted, bytes)) return false;
    text->start += bytes;
    text->bytes -= bytes;
    return true;
}

static bool number(struct text *text, int digits, uint64_t *value) {
    *value = 0;
    if (text->bytes < (size_t)digits) return false;
    for (; digits; digits--, text->start++, text->bytes--) {
        if (*text->start < '0' || *text->start > '9') return false;
        *value = *value * 10 + (uint64_t)(*text->start - '0');
    }
    return true;
}

static bool only_padding(struct text text) {
    if (text.bytes < 4 || memcmp(text.start + text.bytes - 4, AFTER_PAD, 4)) return false;
    for (size_t at = 0; at < text.bytes - 4; at++)
        if (text.start[at] != 'x') return false;
    return true;
}

static bool read_data(struct text data, size_t data_bytes, uint64_t *seq, uint64_t *sent_ns) {
    return data.bytes == data_bytes && skip(&data, BEFORE_SEQ) && number(&data, SEQ_DIGITS, seq)
        && skip(&data, BEFORE_SENT) && number(&data, SENT_DIGITS, sent_ns) && skip(&data, BEFORE_PAD)
        && only_padding(data);
}

static void count_event(struct event_reader *reader, uint64_t seq, uint64_t latency_ns,
                        struct event_counts *counts) {
    if (seq < reader->next_seq) {
        counts->repeated++;
        return;
    }
    counts->lost += seq - reader->next_seq;
    reader->next_seq = seq + 1;
    counts->received++;
    histogram_add(&counts->latencies, latency_ns);
}

static void take_event(struct event_reader *reader, struct text event, size_t data_bytes, uint64_t now,
                       struct event_counts *counts) {
    struct text data = {0};
    int data_lines = 0;
    bool has_id = false;
    while (event.bytes) {
        const char *end = memchr(event.start, '\n', event.bytes);
        size_t bytes = end ? (size_t)(end - event.start) : event.bytes;
        struct text line = {event.start, bytes};
        if (skip(&line, "data: ")) data = line, data_lines++;
        else if (skip(&line, "id: ")) has_id = line.bytes > 0;
        event.start += bytes + (end ? 1 : 0);
        event.bytes -= bytes + (end ? 1 : 0);
    }
    if (!data.bytes) return;     /* a comment or a priming event, which a proxy may add */
    uint64_t seq, sent_ns;
    counts->with_id += has_id;
    if (data_lines != 1 || !read_data(data, data_bytes, &seq, &sent_ns)) counts->altered++;
    else count_event(reader, seq, now - sent_ns, counts);
}

static bool keep_partial(struct event_reader *reader, struct text rest) {
    if (rest.bytes > MOST_EVENT_BYTES) return false;
    if (rest.bytes && !reader->partial) reader->partial = malloc(MOST_EVENT_BYTES);
    if (rest.bytes) memmove(reader->partial, rest.start, rest.bytes);
    reader->partial_bytes = rest.bytes;
    return true;
}

bool events_take(struct event_reader *reader, const char *bytes, size_t count, size_t data_bytes,
                 uint64_t now, struct event_counts *counts) {
    static char joined[MOST_EVENT_BYTES + (1 << 16)];
    struct text rest = {bytes, count};
    counts->bytes += count;
    if (reader->partial_bytes) {
        memcpy(joined, reader->partial, reader->partial_bytes);
        memcpy(joined + reader->partial_bytes, bytes, count);
        rest = (struct text){joined, reader->partial_bytes + count};
    }
    const char *end;
    while ((end = memmem(rest.start, rest.bytes, "\n\n", 2))) {
        size_t length = (size_t)(end - rest.start) + 1;
        take_event(reader, (struct text){rest.start, length}, data_bytes, now, counts);
        rest.start += length + 1;
        rest.bytes -= length + 1;
    }
    return keep_partial(reader, rest);
}
