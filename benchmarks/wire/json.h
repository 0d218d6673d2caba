/* Finds members of a JSON object without building anything; for bodies the benchmarks made. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

struct json_text {
    const char *start;       /* NULL when absent */
    size_t bytes;
};

/* The raw text of a member of the outermost object, quotes and all. */
struct json_text json_member(struct json_text object, const char *name);

/* Whether the raw text is exactly this string (which needs no escapes). */
bool json_is(struct json_text text, const char *string);

#endif
