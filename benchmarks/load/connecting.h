/* Connections from the load programs to the proxy, always on the loopback. */
#ifndef CONNECTING_H
#define CONNECTING_H

#include <stdbool.h>
#include <stddef.h>

/* Reads `port` and `receive_bytes` (socket buffer; 0 = as it is) from the options. */
void connecting_prepare(void);

/* A connected non-blocking socket, or -1. */
int connect_proxy(void);

/* Sends all bytes, waiting for the socket if need be; false when the peer is gone. */
bool send_all(int fd, const char *bytes, size_t count);

/* Lifts the soft limit of open files to the hard one. */
void allow_many_descriptors(void);

/* Reads a line from standard input; false at its end. */
bool next_order(char *line, size_t room);

#endif
