/*
 * stream.h - one workflow's flow of rows into this server: copy, catch up, follow, freeze.
 *
 *   STARTING -> COPYING -> CATCHING_UP -> INDEXING -> RUNNING <-> FROZEN -> STOPPED
 * any of them -> ERROR (with a sentence and a hint; stream_create again goes on).
 *
 * What is on disk (_vt.stream, in the transaction that makes it true) is all that is believed after
 * a restart:
 *   COPYING      the start position is stored; ranges in _vt.copy_state tell how far
 *   CATCHING_UP  every chunk is committed and cp is stored
 *   INDEXING     applied >= max(cp, dirty_until): the applier is exact, indexes are being built
 *   RUNNING      exact, every index built
 *   FROZEN       applied is P of the attempt stored, and nothing is applied beyond it
 *   STOPPED      past the commit: done for good
 * A lost connection to either server is waited out inside the phase, with back-off.
 */
#ifndef TABLET_STREAM_H
#define TABLET_STREAM_H

#include "rpc/api.h"
#include "tablet/apply.h"
#include "tablet/copy.h"

struct stream;

struct stream_env {
	const char               *server;        /* this tablet's own server */
	const struct credentials *accounts;
	const char               *data_dir;      /* for spilled transactions */
	uint32_t                  server_id;     /* base for COM_REGISTER_SLAVE */
};

#endif
