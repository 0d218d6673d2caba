/* MCP sessions that make tools/call requests through a proxy and check every answer.
 *
 *   calls port=N path=/mcp sessions=16 connections=16 seconds=3 warm_up=1 [rate=N] [fresh=1]
 *         [routes=N] [modern=1] [bearer=0] [client=python|typescript|large]
 *
 * Closed loop without `rate`: each connection has one call in flight and goes through its sessions
 * in turn. With `rate`, calls start on a fixed schedule and latency counts from the scheduled time.
 * `fresh` makes a new connection for every call. Prints `ready`, waits for a line, prints JSON.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "../wire/histogram.h"
#include "answer.h"
#include "connecting.h"
#include "options.h"
#include "requests.h"
#include "sessions.h"

#define DRAIN_NS (5 * NS_PER_SECOND)
#define MOST_FAILED_CONNECTS 1000

struct connection {
    int fd;
    size_t session;          /* whose call is next */
    unsigned id;             /* of the call in flight, 0 = idle */
    uint64_t started_ns;
    struct answer answer;
};

static struct request *requests;     /* one per session */
static struct connection *connections;
static size_t session_count, connection_count, session_bytes;
static bool fresh;
static uint64_t rate, scheduled, begun_ns, end_ns;
static int epoll_fd, timer_fd;

static struct {
    struct histogram latencies;
    uint64_t errors, wrong, reconnects, failed_connects;
    char first_error[200];
} seen;

/* ---- calling ---- */

static void note_error(const char *what, const struct answer *answer) {
    if (seen.errors++) return;
    int bytes = answer->has_head ? (int)answer_body_bytes(answer) : 0;
    snprintf(seen.first_error, sizeof seen.first_error, "%s, status %d: %.*s", what,
             answer->has_head ? answer->head.status : 0, bytes < 120 ? bytes : 120,
             bytes ? answer_body(answer) : "");
    for (char *at = seen.first_error; *at; at++)
        if (*at == '"' || *at == '\\' || *at < ' ') *at = '\'';
}

static bool reconnect(struct connection *connection) {
    if (connection->fd >= 0) close(connection->fd);
    connection->fd = connect_proxy();
    if (connection->fd < 0) {
        if (++seen.failed_connects > MOST_FAILED_CONNECTS) exit(1);
        return false;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->fd, &event);
    return true;
}

static unsigned next_id(void) {
    static unsigned id = FIRST_CALL_ID;
    return id = id == LAST_CALL_ID ? FIRST_CALL_ID : id + 1;
}

static void call(struct connection *connection, uint64_t started_ns) {
    if (connection->fd < 0 && !reconnect(connection)) {
        note_error("cannot connect", &connection->answer);
        return;
    }
    struct request *request = &requests[connection->session];
    connection->session += connection_count;
    if (connection->session >= session_count) connection->session %= connection_count;
    connection->id = next_id();
    connection->started_ns = started_ns;
    answer_reset(&connection->answer);
    request_set_id(request, connection->id);
    send_all(connection->fd, request->bytes, request->count);
}

static bool holds(const struct answer *answer, const char *text, size_t bytes) {
    return memmem(answer_body(answer), answer_body_bytes(answer), text, bytes) != NULL;
}

static void check(const struct connection *connection) {
    const struct answer *answer = &connection->answer;
    char id[24];
    int id_bytes = snprintf(id, sizeof id, "\"id\":%u", connection->id);
    if (answer->head.status != 200) note_error("refused", answer);
    else if (!holds(answer, id, (size_t)id_bytes)) seen.wrong++;
    else if (!holds(answer, "\"result\"", 8)) note_error("no result", answer);
}

static uint64_t due_ns(uint64_t number) { return begun_ns + number * NS_PER_SECOND / rate; }

static void call_if_due(struct connection *connection, uint64_t now) {
    if (now >= end_ns) return;
    if (!rate) call(connection, now);
    else if (due_ns(scheduled) <= now) call(connection, due_ns(scheduled++));
}

static void receive(struct connection *connection) {
    unsigned id = connection->id;
    struct answer *answer = &connection->answer;
    enum progress progress = answer_read(answer, connection->fd);
    if (progress == ANSWER_PART) return;
    uint64_t now = now_ns();
    if (id && progress == ANSWER_WHOLE) {
        histogram_add(&seen.latencies, now - connection->started_ns);
        check(connection);
    } else if (id) {
        note_error("connection lost", answer);
    }
    connection->id = 0;
    if (progress == ANSWER_BROKEN || fresh || answer->head.closes) {
        close(connection->fd);
        connection->fd = -1;
        seen.reconnects++;
    }
    if (id) call_if_due(connection, now);
}

