#include "answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FIRST_BYTES 4096
#define MOST_BYTES (4 << 20)

static bool make_room(struct answer *answer) {
    if (answer->count < answer->room) return true;
    if (answer->room >= MOST_BYTES) return false;
    answer->room = answer->room ? 2 * answer->room : FIRST_BYTES;
    answer->bytes = realloc(answer->bytes, answer->room);
    return answer->bytes != NULL;
}

static bool take_head(struct answer *answer) {
    int complete = http_read_head(answer->bytes, answer->count, &answer->head);
    if (complete <= 0) return complete == 0;
    answer->has_head = true;
    answer->chunks = (struct dechunker){.state = CHUNK_SIZE};
    if (answer->head.chunked) {
        char *body = answer->bytes + answer->head.length;
        size_t raw_bytes = answer->count - answer->head.length;
        answer->count = answer->head.length + dechunk(&answer->chunks, body, raw_bytes);
    }
    return answer->head.status >= 100;
}

static enum progress progress_of(const struct answer *answer) {
    if (!answer->has_head) return ANSWER_PART;
    if (answer->head.chunked) {
        if (answer->chunks.state == CHUNKS_BROKEN) return ANSWER_BROKEN;
        return answer->chunks.state == CHUNKS_DONE ? ANSWER_WHOLE : ANSWER_PART;
    }
    long body_bytes = answer->head.body_bytes;
    bool bodiless = answer->head.status == 202 || answer->head.status == 204;
    if (body_bytes < 0) return bodiless ? ANSWER_WHOLE : ANSWER_PART;
    return answer->count >= answer->head.length + (size_t)body_bytes ? ANSWER_WHOLE : ANSWER_PART;
}

enum progress answer_read(struct answer *answer, int fd) {
    if (!make_room(answer)) return ANSWER_BROKEN;
    char *fresh = answer->bytes + answer->count;
    ssize_t got = recv(fd, fresh, answer->room - answer->count, 0);
    if (got < 0 && errno == EAGAIN) return ANSWER_PART;
    if (got <= 0) return ANSWER_BROKEN;
    bool chunked = answer->has_head && answer->head.chunked;
    answer->count += chunked ? dechunk(&answer->chunks, fresh, (size_t)got) : (size_t)got;
    if (!answer->has_head && !take_head(answer)) return ANSWER_BROKEN;
    return progress_of(answer);
}

void answer_reset(struct answer *answer) {
    answer->count = 0;
    answer->has_head = false;
}

const char *answer_body(const struct answer *answer) { return answer->bytes + answer->head.length; }

size_t answer_body_bytes(const struct answer *answer) { return answer->count - answer->head.length; }

char *answer_session(const struct answer *answer) {
    struct http_head head;
    if (http_read_head(answer->bytes, answer->count, &head) != 1 || !head.session) return NULL;
    return strndup(head.session, head.session_bytes);
}
