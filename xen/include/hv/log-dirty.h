/* SPDX-License-Identifier: MIT */
/*
 * Which of a domain's frames were written since they were last asked for.
 *
 * There is no bitmap.  A p2m entry of the domain's own memory is clean or not;
 * a clean entry is not writable for the machine's page walker.  The first write
 * through it, whoever writes, makes the entry dirty again and writable.  A new
 * entry is dirty.  log_dirty_harvest() reports the dirty entries of a range and
 * makes them clean.  So logging takes no memory but the tables for splitting
 * large entries, which come from the domain's paging pool; when the pool has
 * none, a large entry becomes dirty as a whole.  A domain that is not logged
 * has no clean entries, and its writes do not look for any.
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

struct log_dirty {
    uint64_t from, to; /* clean entries are in here only; empty: no logging */
    uint64_t at;       /* a harvest that gave way goes on here              */
    bool fresh;        /* this harvest is the first of its range            */
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
 * One step of a harvest of the logged range: *at is the number of its first
 * frame from the range's first on, a multiple of 8; bits gets a bit for each of
 * the *nr frames from there on, 0 when the harvest is done, and the next step
 * is the first again.  The first harvest of a range reports each frame.
 * When the call returns no write of a vcpu is under way that the next harvest
 * would miss.
 */
void log_dirty_harvest(struct domain *d, uint64_t *at, uint64_t *nr,
                       uint8_t bits[LOG_DIRTY_STEP / 8]);

/* The last harvest's report is lost: the next one reports each frame. */
void log_dirty_renew(struct domain *d);

/* Is a range logged?  For a look without the lock; needs <hv/domain.h>. */
#define log_dirty_is_on(d) (READ_ONCE((d)->p2m.log_dirty.to) != 0)

/*
 * gfn was written by other means than an entry of d's p2m.  A gfn without a
 * frame, or of a domain that is not logged, is ignored.
 */
void log_dirty_mark(struct domain *d, uint64_t gfn);
/* The first gfn of the range that is gfn or above it; ~0: there is none. */
uint64_t log_dirty_next(struct domain *d, uint64_t gfn);

/*
 * A vcpu of d wrote to an entry that does not let it: true when the entry was
 * clean or is writable, so that the write is to be tried again.
 */
bool log_dirty_fault(struct domain *d, uint64_t gfn);

/* Audit: the number of d's clean entries that should not be clean. */
unsigned int log_dirty_audit(struct domain *d);

#endif
