/* SPDX-License-Identifier: MIT */
/* Between the files of pv-mm/. */
#ifndef PV_PRIVATE_H
#define PV_PRIVATE_H

#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <pv-mm/pv-mm.h>
#include <x86/defns.h>

/* ---- type.c: the word of a frame ---- */

#define WORD_COUNT 0xffffffffUL
#define WORD_TYPE_SHIFT 32
#define WORD_TYPE (7UL << WORD_TYPE_SHIFT)
#define WORD_VALID (1UL << 35)  /* a table that holds its entries' references */
#define WORD_PINNED (1UL << 36)
#define WORD_OWNED (1UL << 37)  /* in its owner's reservation */
#define WORD_WAS_TABLE (1UL << 38) /* NONE: stale walks may go through it */

extern struct pv_frame *pv_frames;
extern const struct pv_machine *pv_machine;

static inline struct pv_frame *frame_of(const struct page *pg)
{
    return &pv_frames[mfn_x(page_to_mfn(pg))];
}

static inline enum pv_type word_type(uint64_t word)
{
    return (enum pv_type)((word & WORD_TYPE) >> WORD_TYPE_SHIFT);
}

static inline bool is_table(enum pv_type t)
{
    return t >= PV_L1 && t <= PV_L4;
}

static inline bool is_hv_slot(unsigned int level, unsigned int i)
{
    return level == PV_L4 && i >= PV_FIRST_HV_SLOT && i <= PV_LAST_HV_SLOT;
}

/* A translation or walk by way of pg may be in TLBs from now on until a flush. */
void frame_stale(struct page *pg);

/* The first type reference: NONE becomes t, not valid.  False: it was not NONE. */
bool type_begin(struct page *pg, enum pv_type t) must_check;
/* The table has references for all its entries now. */
void type_valid(struct page *pg);
/* One more of a valid table's type.  False: it is not that, or not valid. */
bool type_get_valid(struct page *pg, enum pv_type t) must_check;
/* One less; true: it was the last, and pg is not valid any more. */
bool type_put(struct page *pg) must_check;
/* The entries' references are gone: NONE. */
void type_end(struct page *pg);
/*
 * One more reference of type SEG for a caller who has one on the page.  False:
 * pg has another type, is the hypervisor's own, or has a bad descriptor.
 */
bool type_get_seg(struct page *pg) must_check;
void type_put_seg(struct page *pg);
bool word_has(const struct page *pg, uint64_t flag);
bool word_set(struct page *pg, uint64_t flag);   /* false: was set */
bool word_clear(struct page *pg, uint64_t flag); /* false: was clear */

/* ---- entry.c: what one entry refers to ---- */

/*
 * Check the flags of a present entry, and take its references.  *e becomes what
 * the processor is to see.  L1 only.  The page is `target`, with a reference of
 * the caller's that the entry takes over, also on failure; or (NULL) one of
 * `owner` (NULL: none).  io: whose right to map device memory counts (NULL:
 * nobody's).  -EINVAL, -EPERM, -EBUSY as pv_update().
 */
int entry_get_l1(struct domain *d, const struct domain *owner,
                 const struct domain *io, struct page *target,
                 uint64_t *e) must_check;
void entry_put_l1(struct domain *d, uint64_t e);
/* Are the flags of an L2..L4 entry allowed?  *e becomes what is to be there. */
bool entry_check_table(uint64_t *e) must_check;

static inline mfn_t entry_mfn(uint64_t e)
{
    return _mfn((e & PTE_ADDRESS) >> PAGE_SHIFT);
}

/* ---- update.c ---- */

/* The L1 table of d that maps va below this L4 and its entry's index; or NULL. */
struct page *find_l1(struct page *l4, uint64_t va, unsigned int *index);

/*
 * Locked.  Write `value`, for pages of d's own, to an entry of `table`, an L1
 * table.  compare: only if the entry is *old, -EAGAIN if not; *old becomes the
 * entry before.  Errors of entry_get_l1(): nothing was written.
 */
