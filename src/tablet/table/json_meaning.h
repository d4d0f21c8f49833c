/*
 * json_meaning.h - what MySQL keeps of a JSON text, as bytes that are equal when it is.
 *
 * Members of an object in one order, of several with one name the last; strings without their escapes;
 * numbers that fit 64 bits as integers, all others as doubles, so that 1 is not 1.0. White space goes.
 */
#ifndef TABLET_TABLE_JSON_MEANING_H
#define TABLET_TABLE_JSON_MEANING_H

#include "base/buf.h"
#include "base/err.h"

enum { JSON_MEANING_DEPTH = 100 }; /* brackets in one another: MySQL's limit */

/* Appends. False: it is no JSON, or too deep; out is of no use then. */
bool json_meaning(struct buf *out, struct slice text) MUST_USE;

#endif
