/* SPDX-License-Identifier: MIT */
/*
 * audit_all(): recompute every reference count from its holders.
 *
 * Walks the p2m, grant tables, ioreq servers, shared pages and the machine's
 * mappings of all domains, and compares the sums with the counts in pages and
 * domains.  No hypercall may run but the caller's, which holds no reference and
 * no lock.  Returns the number of differences, each printed with the holders
 * that were found.
 */
#ifndef HV_AUDIT_H
#define HV_AUDIT_H

#include <hv/page.h>

struct domain;

unsigned int audit_all(void);

/*
 * The debug key for audit_all() while guests and programs run; Xen 4.17 has no
 * such key.  The result is printed.  No locks held.  Errors as
 * arch_stop_machine().
 */
#define AUDIT_KEY 'f'
int audit_by_key(void) must_check;

/*
 * The debug key that prints the gfns at which d maps pages of other domains.
 * It counts those at addresses where the machine has RAM, and pages of a
 * direct-mapped d that are not at their machine address.  No locks held.
 */
#define GFN_KEY 'g'
void gfn_show(struct domain *d);

/* ---- contributions: each calls count() once for each reference held ---- */

typedef void (*audit_count_t)(mfn_t mfn, enum page_holder holder);

void ioreq_audit_refs(struct domain *d, audit_count_t count);

/* ---- arch contract ---- */

/* count() each reference of the machine's as HOLD_ARCH or HOLD_TABLE. */
void arch_audit_refs(audit_count_t count);

/*
 * Keep all CPUs but this one out of guests and of the core, until
 * arch_start_machine().  The caller holds no lock.  -ERESTART: another CPU is
 * stopping the machine, and waits for this one: call again; -EOPNOTSUPP the
 * machine cannot do that.
 */
int arch_stop_machine(void) must_check;
void arch_start_machine(void);

#endif
