/*
 * cutover.pml - one table changes hands, while everything that can die does.
 *
 * Steps 0 to 6b of the cutover, without the reverse stream (4 and 7). The
 * names are those of docs/architecture.md; README.md says what is left out.
 *
 * A table's content is a set of bits, one for each write that may happen. A
 * write is "fenced" when the triggers see it and "blind" when they do not
 * (it matches no row, TRUNCATE): a blind write is judged as a read too,
 * because its answer tells what the table held.
 *
 * rules:  SRC -> HOLD -> COMMIT -> FREE            (5 is HOLD -> COMMIT)
 *                  \-> ROLL -> SRC
 */

/* Who takes part; ./run explores several casts, because all at once is too much. */
#ifndef CAST
#define FIRST   autocommit_write        /* the client of gate 0: autocommit_write, second_table_first */
#define SECOND  read_table              /* the client of gate 1: read_table, reader_then_writer */
#define BESIDE  true                    /* a client that bypasses the gates */
#define ANYONE  true                    /* somebody else rolls back past a deadline */
#define LAPSES  1                       /* leases that are lost, by a pause or a cut */
#define CRASHES 1                       /* of gates */
#define DEATH   true                    /* the first vtctld may be killed for good */
#endif

#define GATES 2
#define DIRECT 2                /* the bit of the direct writer; bits 0 and 1 are the gates' */
#define BIT(w) (1 << (w))

#define SRC    0
#define HOLD   1
#define ROLL   2
#define COMMIT 3
#define FREE   4

/* The topology. */
byte phase = SRC;               /* what the newest rules say */
byte owner;                     /* the attempt they belong to */
byte ver;                       /* their version */
byte record;                    /* the workflow record's attempt number */

/* The from server and its tablet. */
byte S, lock, pending, writers; /* content; LOCK TABLES READ: its attempt, those that wait for it; open writers */
bool urow;                      /* the row lock in a second table is taken */
bool armed;                     /* the fence, and the number it carries */
byte fence_no;

/* The to server and its stream. */
byte D, frozen, freeze_no;
bool armed_to = true;

/* Gates. held is a gate's own view of its lease, seen everybody else's. */
bool alive[GATES] = true, held[GATES] = true, seen[GATES] = true, fresh[GATES] = true;
bool nogap[GATES] = true;       /* the lease was held without a gap since the statement was sent */
byte gphase[GATES], gver[GATES], gack[GATES], inside[GATES];
byte lapses = LAPSES, crashes = CRASHES;

byte acked;                     /* writes that a client was told of */

#define FROM_ACCEPTS (!armed && lock == 0)
#define TO_ACCEPTS   (!armed_to)
inline one_side() { assert(!(FROM_ACCEPTS && TO_ACCEPTS)) }

/* ------------------------------------------------------------ gates */

inline lapse(g)
{
	held[g] = false; fresh[g] = false; nogap[g] = false
}

/* A hold is acknowledged once nobody is inside, anything else at once. */
inline acknowledge(g)
{
	if
	:: gphase[g] != HOLD || inside[g] == 0 -> gack[g] = gver[g] /* @drain */
	:: else
	fi
}

inline take_rules(g)
{
	gphase[g] = phase; gver[g] = ver; acknowledge(g)
}

inline leave(g)
{
	inside[g]--; acknowledge(g)
}

proctype Gate(byte g)
{
end:	do
	:: atomic { alive[g] && (held[g] -> fresh[g] : true) && gver[g] < ver ->
		take_rules(g) }
	:: atomic { alive[g] && held[g] && lapses > 0 -> lapses--; lapse(g) }    /* cut off, or paused */
	:: atomic { !held[g] && seen[g] -> seen[g] = false }                     /* @waited_out: later than its own view */
	:: atomic { alive[g] && !held[g] -> held[g] = true; seen[g] = true }     /* @register: first, */
	:: atomic { alive[g] && held[g] && !fresh[g] ->                          /* then the rules */
		take_rules(g); fresh[g] = true } /* @reread */
	:: atomic { alive[g] && crashes > 0 -> crashes--; lapse(g); alive[g] = false;
		gphase[g] = 0; gver[g] = 0; gack[g] = 0 }
	od
}

/* ------------------------------------------------------------ clients */

#define SENDABLE(g) (alive[g] && held[g] && fresh[g])
#define DELIVERED(g) (alive[g] && nogap[g]) /* @recheck */

