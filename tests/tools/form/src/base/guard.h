/*
 * guard.h - has the guard of another file.
 */
#ifndef BASE_OTHER_H
#define BASE_OTHER_H
#endif
