/*
 * workflows.pml - several tables, and two workflows at once while a third is created.
 *
 * Workflow 0 moves the tables 0 and 1 as a set, workflow 1 moves table 2, or
 * the tables of workflow 0 (SAME). Each has a switch key of its own, and a gate
 * acknowledges (workflow, phase). The names are those of
 * docs/architecture.md; README.md says what is left out: here nobody rolls back,
 * so that whatever waits for ever is seen as a run that ends too early.
 *
 * key of a workflow:  NONE -> SERVED -> HOLD -> COMMIT -> DONE
 */

/* Who takes part; ./run explores several casts. */
#ifndef CAST
#define SAME    0               /* both want the same tables */
#define STALL   1               /* workflow 0 may be left alone anywhere, for ever */
#define IDLER   1               /* a transaction that has written table 0 does not end */
#define FIRST   writer          /* the client of gate 0: writer, two_workflows, set_writer, nobody */
#define SECOND  reader          /* the client of gate 1: reader, set_reader, nobody */
#define THIRD   1               /* a third workflow is created meanwhile */
#define MINE    0               /* the table of writer and reader */
#define DIRECT  0               /* a client that bypasses the gates writes table 1 */
#define ROW_MISSING 0           /* table 1 may have no row of the fence */
#endif

#define TABLES    3
#define WORKFLOWS 3             /* 2 is the one that is only created */
#define MEMBER(w, t) (w < 2 && (SAME || w == 0 -> t < 2 : t == 2))
#define AT(g, w)  ((g) * WORKFLOWS + (w))

#define BIT(w)     (1 << (w))

#define NONE   0
#define SERVED 1
#define HOLD   2
#define COMMIT 3
#define DONE   4

/* The topology: each workflow's key, and whose each table is (0: nobody's, else the workflow + 1). */
byte phase[WORKFLOWS], holder[TABLES];
bool refused[WORKFLOWS], created;
byte acts[TABLES];              /* who switches it, as holder */

/* Servers: content at both sides (bit 0, 1: the clients of the gates, 2: the direct one), READ lock, fence. */
byte S[TABLES], D[TABLES];
bool lock[TABLES], armed[TABLES];
byte fences;                    /* tables that have a row of the fence, as bits */

/* Gates. */
byte gphase[6], inside[6];
bool gack[6];
byte acked[TABLES];
bool dead;

#define FROM_ACCEPTS(t) (!armed[t] && !lock[t])
#define MOVED(t)        (holder[t] != 0 && phase[holder[t] - 1] == DONE)
inline one_side(t) { assert(!(FROM_ACCEPTS(t) && MOVED(t))) }

/* ------------------------------------------------------------ gates */

#define VIEW(g, w) gphase[AT(g, w)]

/* A hold is acknowledged once none of its own workflow's transactions is left, anything else at once. */
#define DRAINED(g, w) (VIEW(g, w) != HOLD || inside[AT(g, w)] == 0)
#define MAY_ACK(g, w) DRAINED(g, w) /* @own_ack */

inline keep_up(g, w)
{
	if
	:: atomic { VIEW(g, w) != phase[w] -> VIEW(g, w) = phase[w]; gack[AT(g, w)] = false }
	:: atomic { VIEW(g, w) != NONE && !gack[AT(g, w)] && MAY_ACK(g, w) -> gack[AT(g, w)] = true }
	fi
}

#define BEHIND(g, w) (VIEW(g, w) != phase[w] || (VIEW(g, w) != NONE && !gack[AT(g, w)] && MAY_ACK(g, w)))

proctype Gate(byte g)
{
end:	do
	:: BEHIND(g, 0) -> keep_up(g, 0)
	:: BEHIND(g, 1) -> keep_up(g, 1)
	:: BEHIND(g, 2) -> keep_up(g, 2)
	od
}

/* ------------------------------------------------------------ clients */

