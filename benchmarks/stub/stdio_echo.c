/* The stub MCP server on standard input and output, for proxies that only bridge stdio. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"

int main(void) {
    static char answer[ANSWER_ROOM];
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    while ((bytes = getline(&line, &room, stdin)) > 0) {
        struct message message = read_message(line, (size_t)bytes);
        if (!wants_answer(&message)) continue;
        size_t count = write_answer(&message, false, answer);
        answer[count] = '\n';
        fwrite(answer, 1, count + 1, stdout);
        fflush(stdout);
    }
    free(line);
    return 0;
}
