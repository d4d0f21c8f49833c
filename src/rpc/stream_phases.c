#include "base/check.h"
#include "rpc/tablet.h"

const char *const table_progress_names[] = { "init", "copying", "copied", "catching-up", "indexing",
	"running", "switched", "error", NULL };
static const struct fsm_state phase_rows[] = {
	[STREAM_STARTING] = { "starting", FSM_TO(STREAM_COPYING), "target tables may be half made" },
	[STREAM_PREPARED] = { "prepared", FSM_TO(STREAM_RUNNING),
	    "a way back: target = source at the start position, and nothing is read yet" },
	[STREAM_COPYING] = { "copying", FSM_TO(STREAM_CATCHING_UP),
	    "the start position is stored; ranges in copy_state tell how far" },
	[STREAM_CATCHING_UP] = { "catching-up", FSM_TO(STREAM_INDEXING) | FSM_TO(STREAM_COPYING),
	    "every chunk is committed and cp is stored" },
	[STREAM_INDEXING] = { "indexing", FSM_TO(STREAM_RUNNING),
	    "applied >= max(cp, dirty_until): the applier is exact; indexes are being built" },
	[STREAM_RUNNING] = { "running", FSM_TO(STREAM_FROZEN), "exact, every index built" },
	[STREAM_FROZEN] = { "frozen", FSM_TO(STREAM_RUNNING) | FSM_TO(STREAM_STOPPED),
	    "applied is P of the attempt stored, and nothing is applied beyond it" },
	[STREAM_STOPPED] = { "stopped", 0, "past the commit: done for good" },
	[STREAM_SUSPENDED] = { "suspended", 0,
	    "never on disk; told in place of the phase in which a command has stopped it" },
	[STREAM_ERROR] = { "error", 0, "never on disk; told in place of the phase it stopped in" },
};
const struct fsm stream_phases = { "stream", phase_rows, STREAM_ERROR + 1 };

const char *
stream_phase_name(enum stream_phase p)
{
	return fsm_name(&stream_phases, (int)p);
}

enum table_progress
table_progress_in(enum stream_phase phase, bool copied)
{
	switch (phase) {
	case STREAM_STARTING: return TABLE_INIT;
	case STREAM_PREPARED: return TABLE_COPIED;
	case STREAM_COPYING: return copied ? TABLE_COPIED : TABLE_COPYING;
	case STREAM_CATCHING_UP: return TABLE_CATCHING_UP;
	case STREAM_INDEXING: return TABLE_INDEXING;
	case STREAM_RUNNING:
	case STREAM_FROZEN: return TABLE_RUNNING;
	case STREAM_STOPPED: return TABLE_SWITCHED;
	case STREAM_SUSPENDED:
	case STREAM_ERROR: return TABLE_ERROR;
	}
	unreachable();
}
