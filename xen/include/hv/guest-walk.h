/* SPDX-License-Identifier: MIT */
/* A guest's own page tables: virtual to guest-physical addresses. */
#ifndef HV_GUEST_WALK_H
#define HV_GUEST_WALK_H

#include <hv/types.h>

/* What the walk depends on. */
struct guest_paging {
    uint64_t cr0, cr3, cr4, efer;
};

/* What the access is; the same bits as in a page fault's error code. */
#define WALK_PRESENT 0x1 /* in error codes only: the entry is there         */
#define WALK_WRITE 0x2
#define WALK_USER 0x4
#define WALK_RESERVED 0x8 /* in error codes only: a reserved bit is set     */
#define WALK_FETCH 0x10

/* Read a table entry of 4 or 8 bytes; false: there is no memory. */
typedef bool (*guest_read_phys_t)(void *arg, uint64_t gpa, void *buf,
                                  unsigned int bytes);

/*
 * Where an access to va goes: true, with the guest-physical address in *gpa.
 * False: it faults, with the page fault's error code in *error; an address
 * that is not canonical, or a table in no memory, gives an error code without
 * WALK_PRESENT.  Accessed and dirty bits are left alone; protection keys,
 * SMAP and SMEP are not looked at.
 */
bool guest_walk(const struct guest_paging *p, uint64_t va, unsigned int access,
                guest_read_phys_t read, void *arg, uint64_t *gpa,
                unsigned int *error);

/*
 * Atomic: when the entry of 4 or 8 bytes at gpa is *old it becomes `new`, else
 * *old becomes what it is; false: it is in no memory that can be written.
 */
typedef bool (*guest_cmpxchg_phys_t)(void *arg, uint64_t gpa, uint64_t *old,
                                     uint64_t new, unsigned int bytes);

enum walk_result {
    WALK_DONE,
    WALK_FAULT,     /* *error says why                                     */
    WALK_CHANGED,   /* somebody changed an entry meanwhile: walk again     */
    WALK_READ_ONLY, /* all is well, but a bit that is due cannot be set    */
};

/*
 * The same, and the entries get their accessed bits, the last one for a write
 * its dirty bit, as the processor sets them.
 */
enum walk_result guest_walk_marking(const struct guest_paging *p, uint64_t va,
                                    unsigned int access,
                                    guest_read_phys_t read,
                                    guest_cmpxchg_phys_t cmpxchg, void *arg,
                                    uint64_t *gpa, unsigned int *error);

#endif
