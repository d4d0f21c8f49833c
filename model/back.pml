/*
 * back.pml - a table changes hands, comes back, and goes again.
 *
 * Rounds of switches between the sides A and B, with the binlogs that streams
 * and guards read. The names are those of docs/architecture.md; README.md says
 * what is left out. Leases and crashes of gates are in cutover.pml.
 *
 * Round r moves from FROM(r) to TO(r), where the stream of that round lives:
 * 1 from A to B, 2 back, 3 forth again. The workflow's switch key is
 *
 *   SERVED r -> HOLD r -> COMMIT r -> SERVED r + 1
 *                  \-> ROLL r -> SERVED r
 *
 * A table is a set of bits, one for each write that may happen. A binlog has
 * an event for each change: which write, and the round of the stream that
 * made it (0: a client). What triggers do not see is "blind".
 */

/* Who takes part; ./run explores several casts. */
#ifndef CAST
#define START    1              /* the round that it begins with */
#define LAST     2              /* the last one that is switched */
#define ATTEMPTS 3
#define FIRST    writer         /* the client of gate 0 */
#define SECOND   reader         /* the client of gate 1: reader, outliver, nobody */
#define BEHIND   1              /* a client that bypasses the gates */
#define CTLDS    1              /* with 2 the first may be killed for good */
#define WRITES   2              /* of the writer */
#endif

#define A 0
#define B 1
#define FROM(r) (((r) + 1) & 1)
#define TO(r)   ((r) & 1)
#define BIT(w)  (1 << (w))
#define OLD     0               /* the write that was there before anything began; 1 and 2 are the writer's */
#define DIRECT  3
#define LATE    4

#define SERVED 0
#define HOLD   1
#define ROLL   2
#define COMMIT 3

/* The workflow's switch key, and the number that its record has given out last. */
byte phase = SERVED, round = START, owner, record;

/* Servers: content, the number of the attempt that holds a READ lock, the fence, the highest attempt that
 * the side's tablet has seen. */
byte content[2] = BIT(OLD);
byte lock[2], number[2];
bool armed[2];

/* Binlogs. An event is 8 times the round that it is marked with, plus 1 + the write; DDL is 7. */
#define EVENTS 10
#define DDL    7
byte binlog[20], ending[2];
#define EVENT(x, at) binlog[(x) * EVENTS + (at)]

/* The stream at each side, and its guard. */
#define NONE     0
#define PREPARED 1
#define RUNNING  2
#define FROZEN   3
byte stream[2], its_round[2], pos[2], guard_pos[2];
bool closed[2];                 /* the stream there has stopped for good, or its guard found something */
bool meddled[2];                /* and this is why it may */

/* Gates: what they know of the key, and whether they have acknowledged (attempt, phase). */
byte gphase[2], ground[2] = START, gowner[2], inside[2];
bool gack[2];

byte acked = BIT(OLD);          /* writes that a client was told of, */
byte cleared;                   /* and those that were truncated where they were served */
byte early;                     /* at the new side, past the gates, before all of these have switched: reads need not show it */

#define SERVING       (phase == COMMIT -> TO(round) : FROM(round))
#define ACCEPTS(x)    (!armed[x] && lock[x] == 0)
inline one_side() { assert(!(ACCEPTS(A) && ACCEPTS(B))) }

inline log_event(x, e)
{
	assert(ending[x] < EVENTS); EVENT(x, ending[x]) = e; ending[x]++
}

/* ------------------------------------------------------------ gates */

/* A hold is acknowledged once nobody is inside, anything else at once. */
inline acknowledge(g)
{
	if
	:: gphase[g] != HOLD || inside[g] == 0 -> gack[g] = true
	:: else
	fi
}

inline leave(g) { inside[g]--; acknowledge(g) }

proctype Gate(byte g)
{
end:	do
	:: atomic { gphase[g] != phase || ground[g] != round || gowner[g] != owner ->
		gphase[g] = phase; ground[g] = round; gowner[g] = owner; gack[g] = false; acknowledge(g) }
	od
}

/* ------------------------------------------------------------ clients */

/* Single statements. In a hold they wait; refused by a fence they are sent again. */
inline writer(g)
{
	w = 1;
	do
	:: w <= WRITES ->
		atomic { gphase[g] == SERVED -> side = FROM(ground[g]); inside[g]++ };
		atomic { lock[side] == 0 ->
			if
			:: armed[side] -> good = false
			:: else -> good = true; content[side] = content[side] | BIT(w); log_event(side, w + 1)
			fi };
		atomic { leave(g);
			if
			:: good -> acked = acked | BIT(w); w++; good = false
			:: else
			fi }
	:: w <= WRITES -> break
	:: else -> break
	od
}

