/* SPDX-License-Identifier: MIT */
/*
 * Grants as a backend uses them, through /dev/xen/gntdev and gntalloc: mapping
 * what a guest's table says, refusals, copying, telling the other side at the
 * end; and the hypercall's own answers.
 *
 * The guest does not run: its table is written through the resource.
 */

#include <xenevtchn.h>
#include <xengnttab.h>

#include "ct.h"

enum { PAGES = 16, FIRST = 8 }; /* entry FIRST + i grants page i to us */
enum { READONLY = 30, FOR_OTHER, NOT_THERE, INVALID = 40 };

static struct {
    uint32_t domid;
    xengnttab_handle *gnt;
    struct ct_map table;
    grant_entry_v1_t *entry;
    uint8_t *page;
} g;

static void grant(uint32_t ref, uint32_t gfn, uint16_t flags, domid_t to)
{
    g.entry[ref].domid = to;
    g.entry[ref].frame = gfn;
    xen_wmb();
    g.entry[ref].flags = GTF_permit_access | flags;
}

static void setup(void)
{
    g.domid = ct_create(&(struct ct_config){ .grant_frames = 2,
                                             .pages = PAGES });
    g.gnt = xengnttab_open(ct.quiet, 0);
    g.page = ct_map_foreign(g.domid, 0, PAGES);
    if ( !g.gnt || !g.page ||
         ct_map_resource(&g.table, g.domid, XENMEM_resource_grant_table, 0, 0,
                         2) )
        ct_bail("cannot map domain %u: %s", g.domid, strerror(errno));
    g.entry = g.table.addr;
    for ( uint32_t i = 0; i < PAGES; i++ )
    {
        memset(g.page + i * CT_PAGE, (int)i + 1, CT_PAGE);
        grant(FIRST + i, i, 0, 0);
    }
    grant(READONLY, 0, GTF_readonly, 0);
    grant(FOR_OTHER, 0, 0, CT_NO_DOMAIN);
    grant(NOT_THERE, 5000, 0, 0);
}

static void teardown(void)
{
    ct_expect(0, ct_unmap_resource(&g.table), "table unmapped");
    ct_expect(0, xenforeignmemory_unmap(ct.fmem, g.page, PAGES),
              "pages unmapped");
    ct_expect(0, xengnttab_close(g.gnt), "device closed");
    ct_destroy(g.domid);
}

static uint8_t *map(uint32_t ref, int prot)
{
    return xengnttab_map_grant_ref(g.gnt, g.domid, ref, prot);
}

/* ---- mapping ---- */

static void test_map(void)
{
    uint32_t refs[PAGES];
    uint8_t *p = map(FIRST, CT_RW), *q;
    bool all = true;

    if ( !ct_ok(p != NULL, "map one for writing") )
        return;
    ct_equal(p[17], 1, "it is the page");
    ct_equal(g.entry[FIRST].flags,
             GTF_permit_access | GTF_reading | GTF_writing,
             "the entry says read and written");
    p[0] = 99;
    ct_equal(g.page[0], 99, "what is written is there");
    g.page[0] = 1;
    q = map(FIRST, PROT_READ);
    ct_ok(q && *q == 1, "map it again for reading");
    ct_expect(0, xengnttab_unmap(g.gnt, p, 1), "unmap the first");
    ct_ok(g.entry[FIRST].flags & GTF_reading, "it is read still");
    ct_expect(0, xengnttab_unmap(g.gnt, q, 1), "unmap the second");
    ct_equal(g.entry[FIRST].flags, GTF_permit_access, "now it is free");

    for ( uint32_t i = 0; i < PAGES; i++ )
        refs[i] = FIRST + PAGES - 1 - i;
    p = xengnttab_map_domain_grant_refs(g.gnt, PAGES, g.domid, refs, CT_RW);
    if ( !ct_ok(p != NULL, "map many, the last first") )
        return;
    for ( uint32_t i = 0; i < PAGES; i++ )
        all &= p[i * CT_PAGE + 5] == PAGES - i;
    ct_ok(all, "in the order asked for");
    ct_expect(0, xengnttab_unmap(g.gnt, p, PAGES), "unmap many");
    for ( uint32_t i = 0; i < PAGES; i++ )
        all &= g.entry[FIRST + i].flags == GTF_permit_access;
    ct_ok(all, "all are free");
}

