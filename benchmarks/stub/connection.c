#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_INPUT_BYTES 4096
#define MOST_INPUT_BYTES (1 << 20)

struct connection *connection_open(int epoll_fd, int fd, unsigned listener) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = calloc(1, sizeof *connection);
    connection->fd = fd;
    connection->listener = listener;
    connection->interest = EPOLLIN;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    return connection;
}

void connection_close(struct connection *connection) {
    close(connection->fd);
    free(connection->input);
    free(connection->unsent);
    free(connection);
}

static bool make_room(struct connection *connection) {
    if (connection->input_count < connection->input_room) return true;
    if (connection->input_room >= MOST_INPUT_BYTES) return false;
    connection->input_room = connection->input_room ? 2 * connection->input_room : FIRST_INPUT_BYTES;
    connection->input = realloc(connection->input, connection->input_room);
    return connection->input != NULL;
}

bool connection_fill(struct connection *connection) {
    if (!make_room(connection)) return false;
    ssize_t got = recv(connection->fd, connection->input + connection->input_count,
                       connection->input_room - connection->input_count, 0);
    if (got > 0) connection->input_count += (size_t)got;
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void connection_consume(struct connection *connection, size_t bytes) {
    connection->input_count -= bytes;
    memmove(connection->input, connection->input + bytes, connection->input_count);
}

static void keep(struct connection *connection, const char *bytes, size_t count) {
    size_t wanted = connection->unsent_count + count;
    if (wanted > connection->unsent_room) {
        connection->unsent = realloc(connection->unsent, wanted);
        connection->unsent_room = wanted;
    }
    memcpy(connection->unsent + connection->unsent_count, bytes, count);
    connection->unsent_count = wanted;
}

bool connection_send(struct connection *connection, const char *bytes, size_t count) {
    if (connection_has_unsent(connection)) {
        keep(connection, bytes, count);
        return true;
    }
    ssize_t sent = send(connection->fd, bytes, count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    size_t done = sent > 0 ? (size_t)sent : 0;
    if (done < count) keep(connection, bytes + done, count - done);
    return true;
}

bool connection_flush(struct connection *connection) {
    if (!connection_has_unsent(connection)) return true;
    ssize_t sent = send(connection->fd, connection->unsent + connection->unsent_at,
                        connection->unsent_count - connection->unsent_at, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection->unsent_at += (size_t)sent;
    if (connection->unsent_at == connection->unsent_count)
        connection->unsent_at = connection->unsent_count = 0;
    return true;
}

bool connection_has_unsent(const struct connection *connection) {
    return connection->unsent_count > connection->unsent_at;
}

void connection_watch(int epoll_fd, struct connection *connection) {
    bool writes = connection_has_unsent(connection) || connection->owed;
    unsigned interest = EPOLLIN | (writes ? EPOLLOUT : 0u);
    if (interest == connection->interest) return;
    connection->interest = interest;
    struct epoll_event event = {.events = interest, .data.ptr = connection};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}
