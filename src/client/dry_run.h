/*
 * dry_run.h - prints what a command would do, as Vitess does.
 *
 * vtctlclient     Dry Run results for SwitchTraffic run at 28 Nov 26 18:00 UTC
 *                 Parameters: SwitchTraffic new_customer.shop
 *
 *                 Lock workflow new_customer.shop ...
 * vtctldclient    SwitchTraffic dry run results for workflow new_customer.shop at 28 Nov 26 18:00 UTC
 *
 *                 Lock workflow new_customer.shop ...
 */
#ifndef CLIENT_DRY_RUN_H
#define CLIENT_DRY_RUN_H

#include "client/client.h"

/* verb: "SwitchTraffic"; workflow: "new_customer.shop"; answer: vtctld's, of a request with dry_run: an array
 * dry_run_results, and start_state. With --format json as vtctldclient's. ERR_CORRUPT when the answer is
 * none. The time is this machine's: nothing depends on it. */
int dry_run_print(struct ctx *cx, const struct client *c, const char *verb, const char *workflow,
    struct slice answer) MUST_USE;

#endif
