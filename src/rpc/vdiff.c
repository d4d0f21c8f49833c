#include "rpc/vdiff.h"

static const struct fsm_state state_rows[] = {
	[VDIFF_PENDING] = { "pending",
	    FSM_TO(VDIFF_STARTED) | FSM_TO(VDIFF_STOPPED) | FSM_TO(VDIFF_ERROR),
	    "it waits until the stream is in step, and others are done" },
	[VDIFF_STARTED] = { "started",
	    FSM_TO(VDIFF_STOPPED) | FSM_TO(VDIFF_COMPLETED) | FSM_TO(VDIFF_ERROR),
	    "rows are compared; the last key of each table is stored" },
	[VDIFF_STOPPED] = { "stopped", FSM_TO(VDIFF_PENDING), "by command, and it can go on" },
	[VDIFF_COMPLETED] = { "completed", FSM_TO(VDIFF_PENDING),
	    "every row was compared; it can go on behind the last key" },
	[VDIFF_ERROR] = { "error", FSM_TO(VDIFF_PENDING),
	    "something that waiting does not mend; it can go on once that is mended" },
};
const struct fsm vdiff_states = { "vdiff", state_rows, VDIFF_ERROR + 1 };

const char *
vdiff_state_name(enum vdiff_state s)
{
	return fsm_name(&vdiff_states, (int)s);
}

static const struct fsm_state proof_rows[] = {
	[PROOF_NONE] = { "none", FSM_TO(PROOF_BASELINE), "nobody has asked for it" },
	[PROOF_BASELINE] = { "baseline", FSM_TO(PROOF_PROVING) | FSM_TO(PROOF_ENDED),
	    "both sides are compared, and what each transaction changes is added up meanwhile" },
	[PROOF_PROVING] = { "proving", FSM_TO(PROOF_ENDED),
	    "all rows were equal once; a table is equal now unless it is named as differing" },
	[PROOF_ENDED] = { "ended", FSM_TO(PROOF_BASELINE),
	    "nothing is known of what came later; another comparison begins anew" },
};
const struct fsm proof_states = { "proof", proof_rows, PROOF_ENDED + 1 };

const char *
proof_state_name(enum proof_state s)
{
	return fsm_name(&proof_states, (int)s);
}

#define PROOF(member)  offsetof(struct proof_view, member)
#define OPTION(member) offsetof(struct vdiff_options, member)
#define TABLE(member)  offsetof(struct vdiff_table, member)
#define VIEW(member)   offsetof(struct vdiff_view, member)

/* clang-format off */
static const struct member options_members[] = {
	{ .name = "tables", .type = MEMBER_TEXTS, .offset = OPTION(tables), .count = OPTION(tables_count) },
	{ .name = "limit", .type = MEMBER_I64, .offset = OPTION(limit) },
	{ .name = "max_extra", .type = MEMBER_I64, .offset = OPTION(max_extra) },
	{ .name = "samples", .type = MEMBER_INT, .offset = OPTION(samples) },
	{ .name = "repair", .type = MEMBER_BOOL, .offset = OPTION(repair) },
	{ .name = "continuous", .type = MEMBER_BOOL, .offset = OPTION(continuous) },
	{ .name = "truncate_at", .type = MEMBER_INT, .offset = OPTION(truncate_at) },
	{ 0 },
};
const struct message vdiff_options_message = {
	"options of a comparison", options_members, sizeof(struct vdiff_options), NULL
};

