/* Declarations of all kinds; only what is marked is wrong. */
enum { A, B };
struct x;
struct y {
	int a;
};
typedef int fn(int a);
extern int elsewhere;
int six(int a, int b, int c, int d, int e, int f); /* finds: six() has 6 parameters */
int five(int a, int b, int c, void (*d)(int), const char *fmt, ...) __attribute__((format(printf, 5, 6)));
