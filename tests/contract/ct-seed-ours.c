/* SPDX-License-Identifier: MIT */
/*
 * xc_dom_gnttab_seed() of our libxenctrl: the reserved entries of a new guest's
 * grant table.  Found by its versioned name, as Debian has a function of this
 * name in libxenguest.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "ct.h"

typedef int seed_fn(xc_interface *xch, uint32_t guest, bool is_hvm,
                    xen_pfn_t console_gfn, xen_pfn_t xenstore_gfn,
                    uint32_t console_domid, uint32_t xenstore_domid);

#define CONSOLE GNTTAB_RESERVED_CONSOLE
#define XENSTORE GNTTAB_RESERVED_XENSTORE

static seed_fn *seed;

static bool entry_is(const grant_entry_v1_t *e, unsigned int flags,
                     uint32_t domid, xen_pfn_t frame)
{
    bool ok = e->flags == flags && e->domid == domid && e->frame == frame;

    if ( !ok )
        ct_diag("entry: flags %#x domid %u frame %#x", e->flags, e->domid,
                e->frame);
    return ok;
}

static void test_entries(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 8 });
    const grant_entry_v1_t *e;
    struct ct_map m;

    ct_expect(0, ct_map_resource(&m, domid, XENMEM_resource_grant_table, 0, 0,
                                 1), "map the table");
    e = m.addr;
    ct_expect(0, seed(ct.xch, domid, true, 5, 6, 0, 3), "seed");
    ct_ok(entry_is(&e[CONSOLE], GTF_permit_access, 0, 5), "the console's");
    ct_ok(entry_is(&e[XENSTORE], GTF_permit_access, 3, 6), "the store's");
    ct_ok(ct_all_bytes(&e[XENSTORE + 1], 0,
                       CT_PAGE - (XENSTORE + 1) * sizeof(*e)),
          "and no other");
    ct_expect(0, ct_unmap_resource(&m), "unmap the table");
    ct_destroy(domid);
}

static void test_skipped(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 8 });
    const grant_entry_v1_t *e;
    struct ct_map m;

    ct_expect(0, ct_map_resource(&m, domid, XENMEM_resource_grant_table, 0, 0,
                                 1), "map the table");
    e = m.addr;
    ct_expect(0, seed(ct.xch, domid, true, (xen_pfn_t)-1, 6, 0, domid),
              "seed: no console, its own store");
    ct_ok(ct_all_bytes(m.addr, 0, CT_PAGE), "nothing is granted");
    ct_expect(0, seed(ct.xch, domid, true, 2, (xen_pfn_t)-1, 0, 0),
              "seed: no store");
    ct_ok(entry_is(&e[CONSOLE], GTF_permit_access, 0, 2), "the console's");
    ct_ok(entry_is(&e[XENSTORE], 0, 0, 0), "the store's is not there");
    ct_expect(0, ct_unmap_resource(&m), "unmap the table");
    ct_destroy(domid);
}

static void test_errors(void)
{
    ct_expect(ESRCH, seed(ct.xch, CT_NO_DOMAIN, true, 1, 2, 0, 0),
              "seed: no domain");
    ct_expect(EPERM, seed(ct.xch, 0, true, 1, 2, 0, 0), "seed: oneself");
}

/* The table is not kept mapped. */
static void test_keeps_nothing(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ 0 });
    bool all = true;

    for ( unsigned int i = 0; i < 100; i++ )
        all &= !seed(ct.xch, domid, true, i, i + 1, 0, 0);
    ct_ok(all, "seed a hundred times");
    ct_destroy(domid);
}

int main(void)
{
    ct_begin();
    *(void **)&seed = dlvsym(RTLD_DEFAULT, "xc_dom_gnttab_seed", "ORIEL_1.0");
    if ( !seed )
        ct_bail("this libxenctrl is not Oriel's");
    test_entries();
    test_skipped();
    test_errors();
    test_keeps_nothing();
    return ct_end();
}
