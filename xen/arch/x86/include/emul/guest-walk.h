/* SPDX-License-Identifier: MIT */
/* A guest's own page tables: virtual to guest-physical addresses. */
#ifndef EMUL_GUEST_WALK_H
#define EMUL_GUEST_WALK_H

#include <hv/types.h>

/* The registers that a walk depends on. */
struct guest_paging {
    uint64_t cr0, cr3, cr4, efer;
};

/* The kind of access; the same bits as in a page fault's error code. */
#define WALK_PRESENT 0x1 /* in error codes only: the entry is present       */
#define WALK_WRITE 0x2
#define WALK_USER 0x4
#define WALK_RESERVED 0x8 /* in error codes only: a reserved bit is set     */
#define WALK_FETCH 0x10

/* Read a table entry of 4 or 8 bytes; false: gpa is not RAM. */
typedef bool (*guest_read_phys_t)(void *arg, uint64_t gpa, void *buf,
                                  unsigned int bytes);

/*
 * Translate va for this access: true, with the guest-physical address in *gpa.
 * False: the access faults, with the page fault's error code in *error.  A va
 * that is not canonical, or a table that is not in RAM, gives an error code
 * without WALK_PRESENT.  Accessed and dirty bits are not set; protection keys,
 * SMAP and SMEP are not checked.
 */
bool guest_walk(const struct guest_paging *p, uint64_t va, unsigned int access,
                guest_read_phys_t read, void *arg, uint64_t *gpa,
                unsigned int *error);

/*
 * Atomic: if the entry of 4 or 8 bytes at gpa is *old, store `new`; else set
 * *old to the entry.  False: gpa is not writable RAM.
 */
typedef bool (*guest_cmpxchg_phys_t)(void *arg, uint64_t gpa, uint64_t *old,
                                     uint64_t new, unsigned int bytes);

enum walk_result {
    WALK_DONE,
    WALK_FAULT,     /* *error says why                                     */
    WALK_CHANGED,   /* an entry changed meanwhile: walk again              */
    WALK_READ_ONLY, /* no fault, but an accessed or dirty bit cannot be set */
};

/*
 * guest_walk(), which also sets the accessed bits of the entries and, for a
 * write, the dirty bit of the last one, as the processor does.
 */
enum walk_result guest_walk_marking(const struct guest_paging *p, uint64_t va,
                                    unsigned int access,
                                    guest_read_phys_t read,
                                    guest_cmpxchg_phys_t cmpxchg, void *arg,
                                    uint64_t *gpa, unsigned int *error);

#endif
