/* One accepted connection of the stub: bounded input, unsent output, and its stream if it has one. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection {
    int fd;
    unsigned listener;       /* index of the address it came in on */
    char *input;
    size_t input_count, input_room;
    char *unsent;
    size_t unsent_at, unsent_count, unsent_room;
    bool streaming;
    uint64_t owed;           /* events to write on this stream as soon as its socket takes them */
    uint64_t next_seq;
    unsigned interest;       /* epoll events asked for */
};

struct connection *connection_open(int epoll_fd, int fd, unsigned listener);
void connection_close(struct connection *connection);

/* Reads what is there; false when the peer is gone or sends more than the bound. */
bool connection_fill(struct connection *connection);

/* Forgets the first bytes of the input. */
void connection_consume(struct connection *connection, size_t bytes);

/* Writes now what the socket takes and keeps the rest; false when the peer is gone. */
bool connection_send(struct connection *connection, const char *bytes, size_t count);

/* Writes kept bytes; false when the peer is gone. */
bool connection_flush(struct connection *connection);

bool connection_has_unsent(const struct connection *connection);

/* Tells epoll what this connection waits for now. */
void connection_watch(int epoll_fd, struct connection *connection);

#endif
