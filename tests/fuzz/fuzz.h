/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share.
 *
 * A target takes bytes and turns them into operations on a hosted machine of
 * its own: domains, guest memory, calls.  The same bytes give the same
 * operations, whether libFuzzer chose them, a file holds them or the driver
 * (driver.c) drew them at random.  Bytes that have run out read as zero.
 *
 * A finding stops the process: a sanitizer's report, a BUG, an audit that does
 * not add up, something left over at the end, or a call that does not end.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hosted.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Operations done so far, of all inputs. */
extern uint64_t fuzz_ops;

/* Operations done while another one gave way. */
extern uint64_t fuzz_nested;

/* Print and abort(). */
void fuzz_fail(const char *fmt, ...) printf_like(1, 2) noreturn_fn;

/* ---- input ---- */

struct input {
    const uint8_t *p, *end;
};

static inline bool in_more(const struct input *in)
{
    return in->p < in->end;
}

static inline uint8_t in8(struct input *in)
{
    return in->p < in->end ? *in->p++ : 0;
}

/* bytes <= 8 of them, little-endian. */
uint64_t in_bytes(struct input *in, unsigned int bytes);

/* 0 .. n - 1, n <= 256 */
static inline unsigned int in_below(struct input *in, unsigned int n)
{
    return in8(in) % n;
}

/* True once in n times. */
static inline bool in_rarely(struct input *in, unsigned int n)
{
    return in_below(in, n) == n - 1;
}

/* ---- the machine ---- */

/* Who can make calls: all but DOM0 are translated. */
enum fuzz_who {
    FUZZ_DOM0,  /* in control                                     */
    FUZZ_PVH,   /* in control                                     */
    FUZZ_GUEST, /* four vcpus, all devices emulated               */
    FUZZ_OTHER, /* a guest with two vcpus                         */
    FUZZ_STUB,  /* device model of FUZZ_GUEST                     */
    FUZZ_STUB2, /* another one                                    */
    FUZZ_NR,
};

#define FUZZ_RAM_GFN 0x40UL  /* each translated domain has memory here */
#define FUZZ_RAM_PAGES 16U
#define FUZZ_HOLE_GFN 0x80UL /* and nothing here                       */

struct fuzz_domain {
    domid_t id;
    struct domain *d; /* NULL: gone */
};

extern struct fuzz_domain fuzz_dom[FUZZ_NR];

/* The memory of whoever makes a call. */
#define FUZZ_SLOT 1024U
#define FUZZ_SLOTS 32U
extern uint8_t fuzz_arena[FUZZ_SLOTS * FUZZ_SLOT];

/* A machine with the domains of `who`, a bit each: the same in each call. */
void fuzz_start(unsigned int who);
/* Audit, destroy all; nothing may be left. */
void fuzz_end(void);
/* After each operation: counts, audits every so often, revives domains. */
void fuzz_step_done(void);
/* Forget those that died. */
void fuzz_look_for_dead(void);

/*
 * Make v the current one, waking it if it waits for an event: false when it
 * does not exist or waits for a device model.
 */
bool fuzz_be(enum fuzz_who who, unsigned int vcpu);

/* What was asked of the page at gfn by its guest: where it is, or NULL. */
void *fuzz_guest_page(struct domain *d, uint64_t gfn);

/* Calls are those of 32-bit code: the arena must lie below 4 GiB. */
extern bool fuzz_caller_32;

/*
 * The call by current, to its end.  The input says whether allocations fail
 * and how often it gives way; what others do meanwhile is up to `between`
 * (NULL: nothing).  -ESRCH when the caller died on the way.
 */
long fuzz_call(struct input *in, struct hypercall *hc,
               void (*between)(struct input *in));

/* ---- what it costs the host: cost.c ---- */

/* Once the machine is there: a clock of the target's own, nothing printed. */
void fuzz_cost_begin(void);
/* Who makes what follows: what a control domain prints does not count. */
void fuzz_cost_actor(bool control);
/* After each operation: pages, small objects, bytes on the console. */
void fuzz_cost_check(void);

/* ---- pages that a client of domain 0 has mapped ---- */

/* Take a reference as privcmd would. */
void fuzz_client_map(uint64_t mfn, struct domain *owner);
void fuzz_client_unmap(unsigned int nr);
void *fuzz_client_page(unsigned int nr); /* or NULL */
#define FUZZ_CLIENT_PAGES 16U

#endif
