/*
 * clock.h - the clocks, in microseconds. Nothing else in the tree reads a clock;
 * code that waits asks task_now(), which tests may own.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/parse.h"

usec clock_mono(void);   /* CLOCK_MONOTONIC */
usec clock_coarse(void); /* the same, behind by up to a tick of the kernel (10 ms), and cheaper */
usec clock_boot(void);   /* CLOCK_BOOTTIME: goes on while the machine sleeps; leases count on it */
usec clock_wall(void);   /* since 1970, UTC */
usec clock_cpu(void);    /* CPU time of this process */

#endif
