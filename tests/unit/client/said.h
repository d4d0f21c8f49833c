/*
 * said.h - what a test's program has printed.
 */
#ifndef TESTS_CLIENT_SAID_H
#define TESTS_CLIENT_SAID_H

/* From here on standard output goes to a file of the test's. */
void said_begin(void);
/* All of it so far; valid until the next call. */
const char *said(void);

#endif
