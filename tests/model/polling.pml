/* SPDX-License-Identifier: MIT */
/*
 * The protocol of docs/polling.md: vcpus, whose part the hypervisor plays, and a
 * device model that may be killed at any moment and started again, one that
 * knows the protocol or one that does not.
 *
 * Memory is that of tso.pml; variables that are not in mem[] are the
 * hypervisor's, under its locks.  A hypercall waits for FENCE.
 *
 * A wake-up is lost when nothing moves any more and a vcpu has not got all of
 * its answers.  -D takes a step of the protocol away; tests/model/polling runs
 * all of them.
 */
#ifndef VCPUS
#define VCPUS 1
#endif
#ifndef REQUESTS
#define REQUESTS 2
#endif
#ifndef KILLS
#define KILLS 1
#endif

#if VCPUS == 2
#define CPUS 3
#else
#define CPUS 2
#endif
#define DM VCPUS /* the device model's processor */
#define BYTES (7 * VCPUS + 1)
#include "tso.pml"

/* ---- the page ---- */

#define STATE(v) (0 + v)          /* of the slot */
#define REQUEST(v) (VCPUS + v)
#define DATA(v) (2 * VCPUS + v)
#define EMULATOR(v) (3 * VCPUS + v)   /* byte 28: the emulator's word */
#define HYPERVISOR(v) (4 * VCPUS + v) /* byte 29: the hypervisor's */
#define WRITTEN(v) (5 * VCPUS + v)    /* write_pointer; one ring for each vcpu */
#define RING_WORD(v) (6 * VCPUS + v)  /* of the ring: the emulator's */

#define LOCK (7 * VCPUS) /* not in the page: the domain's lock of its servers */

#define NONE 0
#define READY 1
#define RESP 2

/* The words.  0: nobody who knows the protocol wrote it. */
#define SLEEP 1
#define LOOK 2

bool event;       /* pending for the device model: one for all its ports */
bool bound;       /* has a device model bound the ports? */
bool wake[VCPUS]; /* the vcpu is to look at its slot */
bool waits[VCPUS], withdrawn[VCPUS]; /* its request: sent; taken back */
byte served[VCPUS], finished; /* entries of the ring; vcpus that have all */

/* ---- the hypervisor, for a vcpu ---- */

inline lock(cpu) /* by an instruction that is a fence */
{
    atomic { FENCE(cpu) && mem[LOCK] == 0 -> mem[LOCK] = 1 }
}

inline unlock(cpu) /* by an ordinary store */
{
    store(cpu, LOCK, 0)
}

inline send_event(cpu)
{
    FENCE(cpu);
    event = true
}

inline ring(v)
{
    store(v, WRITTEN(v), i);
#ifndef NO_FENCE_RING
    FENCE(v);
#endif
    if
    :: VALUE(v, RING_WORD(v)) == LOOK
    :: else -> send_event(v)
    fi
}

/* With the lock held. */
inline request(v)
{
    store(v, REQUEST(v), i);
#ifdef OLD_HYPERVISOR
    store(v, EMULATOR(v), 0); /* the slot as a whole */
    store(v, HYPERVISOR(v), 0);
#else
    if /* which, is the hypervisor's choice */
    :: looks = true; store(v, HYPERVISOR(v), LOOK)
    :: looks = false; store(v, HYPERVISOR(v), SLEEP)
    fi;
#endif
    store(v, STATE(v), READY);
    waits[v] = true;
#ifndef NO_FENCE_SEND
    FENCE(v);
#endif
    if
#ifndef OLD_HYPERVISOR
    :: VALUE(v, EMULATOR(v)) == LOOK
#endif
    :: else -> send_event(v)
    fi
}

#define ANSWERED(v) (VALUE(v, STATE(v)) == RESP || withdrawn[v] || LOST)
#ifdef LATE_WITHDRAWAL
#define LOST !bound
#else
#define LOST false
#endif

proctype vcpu(byte v)
{
    byte i = 1;
    bool looks;

    do
    :: i > REQUESTS -> break
    :: else ->
#ifdef RING
        ring(v);
#else
        lock(v);
        if
        :: !bound -> goto done /* unclaimed */
        :: else -> request(v)
        fi;
        unlock(v);
        if
        :: !looks -> goto look
        :: looks ->
            do
            :: ANSWERED(v) -> goto look
            :: break /* its time is over */
            od
        fi;
        store(v, HYPERVISOR(v), SLEEP);
#ifndef NO_FENCE_BLOCK
        FENCE(v);
#endif
#ifdef NO_RECHECK_BLOCK
        goto block;
#endif
look:
        if
        :: ANSWERED(v) -> goto take
        :: else
        fi;
block:
        atomic { wake[v] -> wake[v] = false };
        goto look;
take:
        lock(v);
        if
        :: withdrawn[v] -> withdrawn[v] = false
        :: !withdrawn[v] && VALUE(v, STATE(v)) == RESP ->
            assert(VALUE(v, DATA(v)) == i);
            store(v, STATE(v), NONE)
#ifdef LATE_WITHDRAWAL
        :: VALUE(v, STATE(v)) == READY && !bound -> store(v, STATE(v), NONE)
        :: VALUE(v, STATE(v)) == READY && bound -> unlock(v); goto look
#endif
        fi;
        waits[v] = false;
done:
        unlock(v);
#endif
        i++
    od;
    finished++
}

