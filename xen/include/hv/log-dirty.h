/* SPDX-License-Identifier: MIT */
/*
 * Which of a domain's frames were written since they were last asked for.
 *
 * There are two logs: of a range, for a device model that draws what the guest
 * wrote to its screen; and of all frames, for a toolstack that moves a running
 * domain to another machine.  Both may be on, and neither disturbs the other.
 *
 * There is no bitmap.  A p2m entry of the domain's own memory is clean or dirty
 * for each of the logs; an entry that is clean for one is not writable for the
 * machine's page walker.  The first write through it, whoever writes, makes the
 * entry dirty for both and writable.  A new entry is dirty.  Reading a log
 * reports the entries that are dirty for it and makes them clean for it.  So
 * logging takes no memory but the tables for splitting large entries, which come
 * from the domain's paging pool; when the pool has none, a large entry becomes
 * dirty as a whole, or stays dirty.  A domain that is not logged has no clean
 * entries, and its writes do not look for any.
 *
 * Who writes to a domain's memory:
 *   the guest's vcpus            the machine reports a write to a clean entry
 *   copies to a guest            p2m_peek_write()
 *   holders of a page reference  log_dirty_mark() after the write
 *   grant mappings, copies       log_dirty_mark() when the pin goes
 *   foreign mappings             not seen: the writer, a device model, tells by
 *                                XEN_DMOP_modified_memory.  A toolstack that
 *                                saves a domain maps each page to read it
 *   the hypervisor               vcpu_info, event and ioreq pages are not
 *                                reported: whoever restores them writes them
 */
#ifndef HV_LOG_DIRTY_H
#define HV_LOG_DIRTY_H

#include <hv/types.h>

struct domain;

#define LOG_RANGE 1U
#define LOG_ALL 2U
#define LOG_BOTH (LOG_RANGE | LOG_ALL)
/* No log: clean for the sweep of p2m-pod.c, which wants to hear of writes. */
#define LOG_SWEEP 4U
#define LOG_ANY (LOG_BOTH | LOG_SWEEP)

enum log_all_state {
    LOG_ALL_OFF,
    LOG_ALL_STARTING, /* frames from `at` on are not clean yet */
    LOG_ALL_ON,
    LOG_ALL_STOPPING, /* frames from `at` on may be clean still */
};

struct log_dirty_all {
    enum log_all_state state;
    bool reading, cleaning; /* a read gave way; and it cleans               */
    uint64_t at;            /* what gave way goes on with this frame        */
    uint64_t end;           /* STARTING, STOPPING: and ends before this one */
    uint32_t dirty;         /* frames that became dirty since the last read */
                            /* that cleaned                                 */
    uint32_t reported;      /* `dirty` when the read that gave way began    */
};

struct log_dirty {
    unsigned int on;   /* LOG_*: entries may be clean for these             */
    uint64_t from, to; /* LOG_RANGE: clean entries are in here only         */
    uint64_t at;       /* a harvest that gave way goes on here              */
    bool fresh;        /* this harvest is the first of its range            */
    bool sweeping;     /* a call for LOG_ALL has changed entries, and TLBs  */
                       /* are not flushed yet                               */
    struct log_dirty_all all;
};

/* Bits that one step of a harvest reports at most. */
#define LOG_DIRTY_STEP 1024

/*
 * Log [first, first + nr) and nothing else, of which the part below
 * P2M_GFN_LIMIT counts; nr 0: end logging.  The range that is logged already
 * goes on; what is logged besides becomes dirty first.  -ERESTART: call again.
 */
int log_dirty_set_range(struct domain *d, uint64_t first, uint64_t nr)
    must_check;

/*
 * One step of a harvest of [first, first + nr), which log_dirty_set_range() was
 * called with: *at is the number of its first frame from `first` on, a multiple
 * of 8; bits gets a bit for each of the *done frames from there on, 0 when the
 * harvest is done, and the next step is the first again.  The first harvest of a
 * range reports each frame.  -EBUSY another caller logs another range by now.
 * When the call returns no write of a vcpu is under way that the next harvest
 * would miss.
 */
int log_dirty_harvest(struct domain *d, uint64_t first, uint64_t nr,
                      uint64_t *at, uint64_t *done,
                      uint8_t bits[LOG_DIRTY_STEP / 8]) must_check;

/* The last harvest's report is lost: the next one reports each frame. */
void log_dirty_renew(struct domain *d);

/* Is anything logged?  For a look without the lock; needs <hv/domain.h>. */
#define log_dirty_is_on(d) (READ_ONCE((d)->p2m.log_dirty.on) != 0)

/*
 * gfn was written by other means than an entry of d's p2m.  A gfn without a
 * frame, or of a domain that is not logged, is ignored.
 */
void log_dirty_mark(struct domain *d, uint64_t gfn);
/*
 * No gfn from `gfn` on and below the answer is logged; ~0: nor is any above.  It
 * looks at a bounded number of entries, so the answer itself may be none.
 */
uint64_t log_dirty_next(struct domain *d, uint64_t gfn);

/*
 * A vcpu of d wrote to an entry that does not let it: true when the entry was
 * clean or is writable, so that the write is to be tried again.
 */
bool log_dirty_fault(struct domain *d, uint64_t gfn);

/* ---- the log of all frames: log-dirty-all.c ---- */

/*
 * Log all frames: none is dirty at first.  -EINVAL they are logged already;
 * -ERESTART: call again.
 */
int log_dirty_all_start(struct domain *d) must_check;
/* End that, if it is on.  -ERESTART: call again. */
int log_dirty_all_stop(struct domain *d) must_check;

/*
 * The frames below `end` become clean unreported; *dirty as below.  -ERESTART:
 * call again.
 */
int log_dirty_all_clean(struct domain *d, uint64_t end, uint32_t *dirty)
    must_check;

/*
 * Begin to read the log of all frames, or go on: *at is the frame to go on
 * with, *dirty the number of frames that had become dirty when the read began.
 * clean: what is reported becomes clean, and the number 0.  -EBUSY another kind
 * of read has given way and not ended.
 */
int log_dirty_all_read(struct domain *d, bool clean, uint64_t *at,
                       uint32_t *dirty) must_check;
/*
 * One step of it, of nr frames from gfn on, a multiple of 8: bits as those of
 * log_dirty_harvest().  A domain that is not logged has no dirty frames.
 */
void log_dirty_all_step(struct domain *d, bool clean, uint64_t gfn, uint64_t nr,
                        uint8_t bits[LOG_DIRTY_STEP / 8]);
/* The read gives way and will go on at gfn, or it has ended. */
void log_dirty_all_give_way(struct domain *d, bool clean, uint64_t gfn);
void log_dirty_all_end(struct domain *d);

#endif
