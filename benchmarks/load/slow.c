/* Slow clients, kept at their full number: half heads, half bodies and slow readers.
 *
 *   slow port=N path=/mcp clients=800 tool=large receive_bytes=4096
 *
 * Each client acts once a second, spread over the second: a head or a body grows by one field or
 * byte, a reader takes a few bytes of a large answer. One that the proxy ends comes again on its next
 * turn. Prints `ready` when all stand, waits for a line, prints JSON of how they ended.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "connecting.h"
#include "options.h"
#include "requests.h"
#include "sessions.h"

#define TURN_NS NS_PER_SECOND
#define SIP_BYTES 64

enum kind { HALF_HEAD, HALF_BODY, SLOW_READER, KINDS };

struct client {
    int fd;
    enum kind kind;
};

static const char *names[KINDS] = {"half_heads", "half_bodies", "slow_readers"};
static struct client *clients;
static size_t client_count;
static struct request whole;
static size_t head_bytes;
static struct {
    unsigned long long opened[KINDS], ended[KINDS], refused[KINDS];
} seen;

/* How much of a whole request each kind sends at once. */
static size_t first_bytes(enum kind kind) {
    if (kind == HALF_HEAD) return (size_t)(strstr(whole.bytes, "\r\n") + 2 - whole.bytes);
    return kind == HALF_BODY ? head_bytes + 1 : whole.count;
}

static void start(struct client *client) {
    if ((client->fd = connect_proxy()) < 0) return;
    seen.opened[client->kind]++;
    send_all(client->fd, whole.bytes, first_bytes(client->kind));
}

static void end(struct client *client, const char *answer, ssize_t bytes) {
    seen.ended[client->kind]++;
    if (bytes > 12 && atoi(answer + 9) >= 400) seen.refused[client->kind]++;
    close(client->fd);
    client->fd = -1;
}

static void grow(struct client *client) {
    char answer[256];
    ssize_t got = recv(client->fd, answer, sizeof answer, 0);
    if (got >= 0) {
        end(client, answer, got);
        return;
    }
    const char *more = client->kind == HALF_HEAD ? "x-slow: y\r\n" : " ";
    send(client->fd, more, strlen(more), MSG_NOSIGNAL);
}

static void sip(struct client *client) {
    char sip[SIP_BYTES];
    ssize_t got = recv(client->fd, sip, sizeof sip, 0);
    if (got == 0) end(client, sip, 0);
}

static void act(struct client *client) {
    if (client->fd < 0) start(client);
    else if (client->kind == SLOW_READER) sip(client);
    else grow(client);
}

static void prepare(void) {
    client_count = (size_t)option_number("clients", 800);
    clients = calloc(client_count, sizeof *clients);
    whole = call_request(0, open_sessions(1, 1)[0]);
    head_bytes = (size_t)(strstr(whole.bytes, "\r\n\r\n") + 4 - whole.bytes);
    for (size_t at = 0; at < client_count; at++) {
        clients[at] = (struct client){.fd = -1, .kind = at % KINDS};
        start(&clients[at]);
    }
}

static bool asked_to_end(void) {
    struct pollfd order = {STDIN_FILENO, POLLIN, 0};
    return poll(&order, 1, 0) > 0;
}

static void run(void) {
    uint64_t turn_ns = TURN_NS / client_count, due = now_ns();
    for (size_t at = 0; !asked_to_end(); at = (at + 1) % client_count, due += turn_ns) {
        act(&clients[at]);
        struct timespec until = {(time_t)(due / NS_PER_SECOND), (long)(due % NS_PER_SECOND)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
}

static void report(void) {
    size_t standing = 0;
    for (size_t at = 0; at < client_count; at++) standing += clients[at].fd >= 0;
    printf("{\"standing\":%zu", standing);
    for (int kind = 0; kind < KINDS; kind++)
        printf(",\"%s_opened\":%llu,\"%s_ended\":%llu,\"%s_refused\":%llu", names[kind], seen.opened[kind],
               names[kind], seen.ended[kind], names[kind], seen.refused[kind]);
    puts("}");
}

int main(int count, char **arguments) {
    options_read(count, arguments);
    connecting_prepare();
    requests_prepare();
    allow_many_descriptors();
    prepare();
    puts("ready");
    fflush(stdout);
    run();
    report();
    return 0;
}
