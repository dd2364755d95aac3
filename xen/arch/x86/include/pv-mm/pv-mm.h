/* SPDX-License-Identifier: MIT */
/*
 * Memory of PV guests: their page tables, and the types of their frames.
 *
 * A PV guest's page tables are walked by the processor, and contain machine
 * frame numbers.  So the guest must never write them itself: each frame has a
 * *type*, and a frame that is a page table is never mapped writable.
 *
 *            +--> WRITABLE, count n: n entries with RW map it
 *     NONE --+--> L1..L4, not valid: being validated --> valid, count n
 *            +--> SEG: descriptors, count n                   | count 0
 *      ^                                                      v
 *      +----------------------------- entries being dropped --+
 *
 * The count is the number of *type references*.  Each type reference goes with a
 * reference on the page (hv/page.h) of the same holder:
 *
 *   holder                        page   type
 *   present L1 entry              1      1 WRITABLE if RW, else none
 *   present L2..L4 entry          1      1 of the level below
 *   pin                           1      1 of the table's level
 *   vcpu's kernel or user root    1      1 L4
 *   frame of a vcpu's GDT or LDT  1      1 SEG
 *   result (see pv_get_table())   1      1 of the table's level
 *   the domain's reservation      1      none
 *
 * A valid table holds the references of all its present entries.  A table is
 * validated when the first type reference is taken, and drops the references of
 * its entries with the last one.  Both may take long, since a table refers to
 * tables: such *work* is done in steps, and recorded in the domain.  There is
 * one piece of work for each domain at most; every operation on the domain's
 * tables completes it first, whichever vcpu began it.
 *
 * Locks: pv->lock (LOCK_PV) for all tables of a domain, and for changes from and
 * to a table's type.  WRITABLE references are taken and dropped without a lock,
 * by cmpxchg, since other domains take them too.
 *
 * Pages: a frame of type SEG has 512 descriptors that are harmless in a GDT or
 * LDT (desc.c); only update_descriptor writes to it.
 *
 * TLBs: a frame's `stamp` is the TLB clock when an entry for the frame, or an
 * entry of the frame as a table, was removed last.  Before the frame gets a type
 * that the stale translation contradicts, and before the frame is allocated
 * again, all CPUs must have flushed after that: flush_since(), pv_reuse().
 *
 * No privileged instruction is used here; hosted tests link all of it.
 */
#ifndef PV_MM_PV_MM_H
#define PV_MM_PV_MM_H

#include <hv/audit.h>
#include <hv/list.h>
#include <hv/lock.h>
#include <hv/page.h>
#include <hv/types.h>

struct domain;
struct vcpu;

/* L1 to L4 are the levels' numbers. */
enum pv_type { PV_NONE, PV_L1, PV_L2, PV_L3, PV_L4, PV_SEG, PV_WRITABLE };

#define PV_ENTRIES 512U
/* Slots of an L4 that belong to the hypervisor: ffff8000... to ffff87ff.... */
#define PV_FIRST_HV_SLOT 256U
#define PV_LAST_HV_SLOT 271U

/* ---- what the machine provides ---- */

/* A set of a domain's vcpus: bit vcpu_id of bits[]; test_bit(). */
#define PV_VCPU_WORDS 8
struct pv_vcpus {
    uint64_t bits[PV_VCPU_WORDS];
};

/* Of a frame: pv-private.h. */
struct pv_frame {
    uint64_t word;  /* [a] */
    uint64_t stamp; /* [a] of the TLB clock */
};

