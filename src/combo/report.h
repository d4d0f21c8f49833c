/*
 * report.h - what runs in a data directory, and ending it, without a supervisor's help.
 */
#ifndef COMBO_REPORT_H
#define COMBO_REPORT_H

#include "base/buf.h"
#include "combo/places.h"

/*
 * A table for people, or one JSON object:
 * {"data_dir":"/d","port_base":15000,"supervisor":123,"programs":[{"name":"vtgate","pid":124,"running":true,
 *  "http":"127.0.0.1:15001","mysql":"127.0.0.1:15306","keyspace":"","log":"/d/log/vtgate.log"},
    ...]}
 */
int report_status(const struct places *where, bool json, struct buf *out, struct err *err) MUST_USE;
/* Asks the supervisor to stop everything, or does so itself when there is none. Blocking. */
int report_down(const struct places *where, struct err *err) MUST_USE;
/* Removes what vtcombo made in the data directory,
    and it when nothing else is in there. Nothing may run. */
int report_purge(const struct places *where, struct err *err) MUST_USE;

#endif