static void test_refusals(void)
{
    const struct {
        const char *what;
        uint32_t ref;
        int prot, err;
    } cases[] = {
        { "an unused entry", INVALID, PROT_READ, EINVAL },
        { "beyond the table", 2 * CT_PAGE / 8, PROT_READ, EINVAL },
        { "far beyond the table", 0xffffffff, PROT_READ, EINVAL },
        { "another domain's", FOR_OTHER, PROT_READ, EINVAL },
        { "a page that is not there", NOT_THERE, PROT_READ, EINVAL },
        { "writing what is for reading", READONLY, CT_RW, EINVAL },
        { "reading it", READONLY, PROT_READ, 0 },
    };
    uint32_t mixed[3] = { FIRST, INVALID, FIRST + 1 };

    for ( size_t i = 0; i < CT_NR(cases); i++ )
    {
        void *p = NULL;

        if ( ct_expect(cases[i].err,
                       (p = map(cases[i].ref, cases[i].prot)) ? 0 : -1,
                       "map: %s", cases[i].what) && p )
            ct_expect(0, xengnttab_unmap(g.gnt, p, 1), "unmap: %s",
                      cases[i].what);
    }
    ct_expect(EINVAL, xengnttab_map_grant_ref(g.gnt, CT_NO_DOMAIN, 1,
                                              PROT_READ) ? 0 : -1,
              "map: no domain");
    ct_expect(EINVAL, xengnttab_map_domain_grant_refs(g.gnt, 3, g.domid,
                                                      mixed, CT_RW) ? 0 : -1,
              "map: one of three is bad");
    ct_equal(g.entry[FIRST].flags, GTF_permit_access, "none stays mapped");
    ct_equal(g.entry[FIRST + 1].flags, GTF_permit_access, "nor the last");
    ct_expect(0, xengnttab_set_max_grants(g.gnt, 1000), "a limit is accepted");
}

/* The mapping keeps page and domain, whatever becomes of them. */
static void test_outlives(void)
{
    uint32_t domid = g.domid;
    uint8_t *p;

    setup();
    p = map(FIRST + 3, CT_RW);
    ct_ok(p != NULL, "map");
    ct_expect(0, ct_unmap_resource(&g.table), "nothing but the grant");
    ct_expect(0, xenforeignmemory_unmap(ct.fmem, g.page, PAGES), "is mapped");
    ct_expect(0, xc_domain_destroy(ct.xch, g.domid), "destroy");
    ct_ok(ct_domain_dying(g.domid), "the domain is kept");
    ct_ok(p && ct_all_bytes(p, 4, CT_PAGE), "and the page readable");
    ct_expect(0, xengnttab_close(g.gnt), "the device is closed");
    ct_ok(p && ct_all_bytes(p, 4, CT_PAGE), "the mapping is not");
    ct_expect(0, munmap(p, CT_PAGE), "unmap");
    ct_ok(ct_eventually(!ct_domain_exists(g.domid)), "now it is gone");
    g.domid = domid;
}

/* ---- copying ---- */

static xengnttab_grant_copy_segment_t from_guest(uint32_t ref, void *to,
                                                 uint16_t offset,
                                                 uint16_t len)
{
    return (xengnttab_grant_copy_segment_t){
        .source.foreign = { .ref = ref, .offset = offset,
                            .domid = (domid_t)g.domid },
        .dest.virt = to, .len = len, .flags = GNTCOPY_source_gref };
}

static xengnttab_grant_copy_segment_t to_guest(void *from, uint32_t ref,
                                               uint16_t offset, uint16_t len)
{
    return (xengnttab_grant_copy_segment_t){
        .dest.foreign = { .ref = ref, .offset = offset,
                          .domid = (domid_t)g.domid },
        .source.virt = from, .len = len, .flags = GNTCOPY_dest_gref };
}

