/*
 * ctl_api.h - vtctld's HTTP methods: POST /api/<method> with a ctl_request (rpc/api.h), answered by
 * one JSON document. GET /healthz, and /metrics as Prometheus reads them (ctl_metrics.h).
 *
 * create_keyspace   keyspace, force, server_kind, database
 *     {"name":..,"keyspace":{...}}. When a vtcombo watches the topology (key /combo/<id> exists) it
 *     answers when a primary tablet of the keyspace is healthy. Exists: refused "node already
 *     exists: keyspaces/<k>/Keyspace"; force: not an error.
 * get_keyspaces
 *     {"keyspaces":["customer",..]}, sorted
 * get_keyspace      keyspace
 *     as create_keyspace
 * follow_keyspace   keyspace, target_keyspace, force
 *     What is made in the keyspace is made in the target keyspace from now on; target_keyspace "": in itself
 *     (follow.h). As create_keyspace; "follows" says which, there and in get_keyspace
 * get_tablets       [keyspace]
 *     {"tablets":[{"alias","keyspace","shard","type","state","lag_ms","server","http"},..]} sorted
 *     by alias; state is the health's, or "NOT_SERVING" without one
 * validate_tablet   alias
 *     struct validate_reply (rpc/tablet.h) of the tablet's server: {"flavour","version","requirements":[
 *     {"what","state","why","mend"},..]}
 * get_srv_keyspace  keyspace
 *     Vitess's SrvKeyspace ({"partitions":[{"served_type":"PRIMARY","shard_references":[
 *     {"name":"0","key_range":null}]},..]}) plus "routing":{"version":N,"tables":[{"table",
 *     "served_by":"new_customer.users","phase":"open"}]}
 * get_routing_rules
 *     {"version":N,"rules":[{"from_table":"customer.users","to_tables":["new_customer.users"]}]}
 * apply_routing_rules  tables (from and to, "keyspace.table" each), dry_run
 *     Rules that are not among them are taken away, as far as finished moves have left them (take_away.h); no
 *     rule is made or changed so. As get_routing_rules: what they are then, or would be
 * delete_keyspace   keyspace, recursive
 * delete_tablet     alias, allow_primary
 *     {"running":["zone1-101",..]}: tablets whose records have gone and whose vttablets run
 * get_statements    [keyspace]
 *     struct statements_record (rpc/statements.h) of all gates: {"since_us","seen_us","gates","silent":[..],
 *     "count","left","statements":[{"text","tables":[..],"count","errors","rows","total_us","max_us",
 *     "latency":[{"below_us","count"},..]},..],"spans":[{"tables":[..],"count"},..],..}
 * workflow_show     workflow
 *     {"record":<workflow_record>,"revision":N,"traffic_state":"Reads Not Switched. Writes Not
 *     Switched","progress":<progress>,"way_back":<way_back>}; the last of one that has switched and has
 *     one
 * workflow_list     [keyspace]
 *     {"workflows":["new_customer/users",..],"details":[{"workflow","state","source","target"},..]}
 * drop_table        keyspace, table
 *     {}; refused while a rule routes to it or an unswitched workflow uses it, and when it does
 *     not exist. A way back that ends at this table ends first: {"completed":"new_customer/users"}
 * move_tables       keyspace, target_keyspace, tables | all | patterns, excluded, workflow, options,
 *     after_revision
 *     Creates the workflow, attaches to it, or finds it done. {"workflow":"new_customer/users",
 *     "created":bool,"done":bool,"checking":bool,"state_text":"","revision":N}. Of the options those
 *     that the request has: a move that is there keeps the others, a new one has the defaults.
 *     checking: its check is not over after a second; to wait on, the same with after_revision = N. A
 *     move that is refused is told as this method's error, and there is none any more. But where the
 *     preflight's list refuses it: "refused":true,"text","hint","findings":[{"severity","text"},..].
 * move_status       workflow, after_revision
 *     as workflow_show; waits up to a second for a record newer than after_revision
 * workflow_delete   workflow
 *     Has a move that has not switched taken back (cancel.h) and answers at once: move_status tells when
 *     its state is Cancelled. {"workflow":"new_customer/users","done":bool,"already":bool}; done: there
 *     is nothing to wait for, as of one that was only being checked; already: it was before. action
 *     "keep": the
 *     target's tables stay; keep_routing_rules
 * workflow_switch   workflow, options
 *     Leave to switch (control.h); answers at once: {"workflow":..,"start_state":"Reads Not Switched.
 *     Writes Not Switched","changed":bool,"done":bool}; done: it had switched. Of one that fails the
 *     record says so, and it waits for the next command
 * workflow_reverse  workflow, options
 *     Asks for the way back (back.h); answers at once, as workflow_switch, and with
 *     "left":"[plugin,..]", tables
 *     that clients made at the target while the keyspace followed, which stay there; ""
 * workflow_complete workflow, action (drop, rename or keep: the old tables), remove_routing_rules
 *     Ends the way back of a move that has switched (complete.h); answers at once, as workflow_switch:
 *     move_status tells when its state is Complete
 *
 * vdiff_create      workflow, uuid ("": a new one), vdiff
 * vdiff_stop, vdiff_resume     workflow, uuid
 * vdiff_delete      workflow, uuid or "all"
 *     A comparison of the workflow's two sides (rpc/vdiff.h). {"uuid":".."}
 * vdiff_show        workflow, uuid, or "last" or "all"
 *     struct vdiff_reply: {"vdiffs":[..]}, the newest first; of "all" without their tables
 *
 * move_tables, workflow_switch, _reverse, _complete and _delete with dry_run ask what they would ask, change
 * nothing and answer with "dry_run_results":["..",..]: what they would do, a line each (lines.h).
 * None: nothing.
 *
 * route_name        keyspace, table, target_keyspace, target_table
 *     For gates. The name, which no table has, stands for that table from now on; every gate knows.
 *     {"version":N} of the rules that say so. Refusals have numbers for clients (reroute.h).
 * route_home        keyspace, table
 *     For gates. No table has the name any more: it stands for itself again, if route_name has
 *     changed that. {"version":N}
 * at_rest           keyspace, table
 *     For gates. Refused while a move uses the table that the name stands for.
 *
 * workflow_show also has "sizes":[{"copied":N,"total":N},..], bytes of each table at target and source
 * as their
 * servers estimate them, while both tablets answer.
 *
 * <progress> is of this moment, from the tablet that the stream ends at; id is the stream's round:
 *   {"id":1,"state":"copying","rows_copied":N,"rows_total":N,"lag_ms":N,"changes_applied":N,
 *    "loaded_by":"LOAD DATA","position":"0-1-42","error":"","hint":""}
 * <way_back> too, from the tablet of the side that does not serve:
 *   {"state":"open","lag_ms":N,"guard_lag_ms":N,"changes_applied":N,"closed":"","error":""}
 *   state: pending until the switch's last step is done, open, closed with the sentence why, or unknown
 *   while the tablet does not answer, with its error
 */
#ifndef CTL_CTL_API_H
#define CTL_CTL_API_H

#include "ctl/workflow.h"
#include "http/http.h"

/* An http_handler_fn; arg is a struct ctl (ctl/workflow.h). */
void ctl_api_handle(
    struct ctx *cx, void *arg, const struct http_request *req, struct http_reply *reply);

#endif
