/*
 * memory.h - HTTP without HTTP: requests and replies over the connections of a virtual loop.
 *
 * The same promises as http.h, over task/net.h's pipes in memory, so that a
 * simulation's cuts, resets and latency meet them. One connection carries one
 * request and its reply; numbers are 4 bytes in the machine's order, because
 * both ends are this process:
 *
 *   request   timeout_ms, lengths of method, target, body; then the three
 *   reply     status, lengths of content type, body; then the two
 *
 * Lengths are checked against their bounds before memory is made for them, as of a peer that is not
 * trusted: a simulation that cuts a frame in two must end in an error and not in an allocation. A frame
 * that ends early is ERR_RETRY, as a connection that breaks.
 */
#ifndef HTTP_MEMORY_H
#define HTTP_MEMORY_H

#include "http/http.h"

struct memory_server;

struct memory_server *memory_serve(
    const char *address, http_handler_fn *handler, void *arg, struct err *err) MUST_USE;
int memory_port(const struct memory_server *s); /* the one given, or picked for ":0" */
void memory_stop(struct memory_server *s);      /* cancels its handlers and waits for them */
int memory_call(struct ctx *cx, const char *address, const char *path, struct slice body,
    struct http_reply *reply) MUST_USE;

#endif
