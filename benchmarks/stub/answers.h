/* What the stub MCP server says: one tool `echo`, always the same answer; one tool `large`. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

#include "../wire/json.h"

#define LARGE_TEXT_BYTES (256 * 1024)
#define ANSWER_ROOM (LARGE_TEXT_BYTES + 4096)

struct message {
    struct json_text id, method, params;
};

struct message read_message(const char *body, size_t bytes);

/* A request wants an answer; a notification or a response only an acknowledgement. */
bool wants_answer(const struct message *message);

/* Writes the JSON-RPC answer into `out` (at least ANSWER_ROOM bytes); returns its length. */
size_t write_answer(const struct message *message, bool modern, char *out);

#endif
