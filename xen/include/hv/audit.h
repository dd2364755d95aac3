/* SPDX-License-Identifier: MIT */
/*
 * audit_all(): recompute every reference count from its holders.
 *
 * Walks the p2m, grant tables, ioreq servers, shared pages and the machine's
 * mappings of all domains, and compares with what the pages and domains say.
 * The system must be at rest: no hypercall running but the caller's, which
 * holds nothing.  Returns the number of discrepancies, each printed with the
 * holders that were found.
 */
#ifndef HV_AUDIT_H
#define HV_AUDIT_H

#include <hv/page.h>

struct domain;

unsigned int audit_all(void);

/* ---- contributions: each calls count() once for each reference held ---- */

typedef void (*audit_count_t)(mfn_t mfn, enum page_holder holder);

void ioreq_audit_refs(struct domain *d, audit_count_t count);

/* ---- arch contract ---- */

void arch_audit_refs(audit_count_t count);

/*
 * Keep all CPUs but this one out of guests and of the core, until
 * arch_start_machine().  The caller holds no lock.  -ERESTART: another CPU is
 * stopping the machine, and waits for this one; -EOPNOTSUPP.
 */
int arch_stop_machine(void) must_check;
void arch_start_machine(void);

#endif
