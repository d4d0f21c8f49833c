#include "ctl/ctl_metrics.h"

#include "ctl/steps.h"

enum { WAY_OPEN, WAY_PENDING, WAY_CLOSED, WAYS_BACK };

static void
print_ways_back(struct buf *out, const int counts[WAYS_BACK])
{
	static const char *const states[WAYS_BACK] = { "open", "pending", "closed" };

	for (int i = 0; i < WAYS_BACK; i++) {
		SCOPED(buf) struct buf labels = BUF_INIT;

		metric_label(&labels, "state", states[i]);
		metric_print(out, "vtctld_ways_back",
		    i == 0
			? "Workflows that have switched and have a way back, as their records know it."
			: NULL,
		    labels.data, counts[i]);
	}
}

/* Each state has a line, so that a graph of one does not begin with its first workflow. */
static int
print_workflows(struct ctx *cx, struct ctl *c, struct buf *out)
{
	int counts[WORKFLOW_ERROR + 1] = { 0 }, ways[WAYS_BACK] = { 0 };
	struct topo_list all;

	TRY(topo_list(cx, c->topo, "/workflows/", &all));
	for (size_t i = 0; i < all.count; i++) {
		struct workflow_head h;
		const struct workflow_record *r = &h.r;

		TRY(workflow_head_read(cx->arena, all.items[i].value, &h, cx->err));
		counts[r->state]++;
		if (r->state == WORKFLOW_SWITCHED && r->start[0] != '\0')
			ways[r->closed[0] != '\0' ? WAY_CLOSED
				: r->finishing    ? WAY_PENDING
						  : WAY_OPEN]++;
	}
	for (int i = 0; i <= WORKFLOW_ERROR; i++) {
		SCOPED(buf) struct buf labels = BUF_INIT;

		metric_label(&labels, "state", workflow_state_name((enum workflow_state)i));
		metric_print(out, "vtctld_workflows",
		    i == 0 ? "Workflows of the cluster by state." : NULL, labels.data, counts[i]);
	}
	print_ways_back(out, ways);
	return 0;
}

static void
print_steps(struct buf *out, const struct ctl_counts *n)
{
	const char *help = "Durations of the cutover's steps.";

	for (int i = 0; i < cutover_steps_count; i++) {
		SCOPED(buf) struct buf labels = BUF_INIT;

		metric_label(&labels, "step", cutover_steps[i].name);
		metric_print_histogram_of(
		    out, "vtctld_step_seconds", help, labels.data, &n->steps[i]);
		help = NULL;
	}
}

static void
print_failures(struct buf *out, const struct ctl_counts *n)
{
	const char *help = "Failures of the cutover's steps, by kind of error.";

	for (int i = 0; i < cutover_steps_count; i++) {
		for (int kind = 0; kind < COUNTS_KINDS; kind++) {
			SCOPED(buf) struct buf labels = BUF_INIT;

			if (n->failures[i][kind] == 0)
				continue;
			metric_label(&labels, "step", cutover_steps[i].name);
			metric_label(&labels, "cause", err_kind_name((enum err_kind)kind));
			metric_print(out, "vtctld_step_failures_total", help, labels.data,
			    (double)n->failures[i][kind]);
			help = NULL;
		}
	}
}

static int
jobs(const struct ctl *c)
{
	int count = 0;

	list_each(&c->working, n)
		count++;
	return count;
}

int
ctl_metrics_print(struct ctx *cx, struct ctl *c, struct buf *out)
{
	const struct ctl_counts *n = &c->counts;

	TRY(print_workflows(cx, c, out));
	metric_print(out, "vtctld_jobs", "Workflows that this vtctld works on.", NULL, jobs(c));
	metric_print(out, "vtctld_lease_held", "Is the lease of its locks held?", NULL,
	    c->lease != NULL && topo_lease_held(c->lease));
	metric_print(out, "vtctld_checks_refused_total", "Moves that their check refused.", NULL,
	    (double)n->refused);
	metric_print(out, "vtctld_attempts_total", "Attempts to switch that were begun.", NULL,
	    (double)n->attempts);
	metric_print(out, "vtctld_attempts_rolled_back_total", "Attempts that were rolled back.",
	    NULL, (double)n->rolled_back);
	print_steps(out, n);
	print_failures(out, n);
	return 0;
}
