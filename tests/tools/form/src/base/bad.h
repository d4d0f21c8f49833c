/* finds: does not open with "bad.h - " */
#ifndef BASE_BAD_H
#define BASE_BAD_H
#endif
