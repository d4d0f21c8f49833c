#include "base/clock.h"

#include "base/check.h"

#include <time.h>

static usec
read_clock(clockid_t id)
{
	struct timespec ts;

	check(clock_gettime(id, &ts) == 0);
	return (usec)ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

usec
clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

usec
clock_coarse(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

usec
clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

usec
clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

usec
clock_cpu(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
