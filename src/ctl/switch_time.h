/*
 * switch_time.h - when a move may switch by itself: not while a file is there, nor outside of a window
 * of the day.
 *
 * Both are looked at before each attempt, and not within one. SwitchTraffic takes them away (control.h).
 */
#ifndef CTL_SWITCH_TIME_H
#define CTL_SWITCH_TIME_H

#include "ctl/workflow.h"

/* May an attempt begin now? If not the record's state_text says what it waits for; *changed when that was
 * new. */
bool switch_may_begin(struct workflow *w, bool *changed);
/* Is that minute of the day in the window? from > to: over midnight; from == to: there is none, always. */
bool switch_window_open(int from, int to, int minute);
/* ERR_REFUSED: a file that is not named from the root on. */
int switch_time_check(const struct workflow_options *o, struct err *err) MUST_USE;

#endif
