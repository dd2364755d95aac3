/* SPDX-License-Identifier: MIT */
/*
 * The protocol of docs/polling.md: vcpus, whose part the hypervisor plays, and a
 * device model that may be killed at any moment and started again, one that
 * knows the protocol or one that does not.
 *
 * Memory is that of tso.pml; variables that are not in mem[] are the
 * hypervisor's, which changes them under its locks: an atomic step that waits for
 * FENCE, as a hypercall does.
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
#define BYTES (7 * VCPUS)
#include "tso.pml"

/* ---- the page ---- */

#define STATE(v) (0 + v)          /* of the slot */
#define REQUEST(v) (VCPUS + v)
#define DATA(v) (2 * VCPUS + v)
#define EMULATOR(v) (3 * VCPUS + v)   /* byte 28: the emulator's word */
#define HYPERVISOR(v) (4 * VCPUS + v) /* byte 29: the hypervisor's */
#define WRITTEN(v) (5 * VCPUS + v)    /* write_pointer; one ring for each vcpu */
#define RING_WORD(v) (6 * VCPUS + v)  /* of the ring: the emulator's */

#define NONE 0
#define READY 1
#define RESP 2

/* The words.  0: nobody who knows the protocol wrote it. */
#define SLEEP 1
#define LOOK 2

bool event;       /* pending for the device model: one for all its ports */
byte bindings;    /* of the ports, and closes: odd: a device model is bound */
bool wake[VCPUS]; /* the vcpu is to look at its slot */
byte served[VCPUS], finished; /* entries of the ring; vcpus that have all */

/* ---- the hypervisor, for a vcpu ---- */

#define BOUND (bindings & 1)
#define LOST (bindings > 0 && !BOUND) /* was bound, and closed its ports */

/* Nobody is bound: nothing happens. */
inline send_event(cpu)
{
    atomic {
        FENCE(cpu);
        if
        :: BOUND -> event = true
        :: else
        fi
    }
}

/* Whose word is there?  That of a dead device model is cleared. */
inline see_who_is_bound(v, word)
{
    now = bindings;
    counts = now & 1;
    if
    :: now != known ->
#ifndef NO_CLEAR
        if
        :: now > 1 -> store(v, word, 0); counts = false
        :: else
        fi;
#endif
        known = now
    :: else
    fi
}

/* Needs the other side no event? */
#ifdef NO_BINDING_CHECK
#define SAME_BOUND true
#else
#define SAME_BOUND (bindings == known)
#endif

inline ring(v)
{
    store(v, WRITTEN(v), i);
    counts = false;
    if
    :: VALUE(v, RING_WORD(v)) == LOOK -> see_who_is_bound(v, RING_WORD(v))
    :: else
    fi;
#ifndef NO_FENCE_RING
    FENCE(v);
#endif
    if
    :: counts && VALUE(v, RING_WORD(v)) == LOOK ->
        if
        :: SAME_BOUND
        :: else -> send_event(v)
        fi
    :: else -> send_event(v)
    fi
}

/* Take the request back, unless the next device model has it by now. */
inline withdraw(v)
{
#ifdef LATE_WITHDRAWAL
    LOST -> store(v, STATE(v), NONE);
    withdrawn = true
#else
    atomic {
        FENCE(v) && LOST -> mem[STATE(v)] = NONE; withdrawn = true
    }
#endif
}

inline notify_or_withdraw(v)
{
    send_event(v);
    if
    :: LOST ->
        if
        :: withdraw(v)
        :: !LOST
        fi
    :: else
    fi
}

inline request(v)
{
    withdrawn = false;
    looks = false;
    silent = false;
    if
    :: VALUE(v, EMULATOR(v)) == LOOK ->
        see_who_is_bound(v, EMULATOR(v));
        silent = counts
    :: else
    fi;
    store(v, REQUEST(v), i);
#ifdef OLD_HYPERVISOR
    silent = false;
    store(v, EMULATOR(v), 0); /* the slot as a whole */
    store(v, HYPERVISOR(v), 0);
#else
    if /* which, is the hypervisor's choice */
    :: silent -> looks = true; store(v, HYPERVISOR(v), LOOK)
    :: store(v, HYPERVISOR(v), SLEEP)
    fi;
#endif
    store(v, STATE(v), READY);
    if
    :: silent ->
#ifndef NO_FENCE_SEND
        FENCE(v);
#endif
        if
        :: VALUE(v, EMULATOR(v)) == LOOK ->
            if
            :: SAME_BOUND
            :: else -> notify_or_withdraw(v)
            fi
        :: else -> notify_or_withdraw(v)
        fi
    :: else -> notify_or_withdraw(v)
    fi
}

#define ANSWERED(v) (VALUE(v, STATE(v)) == RESP || withdrawn)

proctype vcpu(byte v)
{
    byte i = 1, now, known;
    bool counts;
    bool silent, looks, withdrawn;

    do
    :: i > REQUESTS -> break
    :: else ->
#ifdef RING
        ring(v);
#else
        request(v);
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
        :: !ANSWERED(v) && LOST ->
            if
            :: withdraw(v) -> goto take
            :: !LOST
            fi
        :: else
        fi;
block:
        atomic { wake[v] -> wake[v] = false };
        goto look;
take:
        if
        :: withdrawn
        :: else ->
            assert(VALUE(v, DATA(v)) == i);
            store(v, STATE(v), NONE)
        fi;
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
        bindings++;
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

/* The kernel closes its ports, when no store of the program is on its way. */
inline close_ports()
{
    atomic {
        FENCE(DM) ->
            bindings++;
            event = false;
            slot = 0;
            do
            :: slot == VCPUS -> break
            :: else ->
#ifndef NO_WAKE_CLOSE
                wake[slot] = true;
#endif
                slot++
            od;
            killed = false
    }
}

proctype device_model()
{
    do
#ifndef OLD_MODEL
    :: { { new_model() } unless { killed && BOUND -> close_ports() } }
#endif
    :: { { old_model() } unless { killed && BOUND -> close_ports() } }
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
