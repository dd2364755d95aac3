/* SPDX-License-Identifier: MIT */
/*
 * The public libraries on the hosted machine: what a call costs a program.
 * Each is at least one request to the hypervisor's process and its answer.
 */
#include <xengnttab.h>

#include "../contract/ct.h"
#include "bench.h"

#define GNTTAB XENMEM_resource_grant_table
#define IOREQ XENMEM_resource_ioreq_server

enum { RAM = 512, VCPUS = 512, GRANT_FRAMES = 64, GRANTS = 40 };

static struct {
    uint32_t domid;
    ioservid_t server;
    xengnttab_handle *gnt;
} g;

/* ---- resources ---- */

struct resource {
    unsigned int type;
    unsigned long nr;
};

static void map_resource(void *arg, unsigned long n)
{
    const struct resource *r = arg;

    while ( n-- )
    {
        struct ct_map m;

        MUST(!ct_map_resource(&m, g.domid, r->type,
                              r->type == IOREQ ? g.server : 0, 0, r->nr));
        MUST(!ct_unmap_resource(&m));
    }
}

static void resources(const char *group, unsigned int type,
                      const unsigned long *nr, const char *const *labels)
{
    struct resource r[3];
    struct bench_row rows[3];
    char what[64];

    for ( unsigned int i = 0; i < 3; i++ )
    {
        r[i] = (struct resource){ type, nr[i] };
        rows[i] = (struct bench_row){ labels[i], map_resource, &r[i],
                                      (double)nr[i], 0 };
    }
    bench_group(group, rows, 3, 700);
    snprintf(what, sizeof(what), "%s / %s", labels[2], labels[0]);
    bench_ratio(group, what, rows[2].median / rows[0].median, 1);
}

/* ---- other calls ---- */

static void version(void *arg, unsigned long n)
{
    (void)arg;
    while ( n-- )
        MUST(xc_version(ct.xch, XENVER_version, NULL) > 0);
}

static void resource_size(void *arg, unsigned long n)
{
    (void)arg;
    while ( n-- )
        MUST(ct_resource_size(g.domid, GNTTAB, 0) == GRANT_FRAMES);
}

static void map_foreign(void *arg, unsigned long n)
{
    size_t nr = *(const unsigned int *)arg;

    while ( n-- )
    {
        void *p = ct_map_foreign(g.domid, 0, nr);

        MUST(p && !xenforeignmemory_unmap(ct.fmem, p, nr));
    }
}

static void map_grants(void *arg, unsigned long n)
{
    uint32_t nr = *(const unsigned int *)arg, refs[GRANTS];

    for ( uint32_t i = 0; i < nr; i++ )
        refs[i] = 8 + i;
    while ( n-- )
    {
        void *p = xengnttab_map_domain_grant_refs(g.gnt, nr, g.domid, refs,
                                                  CT_RW);

        MUST(p && !xengnttab_unmap(g.gnt, p, nr));
    }
}

static void calls(void)
{
    static unsigned int one = 1, sixteen = 16, all = RAM, grants = GRANTS;
    struct bench_row rows[] = {
        { "xen_version", version, NULL, 0, 0 },
        { "size of a resource", resource_size, NULL, 0, 0 },
        { "foreign map and unmap, 1 page", map_foreign, &one, 0, 0 },
        { "foreign map and unmap, 16 pages", map_foreign, &sixteen, 0, 0 },
        { "foreign map and unmap, 512 pages", map_foreign, &all, 0, 0 },
        { "grant map and unmap, 1 page", map_grants, &one, 0, 0 },
        { "grant map and unmap, 40 pages", map_grants, &grants, 0, 0 },
    };

    bench_group("hosted: one call", rows, 7, 700);
}

/* ---- a domain that is never run ---- */

static void setup(void)
{
    struct ct_map table;
    grant_entry_v1_t *entry;

    g.domid = ct_create(&(struct ct_config){ .vcpus = VCPUS, .pages = RAM,
                                             .grant_frames = GRANT_FRAMES });
    MUST(!xendevicemodel_create_ioreq_server(ct.dmod, (domid_t)g.domid,
                                             HVM_IOREQSRV_BUFIOREQ_ATOMIC,
                                             &g.server));
    /* The table is as long as it can be, from now on. */
    MUST(!ct_map_resource(&table, g.domid, GNTTAB, 0, 0, GRANT_FRAMES));
    entry = table.addr;
    for ( unsigned int i = 0; i < GRANTS; i++ )
    {
        entry[8 + i].frame = i;
        entry[8 + i].domid = 0;
        entry[8 + i].flags = GTF_permit_access;
    }
    MUST(!ct_unmap_resource(&table));
    g.gnt = xengnttab_open(NULL, 0);
    MUST(g.gnt);
}

int main(void)
{
    static const unsigned long grant_nr[] = { 1, 32, 64 };
    static const unsigned long ioreq_nr[] = { 1, 3, 5 };
    static const char *const grant_labels[] = { "1 frame", "32 frames",
                                                "64 frames" };
    static const char *const ioreq_labels[] = { "1 frame", "3 frames",
                                                "5 frames" };

    ct_begin();
    setup();
    resources("hosted: map_resource, grant table", GNTTAB, grant_nr,
              grant_labels);
    resources("hosted: map_resource, ioreq pages", IOREQ, ioreq_nr,
              ioreq_labels);
    calls();
    xengnttab_close(g.gnt);
    MUST(!xc_domain_destroy(ct.xch, g.domid));
    return 0;
}