/* ---- running ---- */

static void start_due_calls(void) {
    uint64_t ignored, now = now_ns();
    if (read(timer_fd, &ignored, sizeof ignored) < 0) ignored = 0;
    for (size_t at = 0; at < connection_count && due_ns(scheduled) <= now && now < end_ns; at++)
        if (!connections[at].id) call_if_due(&connections[at], now);
    uint64_t due = due_ns(scheduled);
    if (due <= now) due = now + NS_PER_SECOND / 1000;
    struct itimerspec next = {.it_value = {(time_t)(due / NS_PER_SECOND), (long)(due % NS_PER_SECOND)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &next, NULL);
}

static bool calls_in_flight(void) {
    for (size_t at = 0; at < connection_count; at++)
        if (connections[at].id) return true;
    return false;
}

static void give_up_calls(void) {
    for (size_t at = 0; at < connection_count; at++) {
        if (!connections[at].id) continue;
        note_error("no answer in time", &connections[at].answer);
        close(connections[at].fd);
        connections[at].fd = -1;
        connections[at].id = 0;
    }
}

static void begin(double seconds) {
    memset(&seen, 0, sizeof seen);
    begun_ns = now_ns();
    end_ns = begun_ns + (uint64_t)(seconds * (double)NS_PER_SECOND);
    scheduled = 0;
    if (rate) start_due_calls();
    else for (size_t at = 0; at < connection_count; at++) call(&connections[at], now_ns());
}

static void run(double seconds) {
    begin(seconds);
    for (uint64_t now = begun_ns; now < end_ns + DRAIN_NS; now = now_ns()) {
        if (now >= end_ns && !calls_in_flight()) return;
        struct epoll_event events[64];
        int ready = epoll_wait(epoll_fd, events, 64, 100);
        for (int at = 0; at < ready; at++)
            if (events[at].data.ptr) receive(events[at].data.ptr);
            else start_due_calls();
    }
    give_up_calls();
}

static void report(double seconds) {
    printf("{\"calls\":%llu,\"errors\":%llu,\"wrong\":%llu,\"reconnects\":%llu,\"seconds\":%.3f,"
           "\"session_id_bytes\":%zu,", (unsigned long long)seen.latencies.count,
           (unsigned long long)seen.errors, (unsigned long long)seen.wrong,
           (unsigned long long)seen.reconnects, seconds, session_bytes);
    histogram_print(&seen.latencies, stdout);
    printf(",\"first_error\":\"%s\"}\n", seen.first_error);
}

/* ---- preparing ---- */

static void prepare_sessions(void) {
    session_count = (size_t)option_number("sessions", 16);
    unsigned routes = (unsigned)option_number("routes", 1);
    char **ids = requests_are_modern() ? calloc(session_count, sizeof *ids)
                                       : open_sessions(session_count, routes);
    requests = calloc(session_count, sizeof *requests);
    for (size_t at = 0; at < session_count; at++)
        requests[at] = call_request((unsigned)(at % routes), ids[at]);
    session_bytes = ids[0] ? strlen(ids[0]) : 0;
}

static void prepare_connections(void) {
    connection_count = (size_t)option_number("connections", 16);
    if (connection_count > session_count) connection_count = session_count;
    connections = calloc(connection_count, sizeof *connections);
    for (size_t at = 0; at < connection_count; at++)
        connections[at] = (struct connection){.fd = -1, .session = at};
}

static void prepare_polling(void) {
    epoll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event);
}

int main(int count, char **arguments) {
    options_read(count, arguments);
    connecting_prepare();
    requests_prepare();
    allow_many_descriptors();
    prepare_sessions();
    prepare_connections();
    prepare_polling();
    fresh = option_number("fresh", 0);
    rate = (uint64_t)option_number("rate", 0);
    double seconds = atof(option("seconds", "3")), warm_up = atof(option("warm_up", "1"));
    run(warm_up);
    puts("ready");
    fflush(stdout);
    char line[16];
    if (!next_order(line, sizeof line)) return 0;
    uint64_t start = now_ns();
    run(seconds);
    report((double)(now_ns() - start) / (double)NS_PER_SECOND);
    return 0;
}
