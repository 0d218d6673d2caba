#include "sessions.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "answer.h"
#include "connecting.h"
#include "requests.h"

#define ANSWER_WAIT_MS 30000

static int fd = -1;
static struct answer answer;

static void fail(const char *what) {
    fprintf(stderr, "could not open a session: %s, status %d: %.*s\n", what, answer.head.status,
            answer.has_head ? (int)answer_body_bytes(&answer) : 0,
            answer.has_head ? answer_body(&answer) : "");
    exit(1);
}

static void reconnect(void) {
    if (fd >= 0) close(fd);
    if ((fd = connect_proxy()) < 0) fail("cannot connect");
}

static void exchange(struct request request, const char *what) {
    if (fd < 0) reconnect();
    answer_reset(&answer);
    answer.head = (struct http_head){0};
    if (!send_all(fd, request.bytes, request.count)) fail(what);
    enum progress progress = ANSWER_PART;
    while (progress == ANSWER_PART) {
        struct pollfd wait = {fd, POLLIN, 0};
        if (poll(&wait, 1, ANSWER_WAIT_MS) <= 0) fail(what);
        progress = answer_read(&answer, fd);
    }
    if (progress == ANSWER_BROKEN || answer.head.status / 100 != 2) fail(what);
    free(request.bytes);
    if (answer.head.closes) reconnect();
}

char **open_sessions(size_t count, unsigned routes) {
    char **sessions = calloc(count, sizeof *sessions);
    for (size_t at = 0; at < count; at++) {
        unsigned route = (unsigned)(at % routes);
        exchange(initialize_request(route), "initialize");
        sessions[at] = answer_session(&answer);
        exchange(initialized_request(route, sessions[at]), "notifications/initialized");
    }
    if (fd >= 0) close(fd);
    fd = -1;
    return sessions;
}
