/*
 * registration.h - a gate's record in the topology, under its name and its lease.
 *
 * Who moves a table asks the gates that it finds under /gates/ and no other: a gate whose record
 * somebody else has written over would go on serving by old rules. So the key is written only
 * where there is none, or where the record is this gate's own: the one with its HTTP address,
 * which this process has bound, so that whoever wrote it is gone (a gate that was killed and
 * started again at the same port need not wait). The record vanishes with its lease.
 */
#ifndef GATE_REGISTRATION_H
#define GATE_REGISTRATION_H

#include "topo/record.h"
#include "topo/topo.h"

enum { REGISTRATION_ID_MAX = WORD_MAX + 1 };

/* The name of a gate that was given none: the host's, and the port of http, which no other gate
 * there has. */
void registration_default_id(char id[REGISTRATION_ID_MAX], const char *http);

/* Writes it. ERR_CONFLICT: another gate has the name, and its lease has not ended. */
int registration_put(struct ctx *cx, struct topo *t, const struct gate_record *r) MUST_USE;

/* The same with the lease of l, waiting out the lease of a gate that may be gone. */
int registration_start(struct ctx *cx, struct topo *t, const struct topo_lease *l,
    const struct gate_record *r) MUST_USE;

#endif
