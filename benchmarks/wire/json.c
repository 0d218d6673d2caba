#include "json.h"

#include <string.h>

static const char *after_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\') at++;
    return at < end ? at + 1 : end;
}

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
    return at;
}

static const char *after_value(const char *at, const char *end) {
    int depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = after_string(at, end);
            if (!depth) return at;
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') {
            if (!depth) return at;
            if (!--depth) return at + 1;
        }
        if (*at == ',' && !depth) return at;
        at++;
    }
    return end;
}

struct json_text json_member(struct json_text object, const char *name) {
    const char *end = object.start + object.bytes, *at = object.start;
    if (!at || at == end || *(at = skip_space(at, end)) != '{') return (struct json_text){0};
    at++;
    while ((at = skip_space(at, end)) < end && *at == '"') {
        struct json_text key = {at, 0};
        at = after_string(at, end);
        key.bytes = (size_t)(at - key.start);
        at = skip_space(at, end);
        at = skip_space(at < end ? at + 1 : at, end);
        const char *value_end = after_value(at, end);
        if (json_is(key, name)) return (struct json_text){at, (size_t)(value_end - at)};
        at = skip_space(value_end, end);
        if (at < end) at++;
    }
    return (struct json_text){0};
}

bool json_is(struct json_text text, const char *string) {
    size_t bytes = strlen(string);
    return text.start && text.bytes == bytes + 2 && text.start[0] == '"'
        && memcmp(text.start + 1, string, bytes) == 0;
}
