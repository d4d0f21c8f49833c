#include "client/dry_run.h"

#include "topo/json.h"

#include <stdio.h>
#include <time.h>

/* As Go's RFC822 writes it. */
static const char *
now(struct arena *a)
{
	time_t seconds = time(NULL);
	char day[16] = "", minute[16] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return "";
	(void)strftime(day, sizeof(day), "%d %b", &tm);
	(void)strftime(minute, sizeof(minute), "%H:%M", &tm);
	return arena_printf(a, "%s %02d %s UTC", day, tm.tm_year % 100, minute);
}

static void
put_json(
    const struct client *c, const char *summary, const struct json *root, const struct json *lines)
{
	const char *state = json_get_str(root, "start_state");
	SCOPED(buf) struct buf out = BUF_INIT;
	struct json_writer w = json_to(&out);

	json_put_open(&w, NULL, '{');
	json_put_str(&w, "summary", summary);
	json_put_str(&w, "start_state", state);
	json_put_str(&w, "current_state", state);
	json_put_open(&w, "dry_run_results", '[');
	for (size_t i = 0; i < json_count(lines); i++)
		json_put_str(&w, NULL, json_item_str(lines, i));
	json_put_close(&w, ']');
	json_put_close(&w, '}');
	client_print(c, buf_slice(&out));
}

static void
put_head(const struct client *c, const char *verb, const char *summary, const char *at)
{
	if (c->is_vtctldclient) {
		printf("%s\n\n", summary);
		return;
	}
	printf("Dry Run results for %s run at %s\nParameters:", verb, at);
	for (int i = 0; i < c->args_count; i++)
		printf(" %s", c->args[i]);
	printf("\n\n");
}

int
dry_run_print(struct ctx *cx, const struct client *c, const char *verb, const char *workflow,
    struct slice answer)
{
	const char *at = now(cx->arena);
	const char *summary =
	    arena_printf(cx->arena, "%s dry run results for workflow %s at %s", verb, workflow, at);
	struct json_doc doc;

	TRY(json_open(&doc, "vtctld's answer", answer, cx->arena, cx->err));
	struct json root = json_root(&doc), lines = json_get_array(&root, "dry_run_results");
	json_need(&root, "dry_run_results");
	if (c->json) {
		put_json(c, summary, &root, &lines);
		return json_close(&doc);
	}
	put_head(c, verb, summary, at);
	for (size_t i = 0; i < json_count(&lines); i++)
		printf("%s\n", json_item_str(&lines, i));
	/* A command that finds all done already: said, so that nobody takes silence for a failure. */
	if (json_count(&lines) == 0)
		printf("No changes required\n");
	return json_close(&doc);
}
