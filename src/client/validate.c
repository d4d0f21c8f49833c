/*
 * ValidateTablet, a line each, and below what is not met the statement that mends it:
 *
 *   met       binlog_format is ROW
 *   not met   binlog_row_image is not FULL
 *             SET GLOBAL binlog_row_image='FULL', and let clients reconnect
 */
#include "client/command.h"

#include <stdio.h>

int
validate_run(struct ctx *cx, struct client *c, const struct command_options *o, int *status)
{
	const struct ctl_request request = { .alias = c->args[0] };
	SCOPED(buf) struct buf out = BUF_INIT;
	struct validate_reply r;
	struct slice answer;

	TRY(client_call(cx, c, "validate_tablet", &request, &answer));
	TRY(message_read(cx->arena, &validate_reply_message, answer, &r, cx->err));
	*status = requirements_unmet(&r.list) == NULL ? 0 : 1;
	if (c->json) {
		client_print(c, answer);
		return 0;
	}
	requirements_print(&out, &r.list);
	printf("%s: %s %s\n%s", c->args[0], r.flavour, r.version, out.data);
	return 0;
}
