/* SPDX-License-Identifier: MIT */
/*
 * Grant seeding: before a new domain runs, the toolstack grants its console
 * and xenstore pages to the backends, in the entries reserved for that.
 *
 *   map the table as a resource ──EOPNOTSUPP──> PV:  setup_table, foreign map
 *        │ else: write, done or fail            HVM: put the table's frame at
 *        ▼                                           a scratch gfn, foreign
 *   shared frame 0, v1 entries                       map that, take it away
 *
 * Only EOPNOTSUPP means that kernel or Xen lack the call; any other error is
 * about this domain, and the other way would fail, too.
 */
#include "private.h"

#define SEED "Grant seeding of domain %u: "

struct seed {
    uint32_t domid; /* whose table */
    struct {
        uint32_t ref, domid;
        xen_pfn_t gfn;
    } entry[2];
};

/* No grant of a domain to itself, nor of a page that does not exist. */
static void write_entries(grant_entry_v1_t *table, const struct seed *s)
{
    for ( unsigned int i = 0; i < 2; i++ )
    {
        if ( s->entry[i].domid == s->domid ||
             s->entry[i].gfn == (xen_pfn_t)-1 )
            continue;

        table[s->entry[i].ref] = (grant_entry_v1_t){
            .flags = GTF_permit_access,
            .domid = domid16(s->entry[i].domid),
            .frame = s->entry[i].gfn,
        };
    }
}

/* Writes through a foreign mapping of gfn, where the table is mapped. */
static int seed_frame(xc_interface *xch, const struct seed *s, xen_pfn_t gfn)
{
    void *table = xenforeignmemory_map(xch->fmem, s->domid,
                                       PROT_READ | PROT_WRITE, 1, &gfn, NULL);

    if ( !table )
    {
        report_errno(xch, SEED "frame %#lx of its grant table not mapped",
                     s->domid, (unsigned long)gfn);
        return -1;
    }
    write_entries(table, s);
    xenforeignmemory_unmap(xch->fmem, table, 1);

    return xc_domain_cacheflush(xch, s->domid, gfn, 1);
}

static int setup_table(xc_interface *xch, uint32_t domid, xen_pfn_t *gfn)
{
    xc_hypercall_buffer_t b = BOUNCE(gfn, sizeof(*gfn), BOUNCE_BOTH);
    ZEROED(struct gnttab_setup_table, op);
    int rc;

    op.dom = domid16(domid);
    op.nr_frames = 1;
    if ( bounce_in(xch, "setup_table", &b, 1) )
        return -1;

    set_xen_guest_handle_raw(op.frame_list, b.hbuf);
    rc = xc_gnttab_op(xch, GNTTABOP_setup_table, &op, sizeof(op), 1);
    bounce_out(xch, &b, 1);

    if ( rc )
        report_errno(xch, SEED "setup_table failed", domid);
    else if ( op.status != GNTST_okay )
    {
        report(xch,
               SEED "setup_table answered status %d; is the domain's "
                    "max_grant_frames above 0?",
               domid, op.status);
        rc = fail(EINVAL);
    }

    return rc;
}

static int compat_seed_pv(xc_interface *xch, const struct seed *s)
{
    xen_pfn_t gfn = -1;

    if ( setup_table(xch, s->domid, &gfn) )
        return -1;

    return seed_frame(xch, s, gfn);
}

/* A gfn that is free: one above everything the domain uses. */
static int scratch_gfn(xc_interface *xch, uint32_t domid, xen_pfn_t *gfn)
{
    if ( !xc_domain_nr_gpfns(xch, domid, gfn) )
        return 0;

    report_errno(xch, SEED "highest frame in use not known", domid);

    return -1;
}

static int compat_seed_hvm(xc_interface *xch, const struct seed *s)
{
    xen_pfn_t gfn;
    int err, rc;

    if ( scratch_gfn(xch, s->domid, &gfn) )
        return -1;

    if ( xc_domain_add_to_physmap(xch, s->domid, XENMAPSPACE_grant_table, 0,
                                  gfn) )
    {
        report_errno(xch, SEED "its table could not be placed at gfn %#lx",
                     s->domid, (unsigned long)gfn);
        return -1;
    }

    rc = compat_seed_pv(xch, s);

    /* Remove the table from the guest's memory, also after an error. */
    err = errno;
    if ( xc_domain_remove_from_physmap(xch, s->domid, gfn) )
    {
        report_errno(xch, SEED "its table remains at gfn %#lx; destroy it",
                     s->domid, (unsigned long)gfn);
        if ( !rc )
            return -1;
    }
    errno = err;

    return rc;
}

int xc_dom_gnttab_seed(xc_interface *xch, uint32_t guest_domid, bool is_hvm,
                       xen_pfn_t console_gfn, xen_pfn_t xenstore_gfn,
                       uint32_t console_domid, uint32_t xenstore_domid)
{
    const struct seed s = {
        .domid = guest_domid,
        .entry = {
            { GNTTAB_RESERVED_CONSOLE, console_domid, console_gfn },
            { GNTTAB_RESERVED_XENSTORE, xenstore_domid, xenstore_gfn },
        },
    };
    xenforeignmemory_resource_handle *res;
    void *table = NULL;

    res = xenforeignmemory_map_resource(
        xch->fmem, domid16(guest_domid), XENMEM_resource_grant_table,
        XENMEM_resource_grant_table_id_shared, 0, 1, &table,
        PROT_READ | PROT_WRITE, 0);
    if ( res )
    {
        write_entries(table, &s);
        /* The entries are written; a mapping that stays is only a leak here. */
        xenforeignmemory_unmap_resource(xch->fmem, res);
        return 0;
    }

    if ( errno == EOPNOTSUPP )
        return is_hvm ? compat_seed_hvm(xch, &s) : compat_seed_pv(xch, &s);

    report_errno(xch,
                 SEED "resource grant table (type 1, id 0, frame 0) not "
                      "mapped; %s",
                 guest_domid,
                 errno == ESRCH || errno == EINVAL
                     ? "does the domain exist, with max_grant_frames above 0?"
                     : "may this process control the domain?");

    return -1;
}