struct pv_machine {
    /*
     * The TLB clock.  It goes up with each flush of a CPU's whole TLB; that CPU
     * then has flushed everything of stamps below the new value.
     */
    uint64_t (*tlb_clock)(void);
    /* Make all CPUs flush that have not done so since the clock was `stamp`. */
    void (*flush_since)(uint64_t stamp);
    /* Is mfn no RAM, and may d map it?  The first is the same for ever. */
    bool (*is_io)(mfn_t mfn);
    bool (*may_map_io)(const struct domain *d, mfn_t mfn);
    /* Write the hypervisor's slots of an L4. */
    void (*fill_l4)(uint64_t *l4);
    /* The first of them, by which kernels read the m2p: programs have 0 there. */
    uint64_t m2p_slot;
    /*
     * A root of v has changed: load CR3, if v is on this CPU.  pv->lock is held,
     * and the old root is valid until this returns.
     */
    void (*load_root)(struct vcpu *v);
    /*
     * v's descriptor tables (pv_descriptors) have changed: if v is on this CPU,
     * map their frames, load GDTR and LDTR, and flush what was mapped there
     * from this CPU's TLB.  pv->lock is held; the old frames keep their type
     * until this returns.
     */
    void (*load_descriptors)(struct vcpu *v);
    /*
     * Flush the guest's translations, or only that of va (canonical, not the
     * hypervisor's), from the TLBs of the CPUs that d's vcpus of the set are on
     * or may have left translations on.  No lock is held.
     */
    void (*flush_tlb)(struct domain *d, const struct pv_vcpus *vcpus);
    void (*flush_va)(struct domain *d, const struct pv_vcpus *vcpus,
                     uint64_t va);
    /* May d write back and invalidate caches?  Do so: here, or on all CPUs. */
    bool (*may_flush_cache)(const struct domain *d);
    void (*flush_cache)(bool all_cpus);
    /*
     * The machine-to-physical table, nr_frames entries: guests read it.  All
     * entries are PV_M2P_NONE but those of frames in a reservation, which hold
     * what the owner, or the one who builds it, has stored there.
     */
    uint64_t *m2p;
    /* nr_frames entries, at first zeroed. */
    struct pv_frame *frames;
    /* Of both tables only entries of RAM are written: others may be constants. */
};

#define PV_M2P_NONE (~0UL)

/* At boot.  pv_mm_exit() is for tests. */
void pv_mm_init(const struct pv_machine *m);
void pv_mm_exit(void);

/* ---- state ---- */

#define PV_WALK_LEVELS 4
#define PV_RESULTS 8
#define PV_MAX_PUTS 192

/* Validating a table, or dropping the references of its entries. */
struct pv_work {
    unsigned int depth; /* tables in at[], from the root on; 0: no work */
    bool dropping;      /* entries [0, index) of each are to be dropped */
    bool failed;        /* the root did not validate: `error` */
    int error;
    const struct vcpu *by; /* for whom the root is validated, see results */
    struct {
        struct page *pg;
        uint16_t index; /* entries [0, index) have references */
        uint8_t level;
    } at[PV_WALK_LEVELS];
};

/* A root whose work was done for vcpu `by`; or could not be: error. */
struct pv_result {
    const struct vcpu *by; /* NULL: none; only compared */
    struct page *pg;       /* with both references if error is 0 */
    uint8_t level;
    int error;
};

/* The roots of a vcpu; NULL: none yet. */
struct pv_roots {
    struct page *kernel, *user;
};

/* The descriptor tables of a vcpu. */
#define PV_GDT_FRAMES 14
#define PV_LDT_FRAMES 16
struct pv_descriptors {
    unsigned int gdt_entries;         /* a part of the last frame may be unused */
    struct page *gdt[PV_GDT_FRAMES];  /* NULL beyond gdt_entries               */
    unsigned int ldt_entries;
    uint64_t ldt_base;                /* the guest's address of it             */
    struct page *ldt[PV_LDT_FRAMES];  /* NULL: pv_map_ldt() was not called yet */
};

struct pv_domain {
    spinlock_t lock; /* LOCK_PV */
    struct list owned; /* [P] the reservation, by page.link */
    struct pv_work work; /* [P] */
    struct pv_result result[PV_RESULTS]; /* [P] */
    unsigned int next_result;            /* [P] the one to be replaced next */
    struct pv_roots *roots;              /* [P] one for each vcpu */
    struct pv_descriptors *descriptors;  /* [V] one for each vcpu */
    unsigned int nr_puts;                /* [P] pages to put after unlocking */
    struct page *put[PV_MAX_PUTS];
};
/*
 * [P] pv->lock  [V] changed with pv->lock held, for the current vcpu or one that
 * is on no CPU; so the CPU that the vcpu is on reads it without the lock
 */