/* One statement by itself. In a hold it waits; refused by a fence it is sent again. */
inline autocommit_write(g)
{
	do
	:: atomic { !alive[g] -> goto done }
	:: atomic { SENDABLE(g) && (gphase[g] == SRC || gphase[g] == FREE) ->
			at_to = (gphase[g] == FREE); nogap[g] = true; inside[g]++ };
		if
		:: atomic { at_to -> result = (armed_to -> 2 : 1); D = D | (armed_to -> 0 : BIT(g)) }
		:: atomic { !at_to && lock == 0 && pending == 0 ->
			result = (armed -> 2 : 1); S = S | (armed -> 0 : BIT(g)) }
		fi;
		atomic { leave(g);
			if
			:: !DELIVERED(g) -> goto done
			:: DELIVERED(g) && result == 1 -> acked = acked | BIT(g); break
			:: else                 /* the fence: refresh, replay */
			fi }
	od
}

/* A transaction that locks a row of a second table and writes the moving one after. */
inline second_table_first(g)
{
	atomic { !alive[g] || (SENDABLE(g) && (gphase[g] == SRC || gphase[g] >= COMMIT)) ->
		if
		:: !alive[g] || gphase[g] != SRC -> goto done
		:: else -> nogap[g] = true; inside[g]++
		fi }
	atomic { !urow -> urow = true }
	if
	:: atomic { lock == 0 && pending == 0 ->
		result = (armed -> 2 : 1); writers = writers + (armed -> 0 : 1) }
	:: atomic { !DELIVERED(g) -> result = 2 }         /* its connection is gone: rolled back */
	fi;
	atomic { urow = false; leave(g);
		if
		:: result == 1 -> writers--; S = S | BIT(g); acked = acked | (DELIVERED(g) -> BIT(g) : 0)
		:: else
		fi }
}

/* A transaction that has only read the table, outlives --reader-wait and then writes, blind. */
inline reader_then_writer(g)
{
	atomic { !alive[g] || (SENDABLE(g) && (gphase[g] == SRC || gphase[g] >= COMMIT)) ->
		if
		:: !alive[g] || gphase[g] != SRC -> goto done
		:: else -> nogap[g] = true
		fi }
	atomic { !DELIVERED(g) || gphase[g] >= COMMIT || held[g] ->
		if
		:: !DELIVERED(g) || gphase[g] >= COMMIT -> goto done       /* 1213 */
		:: else -> inside[g]++; must = acked
		fi }
	atomic { lock == 0 && pending == 0 -> seen_content = S; S = S | BIT(g) }
	atomic { leave(g);
		if
		:: !DELIVERED(g) -> goto done
		:: DELIVERED(g) && gphase[g] >= COMMIT -> goto done        /* @late_answer: 1213, whatever it says */
		:: else -> acked = acked | BIT(g); assert((seen_content & must) == must)
		fi }
}

inline read_table(g)
{
	atomic { !alive[g] || SENDABLE(g) ->
		if
		:: !alive[g] -> goto done
		:: else -> nogap[g] = true; must = acked; at_to = (gphase[g] >= COMMIT)
		fi }
	atomic { seen_content = (at_to -> D : S) }
	atomic { assert(!DELIVERED(g) || (seen_content & must) == must) }
}

proctype Client(byte g)
{
	byte result, must, seen_content;
	bool at_to;

	if
	:: g == 0 -> FIRST(g)
	:: g == 1 -> SECOND(g)
	fi;
done:	result = 0; must = 0; seen_content = 0; at_to = false
}

/* A client that bypasses the gates. What the triggers cannot see is promised only until the commit. */
proctype Direct()
{
	if
	:: atomic { lock == 0 && pending == 0 && !armed -> S = S | BIT(DIRECT); acked = acked | BIT(DIRECT) }
	:: skip                                                 /* refused by the fence, or never came */
	:: atomic { lock == 0 && pending == 0 -> S = S | BIT(DIRECT);
		acked = acked | (phase < COMMIT -> BIT(DIRECT) : 0) }
	:: atomic { lock == 0 && pending == 0 && !armed -> writers++ };   /* table first, second table after */
		atomic { !urow -> urow = true };
		atomic { urow = false; writers--; S = S | BIT(DIRECT); acked = acked | BIT(DIRECT) }
	fi
}

/* ------------------------------------------------------------ stream */

proctype Stream()
{
end:	do
	:: atomic { phase >= COMMIT && frozen == 0 && (D | S) != D -> assert(false) }
	od
}

/* ------------------------------------------------------------ the cutover */

inline move_rules(to) { phase = to; ver++ }

/* Undo of attempt m, by whoever finds it: the compare-and-swap first, the fence second, the gates last.
 * A disarm raises the number, so that an arming of the same attempt that comes late finds it taken. */
inline roll_back(m)
{
	atomic {
		if :: phase == HOLD && owner == m -> move_rules(ROLL) :: else fi;         /* @rolling */
		rolled = !(phase >= COMMIT && owner == m)
	};
	if
	:: rolled ->
		atomic { if :: fence_no <= m -> armed = false; fence_no = m + 1 :: else fi; one_side() };  /* @disarm */
		atomic {
			if :: lock == m -> lock = 0 :: else fi; one_side();
			if :: freeze_no <= m -> frozen = 0; freeze_no = m + 1 :: else fi };
		atomic { if :: phase == ROLL && owner == m -> move_rules(SRC) :: else fi }
	:: else
	fi
}

