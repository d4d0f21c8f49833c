/*
 * fuzz.h - one function per fuzzer, run in two ways.
 *
 * fuzz_one() must come back whatever the bytes are; what it finds wrong it says
 * by check(). make fuzz links it with libFuzzer, ASan and UBSan; an ordinary
 * build links it with replay.c and runs the kept corpus, so that what was found
 * once is tested for ever.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/slice.h"

void fuzz_one(struct slice input);

/* The first byte of *input, taken off: picks what the rest is fed to. 0 when there is none. */
static inline unsigned char
fuzz_choice(struct slice *input)
{
	unsigned char choice = 0;

	if (input->len > 0) {
		choice = (unsigned char)input->ptr[0];
		*input = slice_of(input->ptr + 1, input->len - 1);
	}
	return choice;
}

#endif
