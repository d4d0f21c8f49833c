/*
 * golden.h - bytes captured from real servers, kept as hex with comments.
 *
 * A file holds entries "name:" followed by lines of hex, blanks ignored; lines
 * that begin with '#' are comments. The test fails when an entry is absent.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "base/buf.h"

/* file is relative to tests/golden; out gets the bytes of the entry. */
void golden_read(const char *file, const char *name, struct buf *out);

#endif