/* Which workflow's key a gate looks at for a table, and whether statements wait there. */
#define KEY(t)     (holder[t] == 0 -> (t == 2) : holder[t] - 1)
#define OPEN(g, t) (VIEW(g, KEY(t)) <= SERVED || VIEW(g, KEY(t)) == DONE)
#define AT_TO(g, t) (VIEW(g, KEY(t)) == DONE)

/* A statement that the server takes: not locked there, and not refused by the fence. */
inline apply(at_to, t, what)
{
	S[t] = S[t] | (at_to -> 0 : BIT(what)); D[t] = D[t] | (at_to -> BIT(what) : 0);
	acked[t] = acked[t] | BIT(what)
}

/* A single statement; refused by the fence it is sent again. */
inline writer(g)
{
	do
	:: atomic { OPEN(g, mine) -> to1 = AT_TO(g, mine); k1 = KEY(mine); inside[AT(g, k1)]++ };
		atomic { to1 || !lock[mine] -> good = (to1 || !armed[mine]);
			if :: good -> apply(to1, mine, g) :: else fi };
		atomic { inside[AT(g, k1)]--; if :: good -> break :: else fi }
	od
}

/* A transaction that writes two tables, which no fence meets in the middle: its workflows wait for it. */
inline transaction(g, t1, t2)
{
	do
	:: atomic { OPEN(g, t1) -> to1 = AT_TO(g, t1); k1 = KEY(t1); inside[AT(g, k1)]++ };
		atomic { to1 || !lock[t1] -> good = (to1 || !armed[t1]) };
		if
		:: atomic { !good -> inside[AT(g, k1)]-- }
		:: good -> break
		fi
	od;
	/* Of a workflow that waits for it already it passes, at the other it waits like any. */
	atomic { k1 == KEY(t2) || OPEN(g, t2) -> k2 = KEY(t2); inside[AT(g, k2)]++;
		to2 = (k1 == k2 -> to1 : AT_TO(g, t2)) };
	atomic { to2 || !lock[t2] -> good = (to2 || !armed[t2]) };
	atomic { if :: good -> apply(to1, t1, g); apply(to2, t2, g) :: else fi;
		inside[AT(g, k1)]--; inside[AT(g, k2)]-- }
}

inline two_workflows(g) { transaction(g, 2, 0) }
inline set_writer(g)    { transaction(g, 0, 1) }

/* One statement that reads two tables of the set: whole, and no older than what was acknowledged. */
inline set_reader(g)
{
	atomic { true -> must = acked[0] & acked[1]; to1 = (VIEW(g, KEY(0)) >= COMMIT); to2 = (VIEW(g, KEY(1)) >= COMMIT) };
	atomic {
		k1 = (to1 -> D[0] : S[0]); k2 = (to2 -> D[1] : S[1]);
		assert((k1 & must) == must && (k2 & must) == must);
		assert((k1 & BIT(0)) == (k2 & BIT(0)))          /* the transaction is seen whole */
	}
}

inline reader(g)
{
	atomic { true -> must = acked[mine]; to1 = (VIEW(g, KEY(mine)) >= COMMIT) };
	atomic { k1 = (to1 -> D[mine] : S[mine]); assert((k1 & must) == must) }
}

inline nobody(g) { skip }

byte ended;                     /* clients */
proctype Client(byte g; byte mine)
{
	byte k1, k2, must;
	bool to1, to2, good;

	if
	:: g == 0 -> FIRST(g)
	:: g == 1 -> SECOND(g)
	fi;
	atomic { ended++; k1 = 0; k2 = 0; must = 0; to1 = false; to2 = false; good = false }
}

/* A client that bypasses the gates: a write that the triggers see, or one that they do not. */
proctype Direct()
{
	if
	:: atomic { FROM_ACCEPTS(1) -> S[1] = S[1] | BIT(2); acked[1] = acked[1] | BIT(2) }
	:: atomic { !lock[1] -> S[1] = S[1] | BIT(2);
		acked[1] = acked[1] | (holder[1] == 0 || phase[holder[1] - 1] < COMMIT -> BIT(2) : 0) }
	:: skip
	fi
}

