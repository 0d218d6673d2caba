/* The HTTP requests of the official Python SDK client (mcp 2.x), header for header. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

#define FIRST_CALL_ID 1000000u     /* ids keep seven digits, so a request is patched in place */
#define LAST_CALL_ID 9999999u

struct request {
    char *bytes;
    size_t count;
    size_t id_at;            /* offset of the seven digits of a call's id */
};

/* Reads `path`, `routes`, `bearer`, `client`, `modern` and `tool` from the options. */
void requests_prepare(void);
bool requests_are_modern(void);

/* `route` fills the `{route}` of the path; `session` may be NULL. All allocate. */
struct request initialize_request(unsigned route);
struct request initialized_request(unsigned route, const char *session);
struct request call_request(unsigned route, const char *session);
struct request stream_request(unsigned route, const char *session);

void request_set_id(struct request *request, unsigned id);

#endif
