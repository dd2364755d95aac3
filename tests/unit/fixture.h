/* SPDX-License-Identifier: MIT */
/*
 * A hosted machine for one test: dom0 (not translated, in control), guests
 * made as a toolstack makes them, hypercalls of any vcpu, an audit at the end.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hosted.h>
#include <hv/audit.h>
#include <hv/lib.h>

#define FIXTURE_FRAMES 16384 /* 64 MiB */

extern struct domain *dom0;

/*
 * Wait for what another thread brings about; ends the program with status 124
 * when it does not happen within the limit of tests/limits.
 */
#define fixture_await(condition)                                               \
    do {                                                                     \
        struct fixture_wait wait_ = { 0 };                                     \
                                                                             \
        while ( !(condition) )                                               \
            fixture_wait(&wait_, #condition);                                  \
    } while ( 0 )
struct fixture_wait {
    long end;
};
void fixture_wait(struct fixture_wait *w, const char *what);

/* cmocka setup and teardown; teardown fails when anything leaked. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A translated guest with vcpus up to max_vcpus created, unpaused never. */
struct domain *fixture_guest(unsigned int max_vcpus);
/* The same with this configuration (NULL members of a default: see .c). */
struct domain *fixture_guest_config(const struct xen_domctl_createdomain *config);
struct xen_domctl_createdomain fixture_config(unsigned int max_vcpus);
/* A second control domain that is translated (a PVH toolstack domain). */
struct domain *fixture_pvh_dom0(void);

/* RAM for d: nr pages from gfn on; asserts. */
void fixture_populate(struct domain *d, uint64_t gfn, unsigned int nr);
/* What the guest sees at gfn, or NULL. */
void *fixture_gfn_to_virt(struct domain *d, uint64_t gfn);

/* Destroy and assert that it went (it may stay a zombie: nothing asserted). */
void fixture_kill(struct domain *d);

/* From now on `current` is this vcpu; its memory is this process. */
void fixture_be(struct vcpu *v);
void fixture_be_dom(struct domain *d); /* its vcpu 0 */

/* A hypercall of current, run to its end. */
long hcall(unsigned int nr, unsigned long a0, unsigned long a1,
           unsigned long a2, unsigned long a3, unsigned long a4);
#define P(x) ((unsigned long)(uintptr_t)(x))
long memory_op(unsigned int op, void *arg);
long evtchn_op(unsigned int op, void *arg);
long grant_op(unsigned int op, void *arg, unsigned int count);

/*
 * Run op() with the 1st, 2nd, ... allocation failing until none is reached;
 * each failed run must return `want` (0: any error) and leave audit_all()
 * clean and the page and heap counts as they were.
 */
void fixture_each_alloc_failure(long (*op)(void *arg), void *arg, long want);

/* audit_all() must find nothing. */
void fixture_audit(void);

#endif
