#include "sessions.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t value) {
    value += 0x9e3779b97f4a7c15ull;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    return value ^ (value >> 31);
}

static void write_id(unsigned listener, uint64_t serial, char *out) {
    uint64_t proof = mix(serial ^ mix(listener)) & 0xffffffffffffull;
    char text[SESSION_ID_BYTES + 1];
    snprintf(text, sizeof text, "%04x%016llx%012llx", listener & 0xffff,
             (unsigned long long)serial, (unsigned long long)proof);
    memcpy(out, text, SESSION_ID_BYTES);
}

void mint_session(unsigned listener, char id[SESSION_ID_BYTES]) {
    static uint64_t minted;
    write_id(listener, mix(++minted), id);
}

bool knows_session(unsigned listener, const char *id, size_t bytes) {
    if (bytes != SESSION_ID_BYTES) return false;
    char serial[17] = {0}, expected[SESSION_ID_BYTES];
    memcpy(serial, id + 4, 16);
    write_id(listener, strtoull(serial, NULL, 16), expected);
    return memcmp(expected, id, SESSION_ID_BYTES) == 0;
}
