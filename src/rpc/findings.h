/*
 * findings.h - what a preflight has found: a short list, each line one sentence.
 *
 *   refuses   clients would get errors, or rows would be lost: the move stops unless it is forced
 *   warns     it may hurt, or nobody knows whether it does: a person should look
 *   note      how it was looked, and how much was seen
 *
 * Sentences name tables, accounts and hosts, and statements by their fingerprint: never a literal.
 */
#ifndef RPC_FINDINGS_H
#define RPC_FINDINGS_H

#include "topo/message.h"

enum { FINDINGS_MAX = 64 }; /* of one list: more is read by nobody */

enum finding_severity { FINDING_NOTE, FINDING_WARNS, FINDING_REFUSES };
extern const char *const finding_severity_names[]; /* "note", "warns", "refuses"; NULL-terminated */

struct finding {
	enum finding_severity severity;
	const char *text;
};

/* All zero: none. items has room for FINDINGS_MAX once there is one; to a list that was read nothing is
 * added. */
struct findings {
	struct finding *items;
	size_t count;
};

extern const struct message finding_message;

/* The text is copied. Past the bound it is left out. */
void findings_add(struct arena *a, struct findings *f, enum finding_severity severity,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void findings_append(struct arena *a, struct findings *f, const struct findings *more);
size_t findings_count(const struct findings *f, enum finding_severity severity);

#endif
