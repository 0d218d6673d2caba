/* Opens MCP sessions through the proxy, before anything is measured. */
#ifndef LOAD_SESSIONS_H
#define LOAD_SESSIONS_H

#include <stddef.h>

/* initialize + notifications/initialized for each of `count` sessions over a few connections.
 * Returns their ids (NULL entries for a server without sessions); exits with a message on failure.
 * Session i uses route i % routes. */
char **open_sessions(size_t count, unsigned routes);

#endif
