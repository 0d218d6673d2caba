/* Official-client GET streams through a proxy: held idle, or each event stamped and checked.
 *
 *   streams port=N path=/mcp streams=100 [events=N data_bytes=150] [bearer=0] [client=…]
 *
 * Opens the sessions and one stream each, prints `ready` and waits for a line. With `events` it then
 * reads until that many have come (or nothing comes for some seconds) and prints JSON.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "../wire/http.h"
#include "connecting.h"
#include "events.h"
#include "options.h"
#include "requests.h"
#include "sessions.h"

#define OPEN_WAIT_MS 10000
#define SILENCE_MS 5000
#define READ_BYTES (1 << 16)

struct stream {
    int fd;
    struct dechunker chunks;
    struct event_reader events;
};

static struct stream *streams;
static size_t stream_count, session_bytes, ended;
static size_t data_bytes;
static struct event_counts counts;
static int epoll_fd;

/* ---- opening ---- */

static void fail(const char *what, size_t at, const char *bytes) {
    fprintf(stderr, "stream %zu: %s: %.200s\n", at, what, bytes);
    exit(1);
}

static void take_body(struct stream *stream, char *bytes, size_t count) {
    size_t decoded = dechunk(&stream->chunks, bytes, count);
    if (!events_take(&stream->events, bytes, decoded, data_bytes, now_ns(), &counts)) counts.altered++;
}

static void await_head(size_t at) {
    static char bytes[READ_BYTES + 1];
    size_t count = 0;
    struct http_head head;
    for (int complete = 0; complete == 0;) {
        struct pollfd wait = {streams[at].fd, POLLIN, 0};
        if (poll(&wait, 1, OPEN_WAIT_MS) <= 0) fail("no answer to GET", at, "");
        ssize_t got = recv(streams[at].fd, bytes + count, READ_BYTES - count, 0);
        if (got <= 0) fail("closed", at, "");
        bytes[count += (size_t)got] = 0;
        complete = http_read_head(bytes, count, &head);
    }
    if (head.status != 200 || !head.chunked) fail("refused", at, bytes);
    take_body(&streams[at], bytes + head.length, count - head.length);
}

static void open_stream(size_t at, const char *session) {
    streams[at].fd = connect_proxy();
    struct request request = stream_request(0, session);
    if (streams[at].fd < 0 || !send_all(streams[at].fd, request.bytes, request.count))
        fail("cannot send", at, "");
    free(request.bytes);
    await_head(at);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[at]};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, streams[at].fd, &event);
}

static void open_streams(void) {
    char **sessions = open_sessions(stream_count, 1);
    if (!sessions[0]) fail("the server gives no session id", 0, "");
    session_bytes = strlen(sessions[0]);
    streams = calloc(stream_count, sizeof *streams);
    for (size_t at = 0; at < stream_count; at++) open_stream(at, sessions[at]);
}

/* ---- reading ---- */

static void receive(struct stream *stream) {
    static char bytes[READ_BYTES];
    ssize_t got = recv(stream->fd, bytes, sizeof bytes, 0);
    if (got > 0) {
        take_body(stream, bytes, (size_t)got);
    } else {
        ended++;
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, stream->fd, NULL);
    }
}

static void read_events(uint64_t wanted) {
    while (counts.received + counts.lost + counts.altered < wanted) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll_fd, events, 256, SILENCE_MS);
        if (ready <= 0) return;
        for (int at = 0; at < ready; at++) receive(events[at].data.ptr);
    }
}

static void report(double seconds) {
    printf("{\"events\":%llu,\"lost\":%llu,\"repeated\":%llu,\"altered\":%llu,\"with_id\":%llu,"
           "\"bytes\":%llu,\"streams_ended\":%zu,\"session_id_bytes\":%zu,\"seconds\":%.4f,",
           (unsigned long long)counts.received, (unsigned long long)counts.lost,
           (unsigned long long)counts.repeated, (unsigned long long)counts.altered,
           (unsigned long long)counts.with_id, (unsigned long long)counts.bytes, ended,
           session_bytes, seconds);
    histogram_print(&counts.latencies, stdout);
    puts("}");
}

int main(int count, char **arguments) {
    options_read(count, arguments);
    connecting_prepare();
    requests_prepare();
    allow_many_descriptors();
    epoll_fd = epoll_create1(0);
    stream_count = (size_t)option_number("streams", 1);
    data_bytes = (size_t)option_number("data_bytes", 150);
    open_streams();
    puts("ready");
    fflush(stdout);
    char line[16];
    if (!next_order(line, sizeof line)) return 0;
    memset(&counts, 0, sizeof counts);
    uint64_t start = now_ns();
    read_events((uint64_t)option_number("events", 0));
    report((double)(now_ns() - start) / (double)NS_PER_SECOND);
    return 0;
}
