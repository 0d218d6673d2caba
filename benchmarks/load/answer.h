/* Reads one HTTP answer, of a told length or chunked (so also a finished SSE answer). */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "../wire/http.h"

struct answer {
    char *bytes;
    size_t count, room;
    bool has_head;
    struct http_head head;
    struct dechunker chunks;
};

enum progress { ANSWER_PART, ANSWER_WHOLE, ANSWER_BROKEN };

/* Takes what the socket has; BROKEN when the peer closed or did not speak HTTP. */
enum progress answer_read(struct answer *answer, int fd);

/* Readies for the next answer; keeps the memory. */
void answer_reset(struct answer *answer);

const char *answer_body(const struct answer *answer);
size_t answer_body_bytes(const struct answer *answer);

/* A copy of the answer's Mcp-Session-Id, or NULL. */
char *answer_session(const struct answer *answer);

#endif
