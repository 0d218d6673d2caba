/* The little of HTTP/1.1 (RFC 9112) that a load generator and a stub have to read. */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct http_head {
    size_t length;           /* bytes up to and including the blank line */
    int status;              /* of an answer; 0 in a request */
    char method;             /* first letter of a request's method */
    long body_bytes;         /* Content-Length, -1 when none is told */
    bool chunked;
    bool closes;             /* Connection: close */
    bool modern;             /* MCP-Protocol-Version 2026-… */
    const char *session;     /* Mcp-Session-Id, or NULL */
    size_t session_bytes;
};

/* Reads a head: 1 = complete, 0 = more bytes wanted, -1 = not HTTP/1.1. */
int http_read_head(const char *bytes, size_t count, struct http_head *head);

struct dechunker {
    enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, CHUNKS_DONE, CHUNKS_BROKEN } state;
    size_t left;             /* bytes left of the current chunk */
    bool has_digit, line_empty;
};

/* Decodes `count` bytes in place over `bytes`; returns how many body bytes now stand there. */
size_t dechunk(struct dechunker *dechunker, char *bytes, size_t count);

#endif
