/*
 * good.h - a header as it should be.
 */
#ifndef BASE_GOOD_H
#define BASE_GOOD_H

int  good_read(struct slice s, struct err *err) MUST_USE;
int  bad_read(struct slice s, struct err *err); /* finds: bad_read() can fail and is not MUST_USE */
int  bad_wait(struct ctx *cx); /* finds: bad_wait() can fail and is not MUST_USE */
int  good_count(const struct good *g);
void good_done(struct good *g);

#endif
