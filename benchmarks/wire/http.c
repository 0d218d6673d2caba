#define _GNU_SOURCE
#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool named(const char *line, size_t name_bytes, const char *name) {
    return name_bytes == strlen(name) && strncasecmp(line, name, name_bytes) == 0;
}

static void read_field(const char *line, const char *end, struct http_head *head) {
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon) return;
    size_t name_bytes = (size_t)(colon - line);
    const char *value = colon + 1;
    while (value < end && *value == ' ') value++;
    if (named(line, name_bytes, "content-length")) head->body_bytes = strtol(value, NULL, 10);
    else if (named(line, name_bytes, "transfer-encoding")) head->chunked = strncasecmp(value, "chunked", 7) == 0;
    else if (named(line, name_bytes, "connection")) head->closes = strncasecmp(value, "close", 5) == 0;
    else if (named(line, name_bytes, "mcp-protocol-version")) head->modern = strncmp(value, "2026-", 5) == 0;
    else if (named(line, name_bytes, "mcp-session-id")) {
        head->session = value;
        head->session_bytes = (size_t)(end - value);
    }
}

static bool read_first_line(const char *line, size_t count, struct http_head *head) {
    if (count > 12 && memcmp(line, "HTTP/1.", 7) == 0) {
        head->status = atoi(line + 9);
        return head->status >= 100;
    }
    head->method = line[0];
    return count > 9 && memcmp(line + count - 8, "HTTP/1.", 7) == 0;
}

int http_read_head(const char *bytes, size_t count, struct http_head *head) {
    const char *blank = memmem(bytes, count, "\r\n\r\n", 4);
    if (!blank) return 0;
    *head = (struct http_head){.length = (size_t)(blank - bytes) + 4, .body_bytes = -1};
    const char *line = bytes;
    for (bool first = true; line < blank + 2; first = false) {
        const char *end = memmem(line, (size_t)(blank + 2 - line), "\r\n", 2);
        if (first && !read_first_line(line, (size_t)(end - line), head)) return -1;
        if (!first) read_field(line, end, head);
        line = end + 2;
    }
    return 1;
}

static void size_digit(struct dechunker *chunks, char byte) {
    if (byte == '\n') {
        if (!chunks->has_digit) chunks->state = CHUNKS_BROKEN;
        else chunks->state = chunks->left ? CHUNK_DATA : CHUNK_TRAILER;
        chunks->line_empty = true;
        return;
    }
    if (byte == '\r') return;
    const char *digits = "0123456789abcdef", *at = strchr(digits, byte | 0x20);
    if (!at || byte == 0) {
        chunks->state = CHUNKS_BROKEN;
        return;
    }
    chunks->left = chunks->left * 16 + (size_t)(at - digits);
    chunks->has_digit = true;
}

static void trailer_byte(struct dechunker *chunks, char byte) {
    if (byte == '\n') {
        if (chunks->line_empty) chunks->state = CHUNKS_DONE;
        chunks->line_empty = true;
    } else if (byte != '\r') {
        chunks->line_empty = false;
    }
}

static void next_chunk(struct dechunker *chunks) {
    *chunks = (struct dechunker){.state = CHUNK_SIZE};
}

size_t dechunk(struct dechunker *chunks, char *bytes, size_t count) {
    size_t kept = 0, at = 0;
    while (at < count && chunks->state < CHUNKS_DONE) {
        if (chunks->state == CHUNK_DATA) {
            size_t take = count - at < chunks->left ? count - at : chunks->left;
            memmove(bytes + kept, bytes + at, take);
            kept += take, at += take, chunks->left -= take;
            if (!chunks->left) chunks->state = CHUNK_DATA_END;
            continue;
        }
        char byte = bytes[at++];
        if (chunks->state == CHUNK_SIZE) size_digit(chunks, byte);
        else if (chunks->state == CHUNK_TRAILER) trailer_byte(chunks, byte);
        else if (byte == '\n') next_chunk(chunks);
    }
    return kept;
}
