/*
 * reply.h - OK, ERR and EOF packets, and where a reply ends.
 *
 *   OK    int<1> 0x00 (0xfe when it ends rows under DEPRECATE_EOF) | int<lenenc> affected rows
 *         int<lenenc> insert id | int<2> status | int<2> warnings
 *         str<lenenc> info, str<lenenc> session changes if SESSION_CHANGED in status
 *   ERR   int<1> 0xff | int<2> errno | '#' and str[5] sqlstate | str<EOF> text
 *   EOF   int<1> 0xfe | int<2> warnings | int<2> status       (shorter than 9 bytes)
 *
 * Both servers write the info of an OK as str<lenenc> whether or not SESSION_TRACK is on.
 *
 * reply_scan finds the end of a reply in a run of raw bytes, so that a relay passes
 * rows through without looking into them and without holding more than one read.
 * It looks at packet headers, at the first byte of each packet, and keeps the last
 * packet that is not a row (OK, EOF, ERR in the end), cut to REPLY_TAIL_MAX.
 *
 *   FIRST -- OK, ERR --> (end, or FIRST when more results follow)
 *     | column count          | 0xfb: FILE (the caller relays the file's packets, then FIRST)
 *     v
 *   COLUMNS -- n definitions [EOF] --> ROWS -- EOF, OK as EOF, ERR --> (end, or FIRST)
 *     A cursor's definitions are followed by an EOF that ends the reply.
 *   PREPARED -- 0x00, statement id, counts --> DEFINITIONS, each kind [EOF] --> end
 *     parameters first, then columns; a kind of which there are none has no EOF.
 */
#ifndef MYSQL_REPLY_H
#define MYSQL_REPLY_H

#include "mysql/caps.h"
#include "mysql/wire.h"

/* What the first byte of a packet says; 0xfb where a result begins: the server asks for a file. */
enum { HEAD_OK = 0x00, HEAD_FILE = 0xfb, HEAD_EOF = 0xfe, HEAD_ERR = 0xff };

struct ok_packet {
	uint64_t affected_rows, insert_id;
	uint16_t status, warnings;
	struct slice info, session; /* session: raw changes, see reply_session_next() */
};

struct err_packet {
	uint16_t code;
	struct slice sqlstate, text;
};

bool reply_is_ok(struct slice packet);
bool reply_is_err(struct slice packet);
/* An EOF packet, or the OK that stands for it. */
bool reply_is_eof(struct slice packet);

/* The part before info, which both forms of the end of rows begin with. */
void ok_head_read(struct wire_reader *r, struct ok_packet *out);
/* Reads an OK (0x00 or 0xfe). */
int ok_read(struct slice packet, uint64_t caps, struct ok_packet *out, struct err *err) MUST_USE;
void ok_put(struct buf *b, uint64_t caps, const struct ok_packet *ok);
/* The end of rows, whichever packet that is under caps. */
int eof_read(struct slice packet, uint64_t caps, struct ok_packet *out, struct err *err) MUST_USE;
void eof_put(struct buf *b, uint64_t caps, uint16_t status, uint16_t warnings);
int err_packet_read(struct slice packet, struct err_packet *out, struct err *err) MUST_USE;
void err_packet_put(struct buf *b, const struct err_packet *e);
/* An ERR packet of an err: its own errno and sqlstate, else 1053 08S01 when somebody went away,
 * which drivers take for a lost connection, else 1105 HY000. */
void err_packet_put_err(struct buf *b, const struct err *e);
/* Makes an ERR packet the caller's error: ERR_SERVER with the server's number, state and text. Returns -1. */
int err_from_packet(struct slice packet, struct err *err);

/* Where the two bytes of status flags are in an OK or an EOF. */
int reply_status_at(struct slice packet, uint64_t caps, size_t *at, struct err *err) MUST_USE;

enum session_change {
	SESSION_SYSTEM_VARIABLE = 0,
	SESSION_SCHEMA,
	SESSION_STATE,
	SESSION_GTIDS,
	SESSION_TRANSACTION_CHARACTERISTICS,
	SESSION_TRANSACTION_STATE
};