int swap_l1_entry(struct domain *d, struct page *table, unsigned int index,
                  bool compare, uint64_t *old, uint64_t value) must_check;

/* Is va canonical, and not in the hypervisor's slots? */
static inline bool is_guest_va(uint64_t va)
{
    unsigned int slot = (unsigned int)(va >> 39) % PV_ENTRIES;

    return (int64_t)(va << 16) >> 16 == (int64_t)va &&
           !is_hv_slot(PV_L4, slot);
}

/* ---- m2p.c ---- */

static inline void m2p_forget(const struct page *pg)
{
    WRITE_ONCE(pv_machine->m2p[mfn_x(page_to_mfn(pg))], PV_M2P_NONE);
}

/* ---- exchange.c ---- */

/* The first frame that is beyond addresses of so many bits; 0 bits: none. */
uint64_t end_of_bits(unsigned int bits);
/* Locked: pg, with the reference that is for that, is in d's reservation. */
void reservation_add(struct domain *d, struct page *pg);
void reservation_del(struct page *pg);

/* ---- desc.c ---- */

/* Is each of the 512 descriptors allowed?  Some get another DPL. */
bool check_descriptors(uint64_t *desc) must_check;
/* Locked: vcpu i of d has no descriptor tables any more. */
void drop_descriptors(struct domain *d, unsigned int i);

/* ---- vcpus.c: sets of the current domain's vcpus ---- */

void vcpus_current(struct pv_vcpus *set);
void vcpus_all(struct pv_vcpus *set);
/* From the guest's memory: -EFAULT. */
int vcpus_read(struct pv_vcpus *set, uint64_t addr) must_check;

/* ---- foreign.c: whom a hypercall names ---- */

struct pv_foreign {
    struct domain *d; /* with a reference; NULL: no domain but DOMID_IO, ... */
    bool io;          /* DOMID_IO; false for DOMID_XEN */
};

/*
 * The domain that a hypercall calls FD.  -ESRCH there is none, or it is the
 * caller by its number.
 */
int foreign_get(domid_t domid, struct pv_foreign *f) must_check;
void foreign_put(struct pv_foreign *f);
/* May the caller act for it?  0, -EPERM. */
int foreign_allowed(const struct pv_foreign *f) must_check;

/* ---- batch.c: hypercalls (list, count, pdone, ...) ---- */

/*
 * Do the element at addr: 0; -ERESTART, with *done set if only work is left;
 * another error ends the call.
 */
typedef int batch_fn(void *arg, uint64_t addr, bool *done);

/* d: the domain whose work has to be over at the end, or NULL. */
long batch_run(struct hypercall *hc, size_t size, struct domain *d,
               batch_fn *fn, void *arg);
/* Returns rc, for a call that failed before batch_run(): nothing was done. */
long batch_failed(const struct hypercall *hc, long rc);

/* ---- work.c ---- */

/* Put pg, which d's lock keeps from happening now, when d is unlocked. */
void pv_put_later(struct pv_domain *pv, struct page *pg);
void pv_unlock(struct domain *d);
/* Locked, and no work is left; or -ERESTART, and not locked. */
int pv_lock_settled(struct domain *d) must_check;

/*
 * Locked and settled.  A reference and a type reference on mfn as a table of d
 * of this level, validated, for the current vcpu.  -EINVAL; -ERESTART: there is
 * work to do, call again; the result waits in pv->result.
 */
int pv_get_table(struct domain *d, mfn_t mfn, unsigned int level,
                 struct page **pg) must_check;
/*
 * Locked and settled.  Drop both references.  -ERESTART: they are dropped, but
 * work is left.
 */
int pv_put_table(struct domain *d, struct page *pg) must_check;
/* Locked and settled: drop result i, if there is one; as pv_put_table(). */
int pv_drop_result(struct domain *d, unsigned int i) must_check;

#endif