/* What is done behind the guard's back at the side that a read is under way at, the read may see. */
#define FRESH(x, what, must) (meddled[x] || ((what | cleared | early) & must) == must)

inline reader(g)
{
	do
	:: atomic { true -> must = acked; side = (gphase[g] == COMMIT -> TO(ground[g]) : FROM(ground[g])) };
		atomic { assert(FRESH(side, content[side], must)); must = 0 }
	:: break
	od
}

/* At the old side it is nobody's write. */
inline blind_write(x, what)
{
	content[x] = content[x] | BIT(what); log_event(x, what + 1);
	meddled[x] = meddled[x] || (x != SERVING)
}

/* A transaction that has only read, outlives --reader-wait and then writes what the triggers do not see:
 * it matches no row, or it is TRUNCATE's like. Its answer is judged as a read. */
#define BOUND(g) (ground[g] == its && gphase[g] != COMMIT) /* @bound */
inline outliver(g)
{
	atomic { gphase[g] == SERVED -> its = ground[g]; side = FROM(its) };
	atomic {
		if
		:: !BOUND(g) -> goto done                               /* 1213 */
		:: else -> inside[g]++; must = acked
		fi };
	if
	:: atomic { lock[side] == 0 -> good = FRESH(side, content[side], must) }
	:: atomic { lock[side] == 0 -> good = FRESH(side, content[side], must);
		w = LATE; blind_write(side, LATE) }
	fi;
	atomic { leave(g);
		if
		:: !BOUND(g) -> goto done                               /* @late_answer: 1213, whatever it says */
		:: else -> assert(good); acked = acked | (w == LATE -> BIT(LATE) : 0)
		fi }
}

inline nobody(g) { skip }

proctype Client(byte g)
{
	byte w, side, must, its;
	bool good;

	if
	:: g == 0 -> FIRST(g)
	:: g == 1 -> SECOND(g)
	fi;
done:	w = 0; side = 0; must = 0; its = 0; good = false
}

#define MAY_BE_EARLY(x) early = (phase == COMMIT && x == SERVING -> BIT(DIRECT) : 0)

/* A client that bypasses the gates. It knows A, and B once that has been served. */
proctype Behind()
{
	byte x;

	atomic {
		if
		:: x = A
		:: round >= 2 -> x = B
		fi };
	if
	:: atomic { ACCEPTS(x) -> content[x] = content[x] | BIT(DIRECT); log_event(x, DIRECT + 1);
		acked = acked | BIT(DIRECT); MAY_BE_EARLY(x) }
	:: atomic { lock[x] == 0 -> blind_write(x, DIRECT); acked = acked | (x == SERVING -> BIT(DIRECT) : 0);
		MAY_BE_EARLY(x) }
	:: atomic { lock[x] == 0 -> log_event(x, DDL); content[x] = 0; /* TRUNCATE */
		if
		:: x == SERVING -> cleared = 255; meddled[1 - x] = true
		:: else -> meddled[x] = true
		fi }
	:: skip
	fi;
	x = 0
}

/* ------------------------------------------------------------ tablets */

/* Without a cause nothing is closed; of a round that is over nobody asks any more. */
inline close_way(x)
{
	closed[x] = true; assert(meddled[x] || its_round[x] < round || phase == COMMIT)
}

/* The stream applies what clients wrote, passes over the work of its own workflow's streams and stops at DDL.
 * The guard finds whatever its own stream did not do. */
proctype Tablet(byte x)
{
	byte e;

end:	do
	:: atomic { stream[x] == RUNNING && !closed[x] && pos[x] < ending[1 - x] ->
		e = EVENT(1 - x, pos[x]); pos[x]++;
		if
		:: e % 8 == DDL -> close_way(x)
		:: e % 8 != DDL && e / 8 != 0
		:: else -> assert((content[x] & BIT(e - 1)) == 0);      /* exact: no row comes twice */
			content[x] = content[x] | BIT(e - 1); log_event(x, e + 8 * its_round[x])
		fi; e = 0 }
	:: atomic { stream[x] >= RUNNING && its_round[x] >= 2 && guard_pos[x] < ending[x] ->
		e = EVENT(x, guard_pos[x]); guard_pos[x]++;
		if
		:: e / 8 == its_round[x]                                /* @own_ddl */
		:: e / 8 != its_round[x] -> close_way(x)                /* @finding */
		fi; e = 0 }
	od
}

