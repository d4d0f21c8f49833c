/*
 * main.h - what every program's main() does in the end: one loop with one task, and a sentence
 * on stderr when something is wrong.
 *
 *   main()       reads options, sets up what needs no loop, calls main_loop()
 *   main_loop()  makes the thread's loop, blocks the signals, spawns main_task, runs until all tasks have
 *                ended
 *   main_task    does the program's work in one task and ends with loop_stop()
 *   main()       prints what was wrong, frees, returns the exit status
 */
#ifndef CMD_MAIN_H
#define CMD_MAIN_H

#include "task/loop.h"

/* Runs main_task in a loop of its own until all tasks have ended; on_signal is called in a task for
 * SIGTERM and SIGINT. Both get arg; either may loop_stop(loop_current()). name is the first task's, in
 * the log. -1: the loop could not be made, and main_task was not called; whatever goes wrong later is
 * main_task's to keep in arg. No thread may have been started before: signals are blocked for this one
 * and its children. */
int main_loop(const char *name, void (*main_task)(void *arg), void (*on_signal)(int sig, void *arg),
    void *arg, struct err *err) MUST_USE;
/* "name: sentence", and the hint. 1: the exit status. */
int main_complain(const char *name, const struct err *err);

#endif