/* d->pv for a domain without memory yet; -ENOMEM.  Free it: no page is left. */
int pv_domain_create(struct domain *d) must_check;
void pv_domain_destroy(struct domain *d);

/*
 * d is dying: drop pins, roots, results and the reservation.  0; -ERESTART:
 * call again.  Pages that others have mapped stay until these mappings go.
 */
int pv_domain_relinquish(struct domain *d) must_check;

/* ---- the reservation ---- */

/* 2^order zeroed frames for d, of type NONE.  NULL as page_alloc(). */
struct page *pv_alloc(struct domain *d, unsigned int order) must_check;
/* The same, of frames whose addresses have no more than `bits` bits; 0: any. */
struct page *pv_alloc_below(struct domain *d, unsigned int order,
                            unsigned int bits) must_check;
/*
 * Boot: d's frames [first, first + nr), from page_assign_boot(), are its
 * reservation.  The reference of each is the reservation's then.  -EINVAL a
 * frame is in a reservation already.
 */
int pv_adopt(struct domain *d, mfn_t first, uint64_t nr) must_check;
/*
 * Take the frame from d's reservation; a pin ends.  The frame is freed when
 * nothing else refers to it.  -EINVAL mfn is not in the reservation; -ERESTART
 * and *done as pv_update().
 */
int pv_release(struct domain *d, mfn_t mfn, bool *done) must_check;

/*
 * Exchange the nr frames of in[], which nothing but the reservation refers to,
 * for nr >> order blocks of 2^order zeroed frames: out[] gets the first frame of
 * each.  nr is a multiple of 2^order and at most PV_MAX_EXCHANGE.  -EINVAL it is
 * not; a frame is not in d's reservation, is in use, or is named twice; d is
 * dying.  -ENOMEM.  -ERESTART call again.  On failure nothing has changed.
 */
#define PV_MAX_EXCHANGE 512
int pv_exchange(struct domain *d, const uint64_t *in, unsigned int nr,
                unsigned int order, unsigned int bits, uint64_t *out)
    must_check;

/* ---- types ---- */

enum pv_type pv_type(const struct page *pg);
uint32_t pv_type_count(const struct page *pg);
bool pv_is_valid(const struct page *pg);

/*
 * A WRITABLE type reference, for a caller who holds a reference on the page.
 * False: the frame is a table, or has descriptors.
 */
bool pv_get_writable(struct page *pg) must_check;
void pv_put_writable(struct page *pg);

/* ---- operations; no lock held ---- */

/* pv_update() */
#define PV_PRESERVE_AD 0x1
#define PV_NO_TRANSLATE 0x2
#define PV_CALLER_IO 0x4

/*
 * Write `value` to the 8 bytes at machine address `ptr`, which are an entry of
 * one of d's tables or lie in a page that d may write.  An L1 entry may map
 * pages of `owner`, which is d or another domain that the caller may map, and
 * device memory that `owner` may map.  If `owner` is translated the entry has a
 * gfn, but for PV_NO_TRANSLATE.  owner NULL: an L1 entry may map no pages, and
 * device memory only with PV_CALLER_IO, if the caller may map it.
 * -EINVAL the page at ptr is not d's, or has descriptors; the entry has a bit
 * that is not allowed, or all bits of the address; a gfn without memory, or
 * read-only memory for a writable entry; an L2 to L4 entry names a page that is
 * not d's or cannot be a table of that level; a hypervisor's slot.  An L1 entry:
 * -EPERM device memory that may not be mapped, or a frame that does not exist;
 * -EBUSY a page that is not `owner`'s, or may not be writable.  -ERESTART: call
 * again; or, with *done set, the entry was written, and only work that follows
 * from that is left.
 */
int pv_update(struct domain *d, uint64_t ptr, uint64_t value,
              struct domain *owner, unsigned int flags, bool *done) must_check;

/*
 * Pin mfn as a table of this level: it stays valid until it is unpinned.
 * -EINVAL mfn is not in d's reservation, is in use as something else, or is
 * pinned already (unpin: is not pinned); or d is dying; errors of pv_update() for
 * a bad entry of the table or of one below.  -ERESTART as pv_update().
 */
int pv_pin(struct domain *d, mfn_t mfn, unsigned int level) must_check;
int pv_unpin(struct domain *d, mfn_t mfn, bool *done) must_check;

