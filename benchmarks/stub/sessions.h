/* Session ids that a stub verifies without a table: each names its listener and proves itself. */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <stdbool.h>
#include <stddef.h>

#define SESSION_ID_BYTES 32

/* Writes a new id of this listener (not NUL-terminated). */
void mint_session(unsigned listener, char id[SESSION_ID_BYTES]);

/* Whether this listener gave this id: an id of another listener means a lost affinity. */
bool knows_session(unsigned listener, const char *id, size_t bytes);

#endif