static void test_copy(void)
{
    static uint8_t buf[3 * CT_PAGE] __attribute__((aligned(4096)));
    xengnttab_grant_copy_segment_t s[] = {
        from_guest(FIRST + 4, buf + 100, 8, 200), /* within a page      */
        from_guest(FIRST + 5, buf + 4000, 0, 4096), /* across a boundary  */
        from_guest(INVALID, buf, 0, 16),
        from_guest(READONLY, buf + 9000, 4095, 1),
        to_guest(buf + 100, READONLY, 0, 16),
        to_guest(buf + 100, FIRST + 6, 4088, 8),
        to_guest(buf, FOR_OTHER, 0, 8),
    };
    xengnttab_grant_copy_segment_t bad;

    ct_expect(0, xengnttab_grant_copy(g.gnt, CT_NR(s), s), "copy: segments");
    ct_equal((uint16_t)s[0].status, GNTST_okay, "from a page");
    ct_ok(ct_all_bytes(buf + 100, 5, 200) && !buf[99] && !buf[300],
          "as much as asked for");
    ct_ok(s[1].status == GNTST_okay && ct_all_bytes(buf + 4000, 6, 4096),
          "a whole page, to unaligned memory");
    ct_equal((uint16_t)s[2].status, (uint16_t)GNTST_general_error,
             "from an unused entry");
    ct_ok(s[3].status == GNTST_okay && buf[9000] == 1, "the last byte");
    ct_equal((uint16_t)s[4].status, (uint16_t)GNTST_general_error,
             "to what is for reading");
    ct_equal(g.page[0], 1, "which is unchanged");
    ct_ok(s[5].status == GNTST_okay &&
          ct_all_bytes(g.page + 6 * CT_PAGE + 4088, 5, 8),
          "to the end of a page");
    ct_equal(g.page[6 * CT_PAGE + 4087], 7, "and no more");
    ct_equal((uint16_t)s[6].status, (uint16_t)GNTST_general_error,
             "to another domain's");
    ct_equal(g.entry[FIRST + 4].flags, GTF_permit_access, "all is released");

    bad = from_guest(FIRST, buf, 4090, 7);
    ct_expect(EINVAL, xengnttab_grant_copy(g.gnt, 1, &bad),
              "copy: over the end of the page");
    bad = to_guest(buf, FIRST, 1, 4096);
    ct_expect(EINVAL, xengnttab_grant_copy(g.gnt, 1, &bad),
              "copy: to over the end of the page");
    bad.flags = 0;
    ct_expect(EINVAL, xengnttab_grant_copy(g.gnt, 1, &bad),
              "copy: no grant at either end");
    ct_expect(0, xengnttab_grant_copy(g.gnt, 0, s), "copy: nothing");
}

/* ---- notification ---- */

static void test_notify(void)
{
    xenevtchn_handle *a = xenevtchn_open(ct.quiet, 0);
    xenevtchn_handle *b = xenevtchn_open(ct.quiet, 0);
    int near = xenevtchn_bind_unbound_port(a, 0), far;
    struct ct_fence fence;
    uint8_t *p;

    far = xenevtchn_bind_interdomain(b, 0, (evtchn_port_t)near);
    ct_ok(near > 0 && far > 0, "a channel to oneself");
    ct_fence_make(&fence, b);
    ct_drain(&fence);

    p = xengnttab_map_grant_ref_notify(g.gnt, g.domid, FIRST + 7, CT_RW, 123,
                                       (evtchn_port_t)near);
    if ( !ct_ok(p != NULL, "map with notification") )
        return;
    ct_ok(g.page[7 * CT_PAGE + 123] == 8 && ct_event_before_fence(&fence) < 0,
          "nothing happens yet");
    ct_expect(0, xengnttab_unmap(g.gnt, p, 1), "unmap");
    ct_equal(g.page[7 * CT_PAGE + 123], 0, "the byte is cleared");
    ct_equal(g.page[7 * CT_PAGE + 124], 8, "and no other");
    ct_equal((uint64_t)ct_event(&fence), (uint64_t)far, "the event is sent");
    g.page[7 * CT_PAGE + 123] = 8;
    xenevtchn_close(a);
    xenevtchn_close(b);
}

/* ---- our own grants ---- */