/* ------------------------------------------------------------ the switch */

/* A call to a side's tablet that is outdated does nothing. */
#define TAKES(x, n) (number[x] <= n)

/* Undo of attempt m, by whoever finds it, under the number after it: the compare-and-swap first, the fence
 * second, the gates last. Only who has read "rolling back" of that very attempt undoes anything. */
inline roll_back(m)
{
	atomic {
		if :: phase == HOLD && owner == m -> phase = ROLL :: else fi;   /* @rolling */
		rolled = (phase == ROLL && owner == m)                          /* @rolled */
	};
	if
	:: rolled ->
		atomic { if :: TAKES(FROM(r), m + 1) -> number[FROM(r)] = m + 1; armed[FROM(r)] = false; /* @disarm */
				if :: lock[FROM(r)] == m -> lock[FROM(r)] = 0 :: else fi :: else fi; one_side() };
		atomic { if :: TAKES(FROM(r), m + 1) && stream[FROM(r)] == PREPARED && its_round[FROM(r)] == r + 1 ->
				stream[FROM(r)] = NONE :: else fi };                /* @delete */
		atomic { if :: TAKES(TO(r), m + 1) -> number[TO(r)] = m + 1;
				if :: lock[TO(r)] == m -> lock[TO(r)] = 0 :: else fi;
				if :: stream[TO(r)] == FROZEN -> stream[TO(r)] = RUNNING :: else fi :: else fi; one_side() };
		atomic { if :: phase == ROLL && owner == m -> phase = SERVED :: else fi }
	:: else
	fi;
	rolled = false
}

/* Step 7 is not done. */
#define PENDING (stream[FROM(round)] == FROZEN || stream[TO(round)] == PREPARED)

#define ALL_ACKED(n, p) (gack[0] && gack[1] && gowner[0] == n && gowner[1] == n && gphase[0] == p && gphase[1] == p)

inline unlock()
{
	atomic { if :: lock[FROM(r)] == n -> lock[FROM(r)] = 0 :: else fi; one_side() }         /* @unlock */
}

/* Steps 6a to 7 of attempt n of round r: only forward, repeated by whoever lives. The to side's fence may be
 * disarmed, and its lock end, before the gates have answered. */
inline go_forward()
{
	if
	:: atomic { phase == COMMIT && owner == n && TAKES(TO(r), n) -> armed[TO(r)] = false;
		if :: lock[TO(r)] == n -> lock[TO(r)] = 0 :: else fi; one_side() }
	:: true
	fi;
	if
	:: ALL_ACKED(n, COMMIT)                                         /* @all_switched */
	:: atomic { phase != COMMIT || owner != n -> goto look }
	fi;
	atomic { if :: TAKES(TO(r), n) -> armed[TO(r)] = false :: else fi;                      /* @release_fence */
		if :: lock[TO(r)] == n -> lock[TO(r)] = 0 :: else fi; one_side() };
	atomic { if :: phase == COMMIT && owner == n -> phase = SERVED; round = r + 1 :: else fi };
	unlock();
	goto look
}

inline start_way_back()
{
	atomic { if :: stream[FROM(r)] == PREPARED && its_round[FROM(r)] == r + 1 -> stream[FROM(r)] = RUNNING /* @start */
		:: else fi };
	atomic { if :: its_round[TO(r)] == r && stream[TO(r)] == FROZEN ->      /* @finish */
			stream[TO(r)] = NONE; closed[TO(r)] = false; meddled[TO(r)] = false :: else fi }
}

/* The first does one thing and may die anywhere in it, or go on as late as it likes; the second lives. */
bool dead;
proctype Killer() { dead = true }