/* Past a deadline any gate or tablet may do it. */
proctype Watchdog()
{
	byte m; bool rolled;

end:	atomic { phase == HOLD -> m = owner };
	roll_back(m);
	m = 0; rolled = false
}

inline all_gates(v)
{
	g = 0;
	do
	:: atomic { g < GATES && (gack[g] >= v || !seen[g]) -> g++ }
	:: atomic { g == GATES -> g = 0; break }
	od
}

/* The first may die anywhere, or go on as late as it likes; the second lives. */
bool dead;
proctype Killer() { dead = true }

proctype Ctld(byte n)
{
	byte g, v, P, m; bool rolled;

	{
	/* Whoever takes the workflow takes a number first, and ends what an older one left. */
	atomic { if :: record < n -> record = n :: else -> goto gone fi };
	do
	:: atomic { phase >= COMMIT -> goto forward }
	:: atomic { phase == HOLD || phase == ROLL -> m = owner }; roll_back(m)
	:: atomic { phase == SRC -> m = 0; rolled = false;                      /* 1 hold */
		if
		:: n == 2 -> goto gone                                  /* out of attempts */
		:: record == n -> move_rules(HOLD); owner = n; v = ver; break
		:: record != n -> goto gone
		fi }
	od;
	g = 0;
	do
	:: atomic { g < GATES && (gack[g] >= v || !seen[g]) -> g++ } /* @hold_ack */
	:: g == GATES -> break
	:: g < GATES -> goto failed
	od;

	/* 2 fence */
	atomic { if :: fence_no <= n -> pending = pending | BIT(n) :: else -> goto failed fi };
	if
	:: atomic { writers == 0 && lock == 0 -> pending = pending & ~BIT(n); /* @lock */
		if :: fence_no <= n -> lock = n :: else -> goto failed fi } /* @lock_again: it may have been undone */
	:: atomic { pending = pending & ~BIT(n) -> goto failed } /* @lock_timeout */
	fi;
	P = S; /* @position */

	/* 3 catch up; the fence is armed before the freeze, or after */
	if
	:: atomic { if :: fence_no <= n -> armed = true; fence_no = n :: else -> goto failed fi } /* @arm */
	:: true
	fi;
	atomic { if :: freeze_no <= n -> D = D | P; frozen = n; freeze_no = n :: else -> goto failed fi }; /* @freeze */
	atomic { if :: fence_no <= n -> armed = true; fence_no = n :: else -> goto failed fi }; /* @arm */

	/* 5 commit */
	atomic { if :: phase == HOLD && owner == n -> move_rules(COMMIT) :: else -> goto failed fi }; /* @commit */

	/* After it only forward. The to side's fence is disarmed while the gates are asked: before they have
	 * answered, or after. */
forward:
	atomic { if :: phase == COMMIT -> v = ver :: else -> goto unlock fi };
	if
	:: atomic { phase == COMMIT -> armed_to = false; one_side() }
	:: true
	fi;
	all_gates(v); /* @all_switched */
	atomic { if :: phase == COMMIT -> armed_to = false :: else fi; one_side() };
	/* A gate is told before it is written, or later: whoever has the switched rules, and no newer ones. */
	do
	:: atomic { g < GATES && gphase[g] == COMMIT && gver[g] == v -> gphase[g] = FREE; g++ } /* @told_ahead */
	:: atomic { g < GATES -> g++ }
	:: atomic { g == GATES -> g = 0; break }
	od;
	atomic { if :: phase == COMMIT -> move_rules(FREE); assert((D & acked) == acked) :: else fi };
unlock:
	atomic { if :: phase == FREE && lock == owner -> lock = 0 :: else fi; one_side() }; /* @unlock */
	goto gone;
failed:
	roll_back(n);
	atomic { if :: phase == COMMIT && owner == n -> goto forward :: else fi };
gone:	g = 0; v = 0; P = 0; m = 0; rolled = false
	} unless { dead && n == 1 && (pending & BIT(n)) == 0 }        /* the tablet lives */
}

proctype Judge()
{
	timeout;
	assert(phase == SRC || phase == FREE);
	assert(phase != SRC || (FROM_ACCEPTS && (S & acked) == acked));
	assert(phase != FREE || (TO_ACCEPTS && (D & acked) == acked))
}

init {
	atomic { run Gate(0); run Gate(1); run Client(0); run Client(1); run Stream();
		if :: BESIDE -> run Direct() :: else fi;
		if :: ANYONE -> run Watchdog() :: else fi;
		if :: DEATH -> run Killer() :: else fi; run Ctld(1); run Ctld(2); run Judge() }
}
