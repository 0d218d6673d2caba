/* `name=value` arguments of the load programs. */
#ifndef OPTIONS_H
#define OPTIONS_H

void options_read(int count, char **arguments);
const char *option(const char *name, const char *otherwise);
long option_number(const char *name, long otherwise);

#endif
