/*
 * sanitize.h - which sanitizer this is built with: they must be told of stacks and
 * switches, and their frames are larger.
 */
#ifndef TASK_SANITIZE_H
#define TASK_SANITIZE_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#endif
#if defined(WITH_ASAN) || defined(WITH_TSAN)
#define WITH_SANITIZER 1
#endif

#endif
