/*
 * main.h - what every program's main() does in the end: one loop with one task, and a sentence
 * on stderr when something is wrong.
 */
#ifndef CMD_MAIN_H
#define CMD_MAIN_H

#include "task/loop.h"

/* Runs main_task in a loop of its own until all tasks have ended; on_signal is called in a task for
 * SIGTERM and SIGINT. Both get arg; either may loop_stop(loop_current()). */
int main_loop(const char *name, void (*main_task)(void *arg), void (*on_signal)(int sig, void *arg),
    void *arg, struct err *err) MUST_USE;
/* "name: sentence", and the hint. 1: the exit status. */
int main_complain(const char *name, const struct err *err);

#endif