/* The next change of an OK's session part; false at its end or when the rest is not one. */
bool reply_session_next(struct slice *session, uint8_t *type, struct slice *data);

enum reply_kind {
	REPLY_RESULT,     /* COM_QUERY, COM_STMT_EXECUTE, and all that answer with OK or ERR */
	REPLY_ROWS,       /* COM_STMT_FETCH: rows at once */
	REPLY_PREPARE,    /* COM_STMT_PREPARE */
	REPLY_FIELDS,     /* COM_FIELD_LIST: definitions at once */
	REPLY_ONE_PACKET, /* COM_STATISTICS: a bare text */
	REPLY_NONE,       /* COM_QUIT, COM_STMT_CLOSE, COM_STMT_SEND_LONG_DATA */
};

/* clang-format off */
enum reply_state {
	REPLY_AT_FIRST, REPLY_AT_COLUMNS, REPLY_AT_COLUMNS_EOF, REPLY_AT_ROWS, REPLY_AT_DEFINITIONS,
	REPLY_AT_PREPARED,
	REPLY_AT_ONE, REPLY_AT_FILE, REPLY_AT_END,
};
/* clang-format on */

enum {
	REPLY_TAIL_MAX = 1024, /* an OK with info and some session changes; an ERR's 512 bytes */
};

struct reply_scan {
	uint64_t caps; /* of the connection: DEPRECATE_EOF, SESSION_TRACK */
	enum reply_state state;
	bool failed;           /* the reply ended in ERR */
	bool saw_rows;         /* some part of it was a result set */
	bool cut;              /* the tail was longer than REPLY_TAIL_MAX */
	bool fields;           /* its rows are definitions: COM_FIELD_LIST */
	uint64_t definitions;  /* still to come */
	uint16_t more_columns; /* of a prepared statement, after its parameters */
	uint32_t statement_id; /* of a prepared statement */
	uint16_t params, columns;
	uint16_t status; /* of the last OK or EOF */
	uint64_t packets, bytes;
	uint64_t rows; /* of its results that have ended, and those that its OKs say were changed */
	uint64_t rows_begin; /* packets before the first row of this one */
	/* the packet being scanned */
	bool in_packet;     /* its header was read */
	bool continued;     /* it is the rest of a payload of 16 MB and more */
	bool kept;          /* its bytes go to tail */
	uint32_t left;      /* payload bytes to come */
	uint32_t piece_len; /* as its header says */
	uint32_t first_len; /* of the first piece of the payload */
	uint8_t seq;        /* of the last packet */
	uint8_t head_len;
	uint8_t head[4]; /* a packet header cut by the end of a read */
	uint16_t tail_len;
	/* the first bytes of the last packet that is not a row */
	uint8_t tail[REPLY_TAIL_MAX];
};

enum reply_kind reply_kind_of(enum command com);
void reply_scan_init(struct reply_scan *s, enum reply_kind kind, uint64_t caps);
/* Takes bytes up to the end of the reply (or to a request for a file): *used of them belong to it. */
int reply_scan_feed(
    struct reply_scan *s, struct slice bytes, size_t *used, struct err *err) MUST_USE;
/*
 * How many of the last bytes, of one feed or several, belong to a packet that is an ERR or may turn out to
 * be one when more of it has come. The relay keeps them back.
 */
size_t reply_scan_held(const struct reply_scan *s);
/* Is a packet of this length and first byte (-1: none), which comes next, an OK or an EOF; an ERR? */
bool reply_scan_expects_status(const struct reply_scan *s, uint32_t len, int first);
bool reply_scan_expects_err(const struct reply_scan *s, uint32_t len, int first);
/* Is the next packet a column definition; a row? To be asked when it is no status and no ERR. */
bool reply_scan_expects_definition(const struct reply_scan *s);
bool reply_scan_expects_row(const struct reply_scan *s);
/* The file was sent: what follows is its answer. */
void reply_scan_file_sent(struct reply_scan *s);
bool reply_scan_ended(const struct reply_scan *s);
/* The OK, EOF or ERR packet that ended it; valid until the scan goes on. */
struct slice reply_scan_tail(const struct reply_scan *s);

#endif