/*
 * Set v's root for its kernel, or for its programs (mfn 0: none).  Errors as
 * pv_pin().  v is the current vcpu, or on no CPU.
 */
int pv_set_root(struct vcpu *v, mfn_t mfn, bool user, bool *done) must_check;

/*
 * pv_update() of the L1 entry that maps va in the address space of v's kernel.
 * -EINVAL also: there is no such table; va is the hypervisor's, or not
 * canonical.  -ERESTART: nothing was written, call again.
 */
int pv_update_va(struct vcpu *v, uint64_t va, uint64_t value,
                 struct domain *owner, unsigned int flags) must_check;

/* ---- granted pages in tables ---- */

/*
 * The L1 entry of v's domain that maps address `at` of v's kernel, or (is_entry)
 * that is at machine address `at`, becomes one for pg, of whom the caller has a
 * reference; the entry gets its own.  avail: the three bits of an entry that are
 * free for software.  v is the current vcpu.  -EINVAL there is no such entry, or
 * pg cannot be mapped so; -ERESTART: call again.
 */
int pv_map_page(struct vcpu *v, uint64_t at, bool is_entry, struct page *pg,
                bool writable, unsigned int avail) must_check;
/*
 * The entry becomes 0, if it maps pg, writable or not as told, and no TLB has it
 * any more.  Errors as pv_map_page().
 */
int pv_unmap_page(struct vcpu *v, uint64_t at, bool is_entry,
                  const struct page *pg, bool writable) must_check;

/* ---- descriptor tables; v is the current vcpu, or on no CPU ---- */

/* Why desc.c allows a descriptor; it may change *desc, by setting its DPL. */
bool pv_check_descriptor(uint64_t *desc) must_check;

/*
 * v's GDT has these frames, which are read as far as `entries` needs them; the
 * entries from PV_GDT_FRAMES * 512 on are the hypervisor's.  -EINVAL too many
 * entries; a frame is not d's, is in use as something else, or has a bad
 * descriptor; d is dying.  -ERESTART call again.
 */
int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
    must_check;
/*
 * v's LDT is at this address.  Its frames are looked for when the processor
 * needs them: pv_map_ldt().  -EINVAL the address is not page-aligned or not the
 * guest's; too many entries; d is dying.  -ERESTART call again.
 */
int pv_set_ldt(struct vcpu *v, uint64_t base, unsigned int entries) must_check;
/*
 * The current vcpu used frame i of its LDT, which is not mapped.  0: it is now,
 * load_descriptors() was called.  -EINVAL there is no page of the domain that
 * may have descriptors: the guest gets its fault.  -ERESTART: enter the guest,
 * which faults again.
 */
int pv_map_ldt(struct vcpu *v, unsigned int i) must_check;
/* The 8 bytes at machine address ptr become this descriptor.  Errors as above. */
int pv_update_descriptor(struct domain *d, uint64_t ptr, uint64_t desc)
    must_check;

/*
 * ---- frames that the hypervisor writes, and new ones ----
 *
 * pv_reuse(): nr frames are going to be somebody's: no TLB has translations of
 * their last use any more.  It does nothing on a machine without PV guests.
 */
void pv_reuse(const struct page *pg, uint64_t nr);
/* Were pv_mm_init() and not pv_mm_exit() called? */
bool pv_mm_present(void);

/* ---- the machine-to-physical table ---- */

/* -EINVAL: mfn is not in d's reservation. */
int pv_set_m2p(struct domain *d, mfn_t mfn, uint64_t value) must_check;

/* ---- audit ---- */

/*
 * The machine is at rest.  pv_audit_begin(), -ENOMEM; pv_audit() for each PV
 * domain, which reports its HOLD_PTE and HOLD_OWN references; pv_audit_end()
 * compares each frame's type and count with what was found: the number of
 * frames that are wrong, each printed.
 */
int pv_audit_begin(void) must_check;
void pv_audit(struct domain *d, audit_count_t count);
/* In between: the hypervisor has a WRITABLE reference on a page of a PV guest. */
void pv_audit_writable(const struct page *pg);
unsigned int pv_audit_end(void);

#endif
