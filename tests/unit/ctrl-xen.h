/* SPDX-License-Identifier: MIT */
/*
 * A scripted Xen below libxenctrl.  The library's sources are linked with the
 * libxencall, libxenforeignmemory and libxendevicemodel of ctrl-xen.c: every
 * hypercall is recorded with the bytes behind its pointers and answered from a
 * script, every buffer, mapping and handle is counted, and a test fails when
 * one is left at its end.
 */
#ifndef CTRL_XEN_H
#define CTRL_XEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <xenctrl.h>

#define MAX_CALLS 64

struct call {
    unsigned int op, cmd; /* multicalls are unwrapped */
    uint64_t count;
    uint8_t arg[160]; /* the operation as Xen saw it */
    bool in_multicall;
};

struct reply {
    int err;
    long value;
    void (*fill)(void *arg); /* writes outputs */
};

struct scripted_xen {
    struct call call[MAX_CALLS];
    unsigned int nr_calls;
    struct reply reply[MAX_CALLS]; /* of the n-th call; default: 0 */
    int bufs, maps, resources, handles; /* alive */
    int fail_alloc; /* counts down to the allocation that fails */
    int fail_open; /* the same for handles */
    unsigned int call_flags;
    int resource_err, map_err;
    struct {
        domid_t domid;
        unsigned int type, id;
        unsigned long frame, nr;
    } resource;
    xen_pfn_t mapped;
    size_t pages; /* of the last mapping that was asked for */
    char log[4096];
    int errors;
};
extern struct scripted_xen xen;

extern xc_interface *xch; /* opened before each test */
extern xentoollog_logger logger;
/* What every mapping shows. */
extern grant_entry_v1_t table[512];

int setup(void **state);
/* Fails when anything is alive. */
int teardown(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* What the n-th hypercall (0 the first) was given. */
const void *arg_of(unsigned int n);
/* Fields are read where the ABI has them, not through the same structs. */
uint64_t field(unsigned int n, unsigned int offset, unsigned int size);

/* A reply's fill: XEN_DOMCTL_getdomaininfo of an HVM guest. */
void fill_hvm(void *arg);

#define assert_call(n, o, c)                                                   \
    do                                                                         \
    {                                                                          \
        assert_true((n) < xen.nr_calls);                                       \
        assert_int_equal(xen.call[n].op, o);                                   \
        assert_int_equal(xen.call[n].cmd, c);                                  \
    } while ( 0 )

#define assert_fails(err, expr)                                                \
    do                                                                         \
    {                                                                          \
        errno = 0;                                                             \
        assert_int_equal(expr, -1);                                            \
        assert_int_equal(errno, err);                                          \
    } while ( 0 )

#endif