proctype Ctld(byte id)
{
	byte n, r, P, Q, did; bool rolled;

	{ id == 1 || CTLDS == 1 || record > 0 || dead;                  /* which of the two is first does not matter */
look:	atomic { if :: id == 1 && n != 0 && !(phase == SERVED && PENDING) -> goto gone :: else -> n = 0; r = 0; P = 0; Q = 0; did = 0 fi };
	do
	:: atomic { phase == COMMIT -> n = owner; r = round }; go_forward()
	:: atomic { phase == HOLD || phase == ROLL -> n = owner; r = round }; roll_back(n); goto look
	:: atomic { phase == SERVED && round > START && PENDING -> n = owner; r = round - 1 }; unlock(); n = 0;
		start_way_back(); goto look
	:: atomic { phase == SERVED && !PENDING && round <= LAST && record < 2 * ATTEMPTS && !closed[TO(round)] ->
		n = record + 1; record = n + 1; r = round; phase = HOLD; owner = n; break }     /* 1 hold */
	:: atomic { phase == SERVED && !(round > START && PENDING) &&
		(round > LAST || record == 2 * ATTEMPTS || closed[TO(round)]) -> goto gone }
	od;
	if
	:: ALL_ACKED(n, HOLD)                                           /* @hold_ack */
	:: goto failed                                                  /* a deadline */
	fi;

	/* 2 fence */
	atomic { if :: TAKES(FROM(r), n) -> number[FROM(r)] = n; lock[FROM(r)] = n :: else -> goto failed fi }; /* @lock */
	atomic { if :: lock[FROM(r)] == n -> P = ending[FROM(r)] :: else -> goto failed fi };

	/* 3 catch up: the fence is armed, before or after the others; freeze, the next AUTO_INCREMENT values (DDL), Q */
	if
	:: atomic { if :: TAKES(FROM(r), n) -> armed[FROM(r)] = true :: else -> goto failed fi }; /* @arm */
	:: true
	fi;
	if
	:: atomic { stream[TO(r)] == RUNNING && !closed[TO(r)] && pos[TO(r)] == P && TAKES(TO(r), n) ->
		number[TO(r)] = n; stream[TO(r)] = FROZEN }
	:: goto failed
	fi;
	/* @early_q */
	atomic { if :: TAKES(TO(r), n) -> log_event(TO(r), DDL + 8 * r); Q = ending[TO(r)]; /* @q */
		:: else -> goto failed fi };
	atomic { if :: TAKES(FROM(r), n) -> armed[FROM(r)] = true :: else -> goto failed fi }; /* @arm */

	/* 4 reverse; beside it the lock of the new side, which no change passes until the release, and its guard's word */
	do
	:: atomic { !(did & 1) ->
		if :: TAKES(TO(r), n) -> lock[TO(r)] = n; did = did | 1 :: else -> goto failed fi }     /* @lock_to */
	:: atomic { (did & 3) == 1 && (r == 1 || (guard_pos[TO(r)] == ending[TO(r)] && !closed[TO(r)])) -> did = did | 2 } /* @guard */
	:: atomic { !(did & 4) ->
		if :: TAKES(FROM(r), n) && stream[FROM(r)] <= PREPARED ->      /* @prepare */
			stream[FROM(r)] = PREPARED; its_round[FROM(r)] = r + 1; did = did | 4;
			pos[FROM(r)] = Q; guard_pos[FROM(r)] = P; closed[FROM(r)] = false
		:: else -> goto failed fi }
	:: (did & 3) == 1 -> goto failed                                /* a deadline */
	:: did == 7 -> break
	od;

	/* 5 commit */
	atomic { if :: phase == HOLD && owner == n -> phase = COMMIT;   /* @commit */
			assert(content[A] == content[B] && !meddled[TO(r)]) :: else -> goto failed fi };
	go_forward();
failed:	roll_back(n); goto look;
gone:	n = 0; r = 0; P = 0; Q = 0; did = 0
	} unless { dead && id == 1 }
}

#define AWAY (1 - x)
proctype Judge()
{
	byte x;

	timeout;
	x = FROM(round);
	assert(phase == SERVED && lock[A] == 0 && lock[B] == 0);
	assert(!armed[x] && armed[AWAY]);
	assert((acked & ~cleared & ~content[x]) == 0);
	assert(stream[x] == NONE && stream[AWAY] == RUNNING && its_round[AWAY] == round);
	assert(closed[AWAY] == meddled[AWAY]);
	assert(closed[AWAY] || content[A] == content[B])
}

init {
	atomic {
		/* Whoever serves is fenced off, and the other follows. */
		armed[TO(START)] = true; stream[TO(START)] = RUNNING; its_round[TO(START)] = START;
		run Gate(0); run Gate(1); run Client(0); run Client(1); run Tablet(A); run Tablet(B);
		if :: BEHIND -> run Behind() :: else fi;
		if :: CTLDS == 2 -> run Killer(); run Ctld(1) :: else fi; run Ctld(2); run Judge() }
}