/* ---- device models ---- */

byte slot; /* the slot that is looked at */
byte got;  /* and the request that was there */
bool found;

inline answer()
{
    got = VALUE(DM, REQUEST(slot));
    store(DM, DATA(slot), got);
    store(DM, STATE(slot), RESP);
}

inline notify()
{
    FENCE(DM);
    wake[slot] = true
}

/* All slots, or all rings, once. */
inline look_as(knows)
{
    slot = 0;
    found = false;
    do
    :: slot == VCPUS -> break
    :: else ->
#ifdef RING
        if
        :: VALUE(DM, WRITTEN(slot)) != served[slot] ->
            served[slot] = VALUE(DM, WRITTEN(slot));
            found = true
        :: else
        fi;
#else
        if
        :: VALUE(DM, STATE(slot)) == READY ->
            answer();
            found = true;
            if
            :: knows ->
#ifndef NO_FENCE_ANSWER
                FENCE(DM);
#endif
                if
                :: VALUE(DM, HYPERVISOR(slot)) == LOOK
                :: else -> notify()
                fi
            :: else -> notify()
            fi
        :: else
        fi;
#endif
        slot++
    od
}

inline tell(word)
{
    slot = 0;
    do
    :: slot == VCPUS -> break
    :: else ->
#ifdef RING
        store(DM, RING_WORD(slot), word);
#else
        store(DM, EMULATOR(slot), word);
#endif
        slot++
    od
}

inline bind()
{
    atomic {
        bound = true;
#ifndef NO_BIND_EVENT
        event = true
#endif
    }
}

inline new_model()
{
    bind();
    do
    :: tell(LOOK);
        do
        :: look_as(true)
        :: break
        od;
        tell(SLEEP);
#ifndef NO_FENCE_SLEEP
        FENCE(DM);
#endif
#ifndef NO_RECHECK_SLEEP
        look_as(true);
        if
        :: found -> goto awake
        :: else
        fi;
#endif
        atomic { event -> event = false };
awake:
        skip
    od
}

/* Takes the event, which unmasks its port, then looks. */
inline old_model()
{
    bind();
    do
    :: event ->
#ifdef UNMASK_AFTER
        look_as(false);
        event = false
#else
        event = false;
        look_as(false)
#endif
    od
}

bool killed;
byte kills = KILLS;

/* At any moment, or never. */
active proctype killer()
{
    do
    :: kills > 0 && !killed -> kills--; killed = true
    :: kills > 0 -> kills = 0
    :: kills == 0 -> break
    od
}

/* What of a slot a dead device model leaves behind. */
inline close_slot()
{
#ifndef NO_CLEAR
    mem[EMULATOR(slot)] = 0;
    mem[RING_WORD(slot)] = 0;
#endif
#ifndef LATE_WITHDRAWAL
    if /* an answer that is there counts */
    :: waits[slot] && mem[STATE(slot)] == READY ->
        withdrawn[slot] = true;
        mem[STATE(slot)] = NONE
    :: else
    fi;
#endif
#ifndef NO_WAKE_CLOSE
    wake[slot] = true;
#endif
}

/* The kernel closes its ports, when no store of the program is on its way. */
inline close_ports()
{
    atomic {
        FENCE(DM) && mem[LOCK] == 0 ->
            bound = false;
            event = false;
            slot = 0;
            do
            :: slot == VCPUS -> break
            :: else -> close_slot(); slot++
            od;
            killed = false
    }
}

proctype device_model()
{
    do
#ifndef OLD_MODEL
    :: { { new_model() } unless { killed -> close_ports() } }
#endif
    :: { { old_model() } unless { killed -> close_ports() } }
    od
}

init {
    atomic {
        run device_model();
        run vcpu(0);
#if VCPUS == 2
        run vcpu(1);
#endif
    }
}

#ifdef RING
#define ALL_SERVED (served[0] == REQUESTS && served[VCPUS - 1] == REQUESTS)
#else
#define ALL_SERVED true
#endif

active proctype watch()
{
    timeout -> assert(finished == VCPUS && ALL_SERVED)
}
