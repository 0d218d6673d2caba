#include "streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../wire/clock.h"

#define MOST_STREAMS 65536
#define MOST_EVENT_BYTES 8192
#define EVENTS_PER_TURN 64

static struct connection *streams[MOST_STREAMS];
static size_t open_count, next_stream;

static struct emission emission;
static uint64_t dealt, written, given_up, begun_ns;
static bool running;

void streams_add(struct connection *stream) {
    if (open_count == MOST_STREAMS) return;
    stream->streaming = true;
    streams[open_count++] = stream;
}

void streams_remove(struct connection *stream) {
    for (size_t at = 0; at < open_count; at++) {
        if (streams[at] != stream) continue;
        streams[at] = streams[--open_count];
        given_up += stream->owed;
        stream->streaming = false;
        return;
    }
}

size_t streams_open(void) { return open_count; }

static void set_timer(int timer_fd, uint64_t due_ns) {
    struct itimerspec at = {.it_value = {(time_t)(due_ns / NS_PER_SECOND), (long)(due_ns % NS_PER_SECOND)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static uint64_t due_ns(uint64_t event) {
    if (!emission.per_second) return begun_ns;
    return begun_ns + event * NS_PER_SECOND / emission.per_second;
}

void streams_begin(int epoll_fd, int timer_fd, struct emission wanted) {
    emission = wanted;
    dealt = written = given_up = 0;
    next_stream = 0;
    begun_ns = now_ns();
    running = true;
    for (size_t at = 0; at < open_count; at++) streams[at]->next_seq = 0;
    streams_tick(epoll_fd, timer_fd);
}

static struct connection *deal(void) {
    if (!open_count) return NULL;
    if (next_stream >= open_count) next_stream = 0;
    return streams[next_stream++];
}

void streams_tick(int epoll_fd, int timer_fd) {
    uint64_t ignored;
    if (read(timer_fd, &ignored, sizeof ignored) < 0) ignored = 0;
    while (running && dealt < emission.count && due_ns(dealt) <= now_ns()) {
        struct connection *stream = deal();
        dealt++;
        if (!stream) {
            given_up++;
            continue;
        }
        stream->owed++;
        if (emission.per_second) streams_write(epoll_fd, stream);
        else connection_watch(epoll_fd, stream);
    }
    if (running && dealt < emission.count) set_timer(timer_fd, due_ns(dealt));
}

static size_t write_event(const struct connection *stream, char *out) {
    char event[MOST_EVENT_BYTES], id[64] = "";
    if (emission.ids) snprintf(id, sizeof id, "id: %llu\n", (unsigned long long)stream->next_seq + 1);
    int head = snprintf(event, sizeof event,
                        "%sevent: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","
                        "\"params\":{\"level\":\"info\",\"data\":{\"seq\":%012llu,\"sent_ns\":%018llu,\"pad\":\"",
                        id, (unsigned long long)stream->next_seq, (unsigned long long)now_ns());
    const char *data = strstr(event, "data: ") + 6;
    size_t used = (size_t)(event + head - data) + 4;
    size_t pad = emission.data_bytes > used ? emission.data_bytes - used : 0;
    if (pad > MOST_EVENT_BYTES - 512) pad = MOST_EVENT_BYTES - 512;
    memset(event + head, 'x', pad);
    memcpy(event + head + pad, "\"}}}\n\n", 6);
    size_t bytes = (size_t)head + pad + 6;
    int size = sprintf(out, "%zx\r\n", bytes);
    memcpy(out + size, event, bytes);
    memcpy(out + size + bytes, "\r\n", 2);
    return (size_t)size + bytes + 2;
}

bool streams_write(int epoll_fd, struct connection *stream) {
    char chunk[MOST_EVENT_BYTES + 64];
    bool alive = connection_flush(stream);
    for (int turn = 0; alive && stream->owed && turn < EVENTS_PER_TURN; turn++) {
        if (connection_has_unsent(stream)) break;
        alive = connection_send(stream, chunk, write_event(stream, chunk));
        stream->owed--;
        stream->next_seq++;
        written++;
    }
    if (alive) connection_watch(epoll_fd, stream);
    return alive;
}

bool streams_finished(uint64_t *events, uint64_t *elapsed_ns) {
    if (!running || written + given_up < emission.count) return false;
    running = false;
    *events = written;
    *elapsed_ns = now_ns() - begun_ns;
    return true;
}
