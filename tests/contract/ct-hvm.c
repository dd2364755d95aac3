/* SPDX-License-Identifier: MIT */
/*
 * What an HVM guest is told by its builder: parameters, saved state, time.
 */
#include <stdlib.h>

#include "ct.h"

/* ---- parameters ---- */

/* Those that had a meaning once: Oriel answers as later versions of Xen. */
static void test_params_gone(uint32_t domid)
{
    static const uint32_t gone[] = { HVM_PARAM_DM_DOMAIN,
                                     HVM_PARAM_BUFIOREQ_EVTCHN };
    bool later = ct_differs("params-gone");
    uint64_t value;

    for ( size_t i = 0; i < CT_NR(gone); i++ )
    {
        ct_expect(later ? EPERM : EINVAL,
                  xc_hvm_param_set(ct.xch, domid, gone[i], 1),
                  "set: parameter %u is no more", gone[i]);
        ct_expect(later ? ENODATA : EINVAL,
                  xc_hvm_param_get(ct.xch, domid, gone[i], &value),
                  "get: parameter %u is no more", gone[i]);
    }
}

static void test_params(void)
{
    enum { SET, GET };
    static const struct {
        const char *what;
        int op;
        uint32_t param;
        uint64_t value;
        int err;
    } steps[] = {
        { "get: index 39", GET, HVM_NR_PARAMS, 0, EINVAL },
        { "set: index 39", SET, HVM_NR_PARAMS, 0, EINVAL },
        { "get: unset", GET, HVM_PARAM_STORE_PFN, 0, 0 },
        { "set", SET, HVM_PARAM_STORE_PFN, 0x1234, 0 },
        { "get", GET, HVM_PARAM_STORE_PFN, 0x1234, 0 },
        { "set: other", SET, HVM_PARAM_STORE_PFN, 0x5678, 0 },
        { "get: other", GET, HVM_PARAM_STORE_PFN, 0x5678, 0 },
        { "set: no server pages", SET, HVM_PARAM_NR_IOREQ_SERVER_PAGES, 0,
          EINVAL },
        { "set: 65 server pages", SET, HVM_PARAM_NR_IOREQ_SERVER_PAGES, 65,
          EINVAL },
        { "set: 64 server pages", SET, HVM_PARAM_NR_IOREQ_SERVER_PAGES, 64,
          0 },
        { "set: 8 server pages", SET, HVM_PARAM_NR_IOREQ_SERVER_PAGES, 8,
          EEXIST },
        { "get: server pages", GET, HVM_PARAM_NR_IOREQ_SERVER_PAGES, 64, 0 },
        { "set: where they are", SET, HVM_PARAM_IOREQ_SERVER_PFN, 100, 0 },
        { "set: elsewhere", SET, HVM_PARAM_IOREQ_SERVER_PFN, 101, EEXIST },
        { "set: the same", SET, HVM_PARAM_IOREQ_SERVER_PFN, 100, 0 },
        { "set: timer mode 4", SET, HVM_PARAM_TIMER_MODE, 4, EINVAL },
        { "set: timer mode 1", SET, HVM_PARAM_TIMER_MODE, 1, 0 },
    };
    uint32_t domid = ct_create(&(struct ct_config){ .hvm = true });

    for ( size_t i = 0; i < CT_NR(steps); i++ )
    {
        uint64_t value = 0;
        bool ok;

        if ( steps[i].op == SET )
        {
            ct_expect(steps[i].err,
                      xc_hvm_param_set(ct.xch, domid, steps[i].param,
                                       steps[i].value), "%s", steps[i].what);
            continue;
        }
        ok = ct_expect(steps[i].err,
                       xc_hvm_param_get(ct.xch, domid, steps[i].param, &value),
                       "%s", steps[i].what);
        if ( ok && !steps[i].err )
            ct_equal(value, steps[i].value, "is what was set");
    }
    test_params_gone(domid);
    ct_destroy(domid);
}

/* ---- saved state ---- */

static void test_context(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .vcpus = 2 });
    int size = xc_domain_hvm_getcontext(ct.xch, domid, NULL, 0);
    uint8_t *buf = calloc(1, 1 << 20), small[64];
    int got;

    ct_ok(size > 0 && size < 1 << 20, "the size is told (%d)", size);
    got = xc_domain_hvm_getcontext(ct.xch, domid, buf, (uint32_t)size);
    ct_ok(got > 8 && got <= size, "the state fits (%d)", got);
    ct_ok(buf[0] == 1 && buf[1] == 0, "it begins with the header");
    ct_expect(ENOSPC, xc_domain_hvm_getcontext(ct.xch, domid, small,
                                               sizeof(small)),
              "no room for it");
    ct_expect(0, xc_domain_hvm_setcontext(ct.xch, domid, buf, (uint32_t)got),
              "it can be set");
    ct_ok(xc_domain_hvm_setcontext(ct.xch, domid, buf, 4) < 0,
          "half a header cannot");
    free(buf);
    ct_destroy(domid);
}

static void test_context_without_vcpus(void)
{
    static const char name[] = "no state without vcpus";
    uint8_t buf[8192];
    uint32_t domid;

    if ( !ct_differs("context-no-vcpus") )
    {
        ct_skip(name, "context-no-vcpus: 4.17 looks at vcpu 0 all the "
                "same");
        return;
    }
    domid = ct_create(&(struct ct_config){ .no_vcpus = true });
    ct_ok(xc_domain_hvm_getcontext(ct.xch, domid, buf, sizeof(buf)) < 0, name);
    ct_diag("errno %s", ct_errno(errno));
    ct_destroy(domid);
}

static void test_tsc(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ 0 });
    uint32_t mode = 9, khz = 0, incarnation = 0;
    uint64_t elapsed = 0;

    ct_expect(0, xc_domain_set_tsc_info(ct.xch, domid, 2, 0, 0, 0),
              "tsc: native");
    ct_expect(0, xc_domain_get_tsc_info(ct.xch, domid, &mode, &elapsed, &khz,
                                        &incarnation), "tsc info");
    ct_equal(mode, 2, "the mode is told");
    ct_equal(incarnation, 1, "the incarnation is the next one");
    ct_expect(0, xc_domain_set_tsc_info(ct.xch, domid, 0, 0, 0, 0),
              "tsc: default");
    ct_expect(EINVAL, xc_domain_set_tsc_info(ct.xch, 0, 0, 0, 0, 0),
              "tsc: oneself");
    ct_destroy(domid);
}

int main(void)
{
    uint64_t before;

    ct_begin();
    before = ct_free_pages();
    test_params();
    test_context();
    test_context_without_vcpus();
    test_tsc();
    ct_no_leak(before, 256, "all of it");
    return ct_end();
}
