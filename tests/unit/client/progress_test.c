/* What a move's line and summary say. */
#include "client/progress.h"
#include "test.h"
#include "unit/client/said.h"

#include <stdio.h>

#define WHY "attempt 1 of 10 was rolled back (waiting for transactions in flight); the next in 1s"

static struct move_view
running(void)
{
	return (struct move_view){
		.throttled = "",
		.workflow = "b/t",
		.state = "Running",
		.state_text = "",
		.hint = "",
		.step = "",
		.phase = "running",
		.stream_error = "",
		.stream_hint = "",
		.source = "a.t",
		.target = "b.t",
		.lag_ms = 0,
	};
}

static void
shown_at(struct progress *p, const struct move_view *v, int seconds)
{
	progress_show(p, v, seconds * SECOND);
}

TEST(the_line_says_why_a_move_waits)
{
	struct progress p;
	struct move_view v = running();

	said_begin();
	progress_init(&p, false, false);
	shown_at(&p, &v, 10);
	v.state_text = WHY;
	shown_at(&p, &v, 11); /* at once, not two seconds later */
	shown_at(&p, &v, 12);
	v.state_text = "";
	shown_at(&p, &v, 13);
	expect_str(said(),
	    "running      0s, lag 0.0s\n"
	    "running      1s, lag 0.0s  " WHY "\n"
	    "running      3s, lag 0.0s\n");
}

TEST(on_a_terminal_the_reason_has_a_line_of_its_own)
{
	struct progress p;
	struct move_view v = running();

	said_begin();
	progress_init(&p, true, false);
	shown_at(&p, &v, 10);
	v.state_text = WHY;
	shown_at(&p, &v, 11);
	shown_at(&p, &v, 12);
	expect_str(said(),
	    "\rrunning      0s, lag 0.0s\033[K\n"
	    "  " WHY "\n"
	    "\rrunning      1s, lag 0.0s\033[K"
	    "\rrunning      2s, lag 0.0s\033[K");
}

TEST(machines_read_the_reason_too)
{
	struct progress p;
	struct move_view v = running();

	said_begin();
	progress_init(&p, true, true);
	v.state_text = WHY;
	shown_at(&p, &v, 10);
	expect(strstr(said(), "\"state_text\":\"" WHY "\"") != NULL);
}
