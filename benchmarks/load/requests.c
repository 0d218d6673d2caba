#define _GNU_SOURCE
#include "requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define LEGACY_VERSION "2025-11-25"
#define MODERN_VERSION "2026-07-28"
#define ECHO_TEXT_BYTES 180
#define BEARER_BYTES 560           /* a usual RS256 access token; brings a call's head to about 1 KB */
#define ICON_BYTES 2048

static const char *path, *client, *tool;
static bool with_bearer, modern;

void requests_prepare(void) {
    path = option("path", "/mcp");
    client = option("client", "python");
    tool = option("tool", "echo");
    with_bearer = option_number("bearer", 1);
    modern = option_number("modern", 0);
}

bool requests_are_modern(void) { return modern; }

static char *filled(char letter, size_t count) {
    char *text = malloc(count + 1);
    memset(text, letter, count);
    text[count] = 0;
    return text;
}

static void write_path(FILE *out, unsigned route) {
    const char *place = strstr(path, "{route}");
    if (!place) fputs(path, out);
    else fprintf(out, "%.*s%u%s", (int)(place - path), path, route, place + strlen("{route}"));
}

static void write_client_fields(FILE *out) {
    if (strcmp(client, "typescript") == 0)
        fputs("connection: keep-alive\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\n"
              "accept-encoding: gzip, deflate\r\n", out);
    else
        fputs("Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nUser-Agent: python-httpx2/2.16.2\r\n",
              out);
    fputs("accept: application/json, text/event-stream\r\ncontent-type: application/json\r\n", out);
}

static void write_authorization(FILE *out) {
    if (!with_bearer) return;
    char *token = filled('t', BEARER_BYTES);
    fprintf(out, "authorization: Bearer %s\r\n", token);
    free(token);
}

static void write_session(FILE *out, const char *session) {
    if (session) fprintf(out, "mcp-session-id: %s\r\n", session);
    if (modern) fprintf(out, "mcp-protocol-version: " MODERN_VERSION "\r\nmcp-method: tools/call\r\nmcp-name: %s\r\n", tool);
    else if (session) fputs("mcp-protocol-version: " LEGACY_VERSION "\r\n", out);
}

static struct request request(const char *method, unsigned route, const char *session, const char *body) {
    struct request made = {0};
    FILE *out = open_memstream(&made.bytes, &made.count);
    fprintf(out, "%s ", method);
    write_path(out, route);
    fprintf(out, " HTTP/1.1\r\nHost: 127.0.0.1:%ld\r\n", option_number("port", 0));
    write_client_fields(out);
    write_authorization(out);
    write_session(out, session);
    if (body) fprintf(out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    else fputs("\r\n", out);
    fclose(out);
    return made;
}

static void write_client_info(FILE *out) {
    if (strcmp(client, "large") == 0) {
        char *icon = filled('A', ICON_BYTES);
        fprintf(out, "{\"name\":\"mcp\",\"version\":\"0.1.0\",\"icons\":[{\"src\":\"data:image/png;base64,%s\"}]}", icon);
        free(icon);
    } else {
        bool node = strcmp(client, "typescript") == 0;
        fputs(node ? "{\"name\":\"bench\",\"version\":\"1.0.0\"}" : "{\"name\":\"mcp\",\"version\":\"0.1.0\"}", out);
    }
}

struct request initialize_request(unsigned route) {
    char *body;
    size_t bytes;
    FILE *out = open_memstream(&body, &bytes);
    fputs("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\""
          LEGACY_VERSION "\",\"capabilities\":{},\"clientInfo\":", out);
    write_client_info(out);
    fputs("}}", out);
    fclose(out);
    struct request made = request("POST", route, NULL, body);
    free(body);
    return made;
}

struct request initialized_request(unsigned route, const char *session) {
    return request("POST", route, session, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
}

static const char *modern_meta(void) {
    return ",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"" MODERN_VERSION "\","
           "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"mcp\",\"version\":\"0.1.0\"},"
           "\"io.modelcontextprotocol/clientCapabilities\":{}}";
}

struct request call_request(unsigned route, const char *session) {
    char *text = filled('e', ECHO_TEXT_BYTES), *body;
    if (asprintf(&body, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\","
                 "\"arguments\":{\"text\":\"%s\"}%s}}", FIRST_CALL_ID, tool, text, modern ? modern_meta() : "") < 0)
        exit(1);
    struct request made = request("POST", route, session, body);
    const char *digits = memmem(made.bytes, made.count, "\"id\":1000000", 12);
    made.id_at = (size_t)(digits - made.bytes) + 5;
    free(text);
    free(body);
    return made;
}

struct request stream_request(unsigned route, const char *session) {
    return request("GET", route, session, NULL);
}

void request_set_id(struct request *request, unsigned id) {
    for (int digit = 6; digit >= 0; digit--, id /= 10)
        request->bytes[request->id_at + (size_t)digit] = (char)('0' + id % 10);
}
