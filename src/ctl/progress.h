/*
 * progress.h - how far the tables of a copy are, from the tablet's answer into the record.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include "ctl/workflow.h"

/* Does it say something new? Then the record is to be saved. */
bool progress_take(struct workflow *w, const struct stream_status_reply *r);

#endif
