/*
 * event_calls.h - events that move with tables: off at the side that is left, on at the one that serves.
 *
 * An event is ENABLED at one end, or for a moment at none, and never at both:
 *
 *                        from                        to
 *   before the switch    ENABLED                     DISABLE ON SLAVE    made so (table/routine.h)
 *   its preflight        DISABLE ON SLAVE            (as before)         off, and what runs has ended
 *   past its commit      (as before)                 ENABLED             on, when clients have their writes
 *   rolled back          ENABLED                     (as before)         on again, before the next attempt
 *
 * What an event was is told by its status: DISABLE ON SLAVE is one that is ENABLED where it serves, DISABLE
 * one that a client has disabled, which stays so at both ends. So whoever resumes an attempt needs to know
 * nothing more. Calls of an attempt that is over are refused: the "on" of an undone one never comes behind
 * the "off" of the next. What falls into the second or two in which no end runs it is left out, as when a
 * server restarts. One that runs once would be lost, so while one is due nothing is switched.
 */
#ifndef TABLET_EVENT_CALLS_H
#define TABLET_EVENT_CALLS_H

#include "rpc/tablet.h"
#include "tablet/server/env.h"

/* ERR_RETRY: one that runs once is due. Waits for what the database's events run until cx's deadline. */
int event_calls_off(struct ctx *cx, const struct tablet_env *env, const void *q, void *r) MUST_USE;
int event_calls_on(struct ctx *cx, const struct tablet_env *env, const void *q, void *r) MUST_USE;

#endif
