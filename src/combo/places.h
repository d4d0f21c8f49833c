/*
 * places.h - where things are: files below the data directory, ports from the base, our own programs.
 *
 *   DIR/lock              held by the supervisor; says its pid and the port base
 *   DIR/credentials.json  accounts, 0600
 *   DIR/topo.db           the topology
 *   DIR/tablets/UID       text: the keyspace of that uid; in a second line its server's kind (dbkind.h)
 *   DIR/server-UID/       a database server's own directory
 *   DIR/run/NAME.pid      see process.h; also server-UID.init and tmp-UID/
 *   DIR/log/NAME.log
 *   DIR/spill/            transactions too large for a tablet's memory
 *
 * Ports from the base: vtctld +0, vtgate HTTP +1, vtgate MySQL +306, tablets
 * +400+uid, servers +2100+uid; uids 1 to 99. The distances are Vitess's examples' where people know them
 * by heart (15000, 15306) and leave a hundred numbers for each kind.
 */
#ifndef COMBO_PLACES_H
#define COMBO_PLACES_H

#include "base/err.h"

/* clang-format off */
enum {
	PLACE_MAX = 512,        /* a path below the data directory */
	DIR_MAX_BYTES = 400,    /* of the data directory itself: the rest needs room */
	PROGRAM_NAME_MAX = 32,  /* "vttablet-99" and the like */
	TABLET_UID_MIN = 1, TABLET_UID_MAX = 99,
	PORT_VTCTLD = 0, PORT_GATE_HTTP = 1, PORT_GATE_MYSQL = 306, PORT_TABLET = 400,
	    PORT_SERVER = 2100,
	PORT_BASE_MAX = 65535 - PORT_SERVER - TABLET_UID_MAX,
};
/* clang-format on */

#define COMBO_CELL "zone1"

/* Plain bytes, may be copied. Large (1.5 kB): on the heap or in a supervisor, not on a task's stack. */
struct places {
	char dir[DIR_MAX_BYTES];  /* absolute */
	char programs[PLACE_MAX]; /* the folder of this very program, where the others are */
	char self[PLACE_MAX];     /* this program */
	int port_base;
};

/* dir may not exist yet and is made absolute. ERR_REFUSED when it is too long. port_base 0: not known yet. */
int places_init(struct places *p, const char *dir, int port_base, struct err *err) MUST_USE;
/* All folders, those above too. One that is there stays as it is, with its owner and mode. */
int places_make(const struct places *p, struct err *err) MUST_USE;
/* A file, or a folder with all that is in it. Blocking; -1 with errno. */
int places_remove(const char *path);
/* DIR/<formatted>; always fits. */
void places_file(const struct places *p, char out[PLACE_MAX], const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
