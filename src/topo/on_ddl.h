/*
 * on_ddl.h - what a stream does when it meets a statement that changes a table which moves.
 */
#ifndef TOPO_ON_DDL_H
#define TOPO_ON_DDL_H

enum on_ddl {
	ON_DDL_STOP,        /* stops there, by name */
	ON_DDL_EXEC,        /* runs it at the target, and goes on behind it; an error stops it */
	ON_DDL_EXEC_IGNORE, /* the same, and an error of the target is ignored, as long as rows fit */
	ON_DDL_IGNORE,      /* steps over it, as long as rows fit */
};

extern const char *const on_ddl_names[]; /* "STOP", ...; NULL-terminated */

#endif
