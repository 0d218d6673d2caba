#include "answers.h"

#include <stdio.h>
#include <string.h>

#define ECHO_TEXT_BYTES 189
#define SERVER "{\"name\":\"stub\",\"version\":\"1.0.0\"}"
#define TOOL(NAME) \
    "{\"name\":\"" NAME "\",\"description\":\"Always the same text\",\"inputSchema\":" \
    "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}}}}"

struct message read_message(const char *body, size_t bytes) {
    struct json_text whole = {body, bytes};
    return (struct message){
        json_member(whole, "id"), json_member(whole, "method"), json_member(whole, "params")};
}

bool wants_answer(const struct message *message) {
    return message->id.start && message->method.start;
}

static size_t append(char *out, size_t at, const char *text) {
    size_t bytes = strlen(text);
    memcpy(out + at, text, bytes);
    return at + bytes;
}

static size_t write_initialized(const struct message *message, char *out, size_t at) {
    struct json_text version = json_member(message->params, "protocolVersion");
    if (!version.start) version = (struct json_text){"\"2025-06-18\"", 12};
    at = append(out, at, "{\"protocolVersion\":");
    memcpy(out + at, version.start, version.bytes);
    return append(out, at + version.bytes,
                  ",\"capabilities\":{\"tools\":{},\"logging\":{}},\"serverInfo\":" SERVER "}");
}

static size_t write_discovered(char *out, size_t at) {
    return append(out, at,
                  "{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],"
                  "\"capabilities\":{\"tools\":{}},\"ttlMs\":0,\"cacheScope\":\"private\","
                  "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":" SERVER "}}");
}

static size_t write_tools(bool modern, char *out, size_t at) {
    at = append(out, at, "{\"tools\":[" TOOL("echo") "," TOOL("large") "]");
    if (modern) at = append(out, at, ",\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"");
    return append(out, at, "}");
}

static size_t write_called(const struct message *message, bool modern, char *out, size_t at) {
    bool large = json_is(json_member(message->params, "name"), "large");
    size_t text_bytes = large ? LARGE_TEXT_BYTES : ECHO_TEXT_BYTES;
    at = append(out, at, "{\"content\":[{\"type\":\"text\",\"text\":\"");
    memset(out + at, 'x', text_bytes);
    at = append(out, at + text_bytes, "\"}],\"isError\":false");
    if (modern) at = append(out, at, ",\"resultType\":\"complete\"");
    return append(out, at, "}");
}

static size_t write_result(const struct message *message, bool modern, char *out, size_t at) {
    if (json_is(message->method, "tools/call")) return write_called(message, modern, out, at);
    if (json_is(message->method, "initialize")) return write_initialized(message, out, at);
    if (json_is(message->method, "server/discover")) return write_discovered(out, at);
    if (json_is(message->method, "tools/list")) return write_tools(modern, out, at);
    return append(out, at, modern ? "{\"resultType\":\"complete\"}" : "{}");
}

size_t write_answer(const struct message *message, bool modern, char *out) {
    size_t at = append(out, 0, "{\"jsonrpc\":\"2.0\",\"id\":");
    memcpy(out + at, message->id.start, message->id.bytes);
    at = append(out, at + message->id.bytes, ",\"result\":");
    return append(out, write_result(message, modern, out, at), "}");
}