static void test_own(void)
{
    xengntshr_handle *shr = xengntshr_open(ct.quiet, 0);
    uint32_t refs[3] = { 0 };
    uint8_t *mine, *mapped;

    if ( !ct_ok(shr != NULL, "the device for granting") )
        return;
    mine = xengntshr_share_pages(shr, 0, 3, refs, 1);
    if ( !ct_ok(mine != NULL, "three pages of ours for ourselves") )
        return;
    ct_ok(refs[0] != refs[1] && refs[1] != refs[2] && refs[0] > 7,
          "with entries of their own, none reserved");
    ct_ok(ct_all_bytes(mine, 0, 3 * CT_PAGE), "they are zero");
    mapped = xengnttab_map_domain_grant_refs(g.gnt, 3, 0, refs, CT_RW);
    if ( ct_ok(mapped != NULL, "are mapped") )
    {
        strcpy((char *)mapped + CT_PAGE, "there");
        ct_ok(!strcmp((char *)mine + CT_PAGE, "there"), "are the same pages");
        mine[0] = 42;
        ct_equal(mapped[0], 42, "both ways");
        ct_expect(0, xengnttab_unmap(g.gnt, mapped, 3), "unmap");
    }
    ct_expect(0, xengntshr_unshare(shr, mine, 3), "taken back");
    ct_ok(!xengnttab_map_grant_ref(g.gnt, 0, refs[0], PROT_READ),
          "and not there any more");
    xengntshr_close(shr);
}

/* ---- the hypercall ---- */

static void test_hypercall(void)
{
    /* A mapping that needs no page of the caller's; translated ones do. */
    const uint32_t how = ct_dom0_is_translated() ? GNTMAP_host_map
                                                 : GNTMAP_device_map;
    const struct {
        const char *what;
        uint32_t dom, ref, flags;
        int status;
    } cases[] = {
        { "no domain", CT_NO_DOMAIN, FIRST, how, GNTST_bad_domain },
        { "for nobody", g.domid, FIRST, 0, GNTST_bad_gntref },
        { "an unused entry", g.domid, INVALID, how, GNTST_general_error },
        { "beyond the table", g.domid, 99999, how, GNTST_bad_gntref },
        { "another domain's", g.domid, FOR_OTHER, how, GNTST_general_error },
        { "writing what is for reading", g.domid, READONLY, how,
          GNTST_general_error },
    };
    struct gnttab_unmap_grant_ref un = { .handle = 0xfffff };
    struct gnttab_query_size q = { .dom = (domid_t)g.domid };

    for ( size_t i = 0; i < CT_NR(cases); i++ )
    {
        struct gnttab_map_grant_ref op = {
            .host_addr = CT_FREE_GFN * CT_PAGE,
            .flags = cases[i].flags, .ref = cases[i].ref,
            .dom = (domid_t)cases[i].dom };

        ct_expect(0, xc_gnttab_op(ct.xch, GNTTABOP_map_grant_ref, &op,
                                  sizeof(op), 1), "map: %s", cases[i].what);
        ct_equal((uint16_t)op.status, (uint16_t)cases[i].status,
                 "its status");
    }
    ct_expect(0, xc_gnttab_op(ct.xch, GNTTABOP_unmap_grant_ref, &un,
                              sizeof(un), 1), "unmap: a bad handle");
    ct_equal((uint16_t)un.status, (uint16_t)GNTST_bad_handle, "its status");
    ct_expect(0, xc_gnttab_query_size(ct.xch, &q), "query_size");
    ct_ok(q.nr_frames == 2 && q.max_nr_frames == 2 &&
          q.status == GNTST_okay, "tells two frames of two");
    q = (struct gnttab_query_size){ .dom = CT_NO_DOMAIN };
    ct_expect(0, xc_gnttab_query_size(ct.xch, &q), "query_size: no domain");
    ct_equal((uint16_t)q.status, (uint16_t)GNTST_bad_domain, "its status");
    ct_equal((uint64_t)xc_gnttab_get_version(ct.xch, g.domid), 1,
             "the version");
    ct_expect(ENOSYS, xc_gnttab_op(ct.xch, 99, &q, sizeof(q), 1),
              "no such operation");
}

int main(void)
{
    ct_begin();
    setup();
    test_map();
    test_refusals();
    test_copy();
    test_notify();
    test_own();
    test_hypercall();
    teardown();
    test_outlives();
    return ct_end();
}
