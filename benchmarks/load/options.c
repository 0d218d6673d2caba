#include "options.h"

#include <stdlib.h>
#include <string.h>

static int count;
static char **arguments;

void options_read(int given, char **values) {
    count = given;
    arguments = values;
}

const char *option(const char *name, const char *otherwise) {
    size_t bytes = strlen(name);
    for (int at = 1; at < count; at++)
        if (strncmp(arguments[at], name, bytes) == 0 && arguments[at][bytes] == '=')
            return arguments[at] + bytes + 1;
    return otherwise;
}

long option_number(const char *name, long otherwise) {
    const char *value = option(name, NULL);
    return value ? strtol(value, NULL, 10) : otherwise;
}
