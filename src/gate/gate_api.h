/*
 * gate_api.h - the control of a gate: new rules in, acknowledgements out; lease; health; metrics.
 *
 * Runs on a loop of its own. First comes the lease, then the gate's record
 * under it, and only then the rules are read; each new grant of a lease that was
 * lost repeats this, and what was read before is not believed any more (its
 * epoch is another). A version of the rules is acknowledged when every worker goes by it, a workflow's
 * switch key when every worker has drained what it says (acks.h): as the answer to the POST that asks
 * for it, and in /acks/<id> for those who watch.
 *
 * Rules come by the watch of /routing/, or are read when somebody is found to be ahead; a switch key may be
 * in a POST, and is gone by at once (known_rules.h).
 *
 *   POST /gate/rules    struct rules_post -> struct ack_record, once acknowledged
 *   POST /gate/statements  struct statements_request -> struct statements_record (rpc/statements.h);
 *                       GET for all of them
 *   GET  /metrics       Prometheus
 *   GET  /healthz       200 while clients are served
 */
#ifndef GATE_GATE_API_H
#define GATE_GATE_API_H

#include "gate/worker.h"
#include "topo/topo.h"

struct gate_params {
	const char *topo, *http, *mysql;
	const char *id; /* NULL: one that no other gate has */
	int workers;
	size_t clients_max, backends_max, packet_max, hold_bytes_max;
	usec drain_timeout;
	const struct credentials *credentials;
	const struct gate_links *links;
};

struct gate;

struct gate *gate_new(const struct gate_params *params);
/* Serves until gate_stop(); prints the ready line. Then drains and ends everything. */
int gate_run(struct ctx *cx, struct gate *g) MUST_USE;
void gate_stop(struct gate *g);
void gate_free(struct gate *g);

#endif
