/*
 * caps.h - the protocol's numbers: capabilities, status flags, commands, column types.
 *
 * Sources: dev.mysql.com "Capabilities Flags", "SERVER_STATUS_flags_enum", "enum_server_command";
 * mariadb.com/kb "Connection" (capabilities above bit 32 are MariaDB's own: it clears CLIENT_MYSQL
 * and sends them in the last four bytes of the greeting's and the response's filler).
 */
#ifndef MYSQL_CAPS_H
#define MYSQL_CAPS_H

#include <stdint.h>

/* CLIENT_MYSQL: MariaDB's servers clear it */
#define CAP_LONG_PASSWORD               (UINT64_C(1) << 0)
#define CAP_FOUND_ROWS                  (UINT64_C(1) << 1)
#define CAP_LONG_FLAG                   (UINT64_C(1) << 2)
#define CAP_CONNECT_WITH_DB             (UINT64_C(1) << 3)
#define CAP_NO_SCHEMA                   (UINT64_C(1) << 4)
#define CAP_COMPRESS                    (UINT64_C(1) << 5)
#define CAP_ODBC                        (UINT64_C(1) << 6)
#define CAP_LOCAL_FILES                 (UINT64_C(1) << 7)
#define CAP_IGNORE_SPACE                (UINT64_C(1) << 8)
#define CAP_PROTOCOL_41                 (UINT64_C(1) << 9)
#define CAP_INTERACTIVE                 (UINT64_C(1) << 10)
#define CAP_SSL                         (UINT64_C(1) << 11)
#define CAP_IGNORE_SIGPIPE              (UINT64_C(1) << 12)
#define CAP_TRANSACTIONS                (UINT64_C(1) << 13)
#define CAP_RESERVED                    (UINT64_C(1) << 14)
#define CAP_SECURE_CONNECTION           (UINT64_C(1) << 15)
#define CAP_MULTI_STATEMENTS            (UINT64_C(1) << 16)
#define CAP_MULTI_RESULTS               (UINT64_C(1) << 17)
#define CAP_PS_MULTI_RESULTS            (UINT64_C(1) << 18)
#define CAP_PLUGIN_AUTH                 (UINT64_C(1) << 19)
#define CAP_CONNECT_ATTRS               (UINT64_C(1) << 20)
#define CAP_PLUGIN_AUTH_LENENC          (UINT64_C(1) << 21)
#define CAP_EXPIRED_PASSWORDS           (UINT64_C(1) << 22)
#define CAP_SESSION_TRACK               (UINT64_C(1) << 23)
#define CAP_DEPRECATE_EOF               (UINT64_C(1) << 24)
#define CAP_OPTIONAL_RESULTSET_METADATA (UINT64_C(1) << 25) /* refused: adds a byte to results */
#define CAP_ZSTD                        (UINT64_C(1) << 26)
#define CAP_QUERY_ATTRIBUTES            (UINT64_C(1) << 27) /* refused: changes COM_QUERY */
#define CAP_MARIADB_PROGRESS            (UINT64_C(1) << 32)
#define CAP_MARIADB_STMT_BULK           (UINT64_C(1) << 34)
/* column definitions have one more part */
#define CAP_MARIADB_EXTENDED_METADATA   (UINT64_C(1) << 35)
/* refused: replies would depend on history */
#define CAP_MARIADB_CACHE_METADATA      (UINT64_C(1) << 36)
#define CAP_MARIADB_MASK                (~UINT64_C(0xffffffff))

/* In each OK and EOF packet: what holds behind the statement. vtgate follows its sessions by them, and passes
 * all of them on. */
enum {
	STATUS_IN_TRANS = 0x0001,
	STATUS_AUTOCOMMIT = 0x0002,
	STATUS_MORE_RESULTS = 0x0008,
	STATUS_NO_GOOD_INDEX = 0x0010,
	STATUS_NO_INDEX = 0x0020,
	STATUS_CURSOR_EXISTS = 0x0040,
	STATUS_LAST_ROW_SENT = 0x0080,
	STATUS_DB_DROPPED = 0x0100,
	STATUS_NO_BACKSLASH_ESCAPES = 0x0200,
	STATUS_METADATA_CHANGED = 0x0400,
	STATUS_SLOW = 0x0800,
	STATUS_PS_OUT_PARAMS = 0x1000,
	STATUS_IN_TRANS_READONLY = 0x2000,
	STATUS_SESSION_CHANGED = 0x4000,
	STATUS_ANSI_QUOTES = 0x8000,
};

/* The first byte of each packet that a client sends. Which ones vtgate serves, and how it refuses the others,
 * stands in gate/commands.c. */
/* clang-format off */
enum command {
	COM_SLEEP = 0, COM_QUIT, COM_INIT_DB, COM_QUERY, COM_FIELD_LIST, COM_CREATE_DB, COM_DROP_DB,
	COM_REFRESH,
	COM_SHUTDOWN, COM_STATISTICS, COM_PROCESS_INFO, COM_CONNECT, COM_PROCESS_KILL, COM_DEBUG,
	COM_PING, COM_TIME,
	COM_DELAYED_INSERT, COM_CHANGE_USER, COM_BINLOG_DUMP, COM_TABLE_DUMP, COM_CONNECT_OUT,
	COM_REGISTER_SLAVE,
	COM_STMT_PREPARE, COM_STMT_EXECUTE, COM_STMT_SEND_LONG_DATA, COM_STMT_CLOSE, COM_STMT_RESET,
	COM_SET_OPTION,
	COM_STMT_FETCH, COM_DAEMON, COM_BINLOG_DUMP_GTID, COM_RESET_CONNECTION,
	COM_STMT_BULK_EXECUTE = 0xfa,   /* MariaDB */
};
/* clang-format on */

/* A column's type in a result and a parameter's in an execution. The binlog has the same numbers, and alone
 * has the three with a 2 behind them. */
/* clang-format off */
enum wire_type {
	TYPE_DECIMAL = 0, TYPE_TINY, TYPE_SHORT, TYPE_LONG, TYPE_FLOAT, TYPE_DOUBLE, TYPE_NULL,
	TYPE_TIMESTAMP,
	TYPE_LONGLONG, TYPE_INT24, TYPE_DATE, TYPE_TIME, TYPE_DATETIME, TYPE_YEAR, TYPE_NEWDATE,
	TYPE_VARCHAR, TYPE_BIT,
	TYPE_TIMESTAMP2, TYPE_DATETIME2, TYPE_TIME2,
	TYPE_JSON = 245, TYPE_NEWDECIMAL, TYPE_ENUM, TYPE_SET, TYPE_TINY_BLOB, TYPE_MEDIUM_BLOB,
	TYPE_LONG_BLOB,
	TYPE_BLOB, TYPE_VAR_STRING, TYPE_STRING, TYPE_GEOMETRY,
};
/* clang-format on */

/* clang-format off */
enum {
	COLUMN_NOT_NULL = 0x1, COLUMN_PRI_KEY = 0x2, COLUMN_UNIQUE = 0x4, COLUMN_BLOB = 0x10,
	COLUMN_UNSIGNED = 0x20,
	COLUMN_BINARY = 0x80, COLUMN_AUTO_INCREMENT = 0x200,
};
/* clang-format on */

enum {
	COLLATION_LATIN1_SWEDISH_CI = 8,
	COLLATION_UTF8MB4_GENERAL_CI = 45,
	COLLATION_BINARY = 63,
};

#endif
