/* The open SSE streams of the stub and the events it writes on them, each stamped when written. */
#ifndef STREAMS_H
#define STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"

struct emission {
    uint64_t per_second;     /* over all streams; 0 = as fast as the sockets take them */
    size_t data_bytes;       /* of each event's data line */
    bool ids;                /* each event carries an id */
    uint64_t count;          /* over all streams */
};

void streams_add(struct connection *stream);
void streams_remove(struct connection *stream);
size_t streams_open(void);

/* Starts an emission; events are dealt to the streams in turn. */
void streams_begin(int epoll_fd, int timer_fd, struct emission emission);

/* Owes the streams every event that is due by now. */
void streams_tick(int epoll_fd, int timer_fd);

/* Writes what this stream owes until its socket is full; false when the peer is gone. */
bool streams_write(int epoll_fd, struct connection *stream);

/* True once after every event was written; tells how many and in what time. */
bool streams_finished(uint64_t *written, uint64_t *elapsed_ns);

#endif