/* ------------------------------------------------------------ vtctld */

#define ACK(g, w, p)    (VIEW(g, w) == p && gack[AT(g, w)])
#define ALL_ACKED(w, p) (ACK(0, w, p) && ACK(1, w, p))

/* Each table of the workflow, within one step. */
#define EACH(doing) t = 0; do :: t < TABLES && MEMBER(w, t) -> doing; t++ :: t < TABLES && !MEMBER(w, t) -> t++ \
	:: t == TABLES -> t = 0; break od

/* All names of a set are claimed in one transaction, together with the workflow's record. */
#define CLAIM(t)        holder[t] = w + 1
#define FREE_TABLE(t)   (!MEMBER(w, t) || holder[t] == 0) /* @free */

proctype Ctld(byte w)
{
	byte t;

	{
	/* Create: refused where another workflow holds one of the tables. */
	atomic {
		if
		:: FREE_TABLE(0) && FREE_TABLE(1) && FREE_TABLE(2) -> EACH(CLAIM(t)); phase[w] = SERVED
		:: else -> refused[w] = true; goto gone
		fi };
	ALL_ACKED(w, SERVED);
	if
	:: w == 2 -> created = true; goto gone
	:: else
	fi;

	/* 1 hold */
	atomic { EACH(assert(acts[t] == 0); acts[t] = w + 1); phase[w] = HOLD };
	ALL_ACKED(w, HOLD);                                             /* @hold_ack */

	/* 2 fence: each table is locked by itself */
	do
	:: atomic { t < TABLES -> if :: MEMBER(w, t) -> lock[t] = true :: else fi; t++ }        /* @lock */
	:: atomic { t == TABLES -> t = 0; break }
	od;

	/* 3 to 5: catch up to P, freeze, and beside it all rows of the fence are armed by one statement; commit */
	if
	:: atomic { EACH(D[t] = D[t] | S[t]) }                          /* @catch_up */
	:: true
	fi;
	atomic {
		if
		:: w == 0 && (fences & 3) != 3 -> EACH(lock[t] = false; acts[t] = 0); phase[w] = SERVED; goto gone /* @arm */
		:: else -> EACH(armed[t] = (fences >> t) & 1)
		fi };
	atomic { EACH(D[t] = D[t] | S[t]) };                            /* @catch_up */
	atomic { phase[w] = COMMIT };

	/* 6a, 6b */
	ALL_ACKED(w, COMMIT);                                           /* @switched_ack */
	do
	:: atomic { t < TABLES -> if :: MEMBER(w, t) -> lock[t] = false :: else fi; t++ }
	:: atomic { t == TABLES -> t = 0; break }
	od;
	atomic { phase[w] = DONE; EACH(one_side(t); assert((acked[t] & ~D[t]) == 0)) };
gone:	t = 0
	} unless { dead && w == 0 }
}

/* In some casts the first is left alone anywhere, for ever. */
proctype Killer() { dead = true }

proctype Judge()
{
	timeout;
	assert(!THIRD || created);
	assert(SAME || phase[1] == DONE);                       /* whatever becomes of workflow 0 */
	assert(STALL || ended == 2);
	assert(STALL || SAME || phase[0] == DONE || (phase[0] == SERVED && fences != 7));
	assert(!SAME || refused[0] != refused[1]);
	assert(!SAME || phase[0] == DONE || phase[1] == DONE)
}

init {
	atomic {
		if :: IDLER -> inside[AT(0, 0)] = 1 :: else fi;
		if :: fences = 7 :: ROW_MISSING -> fences = 5 fi;
		run Gate(0); run Gate(1); run Client(0, MINE); run Client(1, MINE);
		if :: DIRECT -> run Direct() :: else fi;
		if :: STALL -> run Killer() :: else fi;
		run Ctld(0); run Ctld(1);
		if :: THIRD -> run Ctld(2) :: else fi; run Judge() }
}
