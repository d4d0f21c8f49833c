/*
 * applier_script.h - an applier between a scripted source and a scripted target, in a simulation.
 */
#ifndef TESTS_UNIT_TABLET_APPLIER_SCRIPT_H
#define TESTS_UNIT_TABLET_APPLIER_SCRIPT_H

#include "tablet/write/apply.h"
#include "task/group.h"
#include "unit/tablet/source_script.h"
#include "unit/tablet/target_script.h"

extern struct source_script source;
extern struct target_script target;
extern struct err apply_err;
extern struct tail_params tail_params;
extern struct apply_params applier_params;
extern struct stream_state state;
extern struct windows ws;
extern struct tail *applier_tail;
extern struct applier *applier;
extern int applier_rc; /* 1: it runs */
extern struct err applier_err;

struct ctx apply_ctx(void); /* a minute */
/* fn in a simulation of its own, with all of these as new. */
void in_apply_sim(task_fn *fn);
void start_applier(void);
void stop_applier(void);
void rest_applier(void); /* until it has done what there is */
void end_applier(void);
/* A transaction: 1 inserted, 2 changed, 3 deleted, 4 made 5. */
void one_of_each(void);

#define SAID(...)                                                                                  \
	target_said(&target, (const char *const[]){ __VA_ARGS__ },                                 \
	    (int)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *)))

#endif
