/* SPDX-License-Identifier: MIT */
/*
 * What the contract tests share: TAP, expectations on errno, test domains,
 * and looking after what they leave behind.
 *
 * A program calls ct_begin(), makes checks, returns ct_end().  The plan comes
 * last.  Every program runs unchanged on each hypervisor and with either set of
 * libraries; where Oriel answers otherwise than Xen 4.17 on purpose, it calls
 * ct_differs() with the entry in CAVEATS.md, which prints "# differs: ID".
 *
 * Handles are opened by ct_begin() and belong to the main thread.  A child
 * after fork() has to open its own.
 */
#ifndef CT_H
#define CT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xencall.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>

#define CT_PAGE 4096UL
#define CT_RW (PROT_READ | PROT_WRITE)
#define CT_NR(a) (sizeof(a) / sizeof((a)[0]))
/* An id that no domain has. */
#define CT_NO_DOMAIN 0x7abc

struct ct {
    xc_interface *xch;
    xenforeignmemory_handle *fmem;
    xencall_handle *call;
    xendevicemodel_handle *dmod;
    xentoollog_logger *quiet; /* says nothing of refusals, which are wanted */
};
extern struct ct ct;

/* ---- the run ---- */

void ct_begin(void);
int ct_end(void); /* prints the plan; 0 when all is well, else 1 */
void ct_reopen(void); /* first of all in a child */
/* Nothing can be tested: says why and ends the program with status 1. */
void ct_bail(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
void ct_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/*
 * A check that cannot be made here, by design.  The reason begins with the entry
 * in CAVEATS.md, or it is one that scripts/check-xen does not accept.
 */
void ct_skip(const char *name, const char *reason);

/* Is dom0's own memory translated (PVH)? */
bool ct_dom0_is_translated(void);
#define CT_FREE_GFN (1UL << 24) /* then nothing is as high as that in it */

bool is_oriel(void);
/* On Oriel: true, and the difference `id` is reported. */
bool ct_differs(const char *id);

/* ---- checks ---- */

bool ct_ok(bool ok, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool ct_equal(uint64_t got, uint64_t expected, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* rc is that of a call; err 0: it must not be negative, else -1 with errno. */
bool ct_result(long rc, int got, int err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
#define ct_expect(err, call, ...)                                            \
    ({                                                                       \
        long rc_ = (errno = 0, (long)(call));                                \
        ct_result(rc_, errno, err, __VA_ARGS__);                             \
    })
/* The same of a call that returns a pointer. */
#define ct_expect_ptr(err, call)                                             \
    ((errno = 0, (call)) ? 0L : -1L), errno, (err)
const char *ct_errno(int err);
/*
 * Wait for what happens on its own: always true, for if it does not happen the
 * program ends with a timeout.
 */
#define ct_eventually(condition)                                             \
    ({                                                                       \
        struct ct_wait wait_ = { 0 };                                        \
        while ( !(condition) )                                               \
            ct_wait(&wait_, #condition);                                     \
        true;                                                                \
    })
/* Its step, for loops of another form: begin with a zeroed structure. */
struct ct_wait {
    long end;
};
bool ct_wait(struct ct_wait *w, const char *what); /* true */
/* Ends the program with status 124: that has not happened within the limit. */
void ct_timeout(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
/* From the environment, else as given; it is printed. */
unsigned long ct_number(const char *name, unsigned long otherwise);

/* Checks made by fn(a, b) in a process of its own, with handles of its own. */
void ct_in_child(void (*fn)(uint32_t a, uint32_t b), uint32_t a, uint32_t b);

/* ---- events ---- */

/*
 * Channels of a file to itself.  Each may be served by another CPU of dom0, so
 * there are several; and three times, for one may have been pending before, and
 * a CPU may see what is in the same round in any order.  Events that were sent
 * before have then arrived, so "nothing comes" needs no clock.
 */
enum { CT_FENCES = 4 };
struct ct_fence {
    xenevtchn_handle *h;
    int near[CT_FENCES], far[CT_FENCES];
};
void ct_fence_make(struct ct_fence *f, xenevtchn_handle *h);
/* The port of the next event, which then is masked; waits for it. */
int ct_event(struct ct_fence *f);
/* The port of an event that was sent before this call; -1: there is none. */
int ct_event_before_fence(struct ct_fence *f);
/* Takes all events that were sent before this call. */
void ct_drain(struct ct_fence *f);

/* ---- domains ---- */

struct ct_config {
    unsigned int vcpus;          /* 0: 1                       */
    unsigned int grant_frames;   /* 0: 4                       */
    unsigned int grant_version;  /* 0: 1                       */
    unsigned int ports;          /* 0: 1023                    */
    unsigned int pages;          /* populated from gfn 0 on    */
    bool hvm;                    /* all devices; else PVH      */
    bool no_vcpus;               /* none is made               */
};

/* A fresh configuration as xc_domain_create() wants it. */
struct xen_domctl_createdomain ct_createdomain(const struct ct_config *c);
/* A paused domain; -1 with errno.  Everything else that fails bails out. */
int ct_try_create(const struct ct_config *c);
uint32_t ct_create(const struct ct_config *c); /* bails out */
void ct_destroy(uint32_t domid);               /* a check by itself */
/* Is it listed at all, dying or not? */
bool ct_domain_exists(uint32_t domid);
bool ct_domain_dying(uint32_t domid);
long ct_tot_pages(uint32_t domid);
uint64_t ct_free_pages(void); /* of the host */
/*
 * The host has as many free pages as before, but for less than one for each of
 * `cycles` (hypervisors keep some for themselves).
 */
void ct_no_leak(uint64_t before, unsigned int cycles, const char *what);

/* ---- resources ---- */

struct ct_map {
    xenforeignmemory_resource_handle *handle;
    void *addr;
};

/* 0, or -1 with errno. */
int ct_map_resource(struct ct_map *m, uint32_t domid, unsigned int type,
                    unsigned int id, unsigned long frame, unsigned long nr);
int ct_unmap_resource(struct ct_map *m);
/* In frames; -1 with errno. */
long ct_resource_size(uint32_t domid, unsigned int type, unsigned int id);
bool ct_all_bytes(const void *p, uint8_t value, size_t len);
/* nr pages of the domain's from gfn on; NULL with errno. */
void *ct_map_foreign(uint32_t domid, xen_pfn_t gfn, size_t nr);

/* A raw hypercall whose argument is a structure of len bytes, copied back. */
long ct_hypercall(unsigned int op, unsigned long cmd, void *arg, size_t len);

#endif
