/* A stub MCP server (streamable HTTP) that costs almost nothing, so that a proxy is what is measured.
 *
 *   stub PORT ADDRESSES
 *
 * listens on 127.0.0.1 and on ADDRESSES-1 further loopback addresses, each an endpoint with sessions
 * of its own: an id that another endpoint gave gets 404, so a lost affinity shows. It lives as long
 * as its standard input and obeys the lines there:
 *
 *   streams                          answers `streams N`
 *   calls                            answers `calls N`: tools/call requests answered so far
 *   emit RATE BYTES IDS COUNT        answers `emitted N ELAPSED_NS` when all events are written
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../wire/http.h"
#include "answers.h"
#include "connection.h"
#include "sessions.h"
#include "streams.h"

#define MOST_LISTENERS 4096
#define ADDRESSES_PER_BLOCK 250

static int epoll_fd, timer_fd;
static struct connection listeners[MOST_LISTENERS];
static struct connection control, timer;
static unsigned long long calls;

/* ---- answering ---- */

static bool send_status(struct connection *connection, const char *status) {
    char head[160];
    int bytes = snprintf(head, sizeof head, "HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n", status);
    return connection_send(connection, head, (size_t)bytes);
}

static bool send_answer(struct connection *connection, const struct message *message, bool modern) {
    static char answer[ANSWER_ROOM + 512], body[ANSWER_ROOM];
    char session[64] = "", id[SESSION_ID_BYTES];
    if (json_is(message->method, "initialize")) {
        mint_session(connection->listener, id);
        snprintf(session, sizeof session, "mcp-session-id: %.*s\r\n", SESSION_ID_BYTES, id);
    }
    if (json_is(message->method, "tools/call")) calls++;
    size_t bytes = write_answer(message, modern, body);
    int head = snprintf(answer, 512, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n%s"
                        "content-length: %zu\r\n\r\n", session, bytes);
    memcpy(answer + head, body, bytes);
    return connection_send(connection, answer, (size_t)head + bytes);
}

static bool answer_post(struct connection *connection, const struct http_head *head, const char *body) {
    struct message message = read_message(body, (size_t)head->body_bytes);
    bool opens = json_is(message.method, "initialize");
    if (!opens && !head->modern) {
        if (!head->session) return send_status(connection, "400 Bad Request");
        if (!knows_session(connection->listener, head->session, head->session_bytes))
            return send_status(connection, "404 Not Found");
    }
    if (!wants_answer(&message)) return send_status(connection, "202 Accepted");
    return send_answer(connection, &message, head->modern);
}

static bool open_stream(struct connection *connection, const struct http_head *head) {
    if (!head->session) return send_status(connection, "400 Bad Request");
    if (!knows_session(connection->listener, head->session, head->session_bytes))
        return send_status(connection, "404 Not Found");
    streams_add(connection);
    static const char opened[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        "cache-control: no-cache, no-transform\r\nx-accel-buffering: no\r\n"
        "transfer-encoding: chunked\r\n\r\n";
    return connection_send(connection, opened, sizeof opened - 1);
}

static bool answer_request(struct connection *connection, const struct http_head *head) {
    if (head->method == 'G') return open_stream(connection, head);
    if (head->method == 'D') return send_status(connection, "200 OK");
    if (head->body_bytes < 0) return send_status(connection, "411 Length Required");
    return answer_post(connection, head, connection->input + head->length);
}

static bool answer_requests(struct connection *connection) {
    while (!connection_has_unsent(connection) && !connection->streaming) {
        struct http_head head;
        int complete = http_read_head(connection->input, connection->input_count, &head);
        if (complete <= 0) return complete == 0;
        size_t bytes = head.length + (head.body_bytes > 0 ? (size_t)head.body_bytes : 0);
        if (connection->input_count < bytes) return true;
        if (!answer_request(connection, &head)) return false;
        connection_consume(connection, bytes);
    }
    return true;
}

static void serve(struct connection *connection, unsigned events) {
    bool alive = true;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) alive = connection_fill(connection);
    if (alive && (events & EPOLLOUT))
        alive = connection->streaming ? streams_write(epoll_fd, connection) : connection_flush(connection);
    if (alive) alive = answer_requests(connection);
    if (alive) {
        connection_watch(epoll_fd, connection);
        return;
    }
    if (connection->streaming) streams_remove(connection);
    connection_close(connection);
}

/* ---- listening ---- */

static struct in_addr address_of(unsigned index) {
    unsigned first = index ? 1 : 0;
    unsigned block = index / ADDRESSES_PER_BLOCK, host = 1 + index % ADDRESSES_PER_BLOCK;
    return (struct in_addr){htonl(127u << 24 | first << 16 | block << 8 | host)};
}

static void watch_plain(struct connection *source, int fd) {
    source->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void listen_on(unsigned index, unsigned port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr = address_of(index)};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) {
        perror("stub: cannot listen");
        exit(1);
    }
    watch_plain(&listeners[index], fd);
}

static void accept_all(unsigned listener) {
    int fd;
    while ((fd = accept4(listeners[listener].fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
        connection_open(epoll_fd, fd, listener);
}

/* ---- obeying ---- */

static void obey_line(const char *line) {
    struct emission wanted;
    unsigned long long rate, bytes, ids, count;
    if (sscanf(line, "emit %llu %llu %llu %llu", &rate, &bytes, &ids, &count) == 4) {
        wanted = (struct emission){rate, (size_t)bytes, ids != 0, count};
        streams_begin(epoll_fd, timer_fd, wanted);
    } else if (strncmp(line, "streams", 7) == 0) {
        printf("streams %zu\n", streams_open());
    } else if (strncmp(line, "calls", 5) == 0) {
        printf("calls %llu\n", calls);
    }
}

static void obey(void) {
    char lines[512];
    ssize_t got = read(STDIN_FILENO, lines, sizeof lines - 1);
    if (got <= 0) exit(0);
    lines[got] = 0;
    for (char *rest = lines, *line; (line = strsep(&rest, "\n"));) obey_line(line);
    fflush(stdout);
}

static void report_emission(void) {
    uint64_t events, elapsed_ns;
    if (!streams_finished(&events, &elapsed_ns)) return;
    printf("emitted %llu %llu\n", (unsigned long long)events, (unsigned long long)elapsed_ns);
    fflush(stdout);
}

/* ---- the story ---- */

static void dispatch(struct connection *source, unsigned events) {
    if (source == &control) obey();
    else if (source == &timer) streams_tick(epoll_fd, timer_fd);
    else if (source >= listeners && source < listeners + MOST_LISTENERS)
        accept_all((unsigned)(source - listeners));
    else serve(source, events);
}

static void allow_many_descriptors(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: stub PORT ADDRESSES\n");
        return 2;
    }
    unsigned port = (unsigned)atoi(arguments[1]), addresses = (unsigned)atoi(arguments[2]);
    allow_many_descriptors();
    epoll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    for (unsigned index = 0; index < addresses && index < MOST_LISTENERS; index++) listen_on(index, port);
    watch_plain(&control, STDIN_FILENO);
    watch_plain(&timer, timer_fd);
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll_fd, events, 256, -1);
        for (int at = 0; at < ready; at++) dispatch(events[at].data.ptr, events[at].events);
        report_emission();
    }
}