static const struct member table_members[] = {
	{ .name = "name", .type = MEMBER_STR, .offset = TABLE(name), .needed = true },
	{ .name = "state", .type = MEMBER_STATE, .offset = TABLE(state), .states = &vdiff_states },
	{ .name = "estimate", .type = MEMBER_I64, .offset = TABLE(estimate) },
	{ .name = "compared", .type = MEMBER_I64, .offset = TABLE(compared) },
	{ .name = "matching", .type = MEMBER_I64, .offset = TABLE(matching) },
	{ .name = "mismatched", .type = MEMBER_I64, .offset = TABLE(mismatched) },
	{ .name = "extra_source", .type = MEMBER_I64, .offset = TABLE(extra_source) },
	{ .name = "extra_target", .type = MEMBER_I64, .offset = TABLE(extra_target) },
	{ .name = "unsettled", .type = MEMBER_I64, .offset = TABLE(unsettled) },
	{ .name = "repaired", .type = MEMBER_I64, .offset = TABLE(repaired) },
	{ .name = "updated_us", .type = MEMBER_I64, .offset = TABLE(updated_us) },
	{ .name = "mismatched_rows", .type = MEMBER_STR, .offset = TABLE(mismatched_rows) },
	{ .name = "extra_source_rows", .type = MEMBER_STR, .offset = TABLE(extra_source_rows) },
	{ .name = "extra_target_rows", .type = MEMBER_STR, .offset = TABLE(extra_target_rows) },
	{ .name = "unsettled_rows", .type = MEMBER_STR, .offset = TABLE(unsettled_rows) },
	{ 0 },
};
static const struct message table_message = {
	"table of a comparison", table_members, sizeof(struct vdiff_table), NULL
};

static const struct member proof_members[] = {
	{ .name = "state", .type = MEMBER_STATE, .offset = PROOF(state), .states = &proof_states },
	{ .name = "since_us", .type = MEMBER_I64, .offset = PROOF(since_us) },
	{ .name = "proven_us", .type = MEMBER_I64, .offset = PROOF(proven_us) },
	{ .name = "transactions", .type = MEMBER_I64, .offset = PROOF(transactions) },
	{ .name = "changes", .type = MEMBER_I64, .offset = PROOF(changes) },
	{ .name = "findings", .type = MEMBER_I64, .offset = PROOF(findings) },
	{ .name = "source", .type = MEMBER_STR, .offset = PROOF(source) },
	{ .name = "target", .type = MEMBER_STR, .offset = PROOF(target) },
	{ .name = "lag_ms", .type = MEMBER_I64, .offset = PROOF(lag_ms) },
	{ .name = "differing", .type = MEMBER_TEXTS, .offset = PROOF(differing),
	    .count = PROOF(differing_count) },
	{ .name = "finding", .type = MEMBER_STR, .offset = PROOF(finding) },
	{ .name = "error", .type = MEMBER_STR, .offset = PROOF(error) },
	{ 0 },
};
static const struct message proof_message = {
	"continuous proof", proof_members, sizeof(struct proof_view), NULL
};

static const struct member view_members[] = {
	{ .name = "uuid", .type = MEMBER_STR, .offset = VIEW(uuid), .needed = true },
	{ .name = "state", .type = MEMBER_STATE, .offset = VIEW(state), .states = &vdiff_states },
	{ .name = "error", .type = MEMBER_STR, .offset = VIEW(error) },
	{ .name = "created_us", .type = MEMBER_I64, .offset = VIEW(created_us) },
	{ .name = "started_us", .type = MEMBER_I64, .offset = VIEW(started_us) },
	{ .name = "completed_us", .type = MEMBER_I64, .offset = VIEW(completed_us) },
	{ .name = "tables", .type = MEMBER_LIST, .offset = VIEW(tables), .of = &table_message,
	    .count = VIEW(tables_count) },
	{ .name = "proof", .type = MEMBER_OBJECT, .offset = VIEW(proof), .of = &proof_message },
	{ 0 },
};
static const struct message view_message = {
	"comparison", view_members, sizeof(struct vdiff_view), NULL
};

static const struct member reply_members[] = {
	{ .name = "vdiffs", .type = MEMBER_LIST, .offset = offsetof(struct vdiff_reply, items),
	    .of = &view_message, .count = offsetof(struct vdiff_reply, count) },
	{ 0 },
};
const struct message vdiff_reply_message = {
	"comparisons", reply_members, sizeof(struct vdiff_reply), NULL
};
/* clang-format on */
