/* SPDX-License-Identifier: MIT */
/*
 * Memory of PV guests: hypercalls of three PV domains on few frames, one of them
 * in control, one the device model of a translated domain, whose memory changes
 * meanwhile; writes of guests to pages that they may write; a CPU that walks
 * their tables.  Calls give way at any place, others come in between, and some
 * are never continued.
 *
 * After each operation all types and references are counted anew, the TLB is
 * compared with the types, and each table and descriptor in use is looked at:
 * nothing is mapped that its domain may not map.
 */
#include "fuzz-pv.h"

#include <hv/audit.h>
#include <hv/hypercall.h>
#include <pv-mm/entries.h>
#include <xen/memory.h>

#define pv_fail fuzz_fail
#define PV_FRAMES 512
#include <pv-machine.h>

#define HVM_GFN 0x40 /* PV_KNOWN pages */
#define VCPUS 2

/* One that has entries in tables, and one beyond. */
const uint64_t pv_io_frame = PV_FRAMES + 1, pv_io_other = IO_OTHER;
const uint64_t pv_nr_frames = PV_FRAMES;
struct pv_actor pv_actor[PV_WHO];
static struct domain *dom0; /* without tables; ends others */

/* ---- domains ---- */

static int domain_create_hook(struct domain *d)
{
    return d->translated || !dom0 ? 0 : pv_domain_create(d);
}

static void relinquish_hook(struct domain *d)
{
    while ( d->pv && pv_domain_relinquish(d) == -ERESTART )
        continue;
}

static void be(struct domain *d, unsigned int vcpu)
{
    hosted_enter((struct hosted_context){ .v = domain_vcpu(d, vcpu),
                                          .access = ACCESS_LOCAL });
}

static struct domain *make_domain(bool privileged, bool translated)
{
    struct xen_domctl_createdomain config = {
        .flags = translated ? XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap : 0,
        .max_vcpus = VCPUS, .max_evtchn_port = -1, .max_grant_frames = 1,
        .max_maptrack_frames = 1,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
        .arch.emulation_flags = translated ? XEN_X86_EMU_LAPIC : 0,
    };
    struct domain *d;

    if ( domain_create(DOMID_INVALID, &config, privileged, &d) )
        fuzz_fail("no domain\n");
    d->max_pages = 2 * PV_KNOWN;
    for ( unsigned int i = 0; i < VCPUS; i++ )
        if ( vcpu_create(d, i) )
            fuzz_fail("no vcpu\n");
    return d;
}

static void make(enum pv_who who)
{
    struct pv_actor *a = &pv_actor[who];

    a->d = make_domain(who == PV_CONTROL, who == PV_HVM);
    if ( who == PV_HVM && p2m_pool_resize(a->d, 16) )
        fuzz_fail("no pool\n");
    for ( unsigned int i = 0; i < PV_KNOWN; i++ )
    {
        struct page *pg = who == PV_HVM ? page_alloc(a->d, 0, 0)
                                        : pv_alloc(a->d, 0);

        if ( !pg )
            fuzz_fail("no page\n");
        a->frame[i] = mfn_x(page_to_mfn(pg));
        if ( who == PV_HVM && p2m_set(a->d, _gfn(HVM_GFN + i), page_to_mfn(pg),
                                      P2M_RAM_RW) )
            fuzz_fail("no memory\n");
    }
    if ( pv_actor[PV_MODEL].d && pv_actor[PV_HVM].d )
        pv_actor[PV_MODEL].d->target_id = pv_actor[PV_HVM].d->domain_id;
}

enum pv_who pv_current(void)
{
    enum pv_who who = 0;

    while ( pv_actor[who].d != current_domain )
        who++;
    return who;
}

/* Its pages stay as long as others have mapped them. */
static void end(enum pv_who who)
{
    be(dom0, 0);
    while ( domain_kill(pv_actor[who].d) == -ERESTART )
        continue;
    pv_actor[who].d = NULL;
}

static void start(void)
{
    struct xen_domctl_createdomain config = {
        .max_vcpus = 1, .max_evtchn_port = -1, .max_grant_frames = 1,
        .max_maptrack_frames = 1, .grant_opts = XEN_DOMCTL_GRANT_version(1),
    };

    hosted_hooks = (struct hosted_hooks){
        .domain_create = domain_create_hook,
        .domain_relinquish = relinquish_hook,
        .domain_destroy = pv_domain_destroy,
    };
    dom0 = NULL;
    pv_machine_reset();
    if ( hosted_init(PV_FRAMES) ||
         domain_create(0, &config, true, &dom0) || vcpu_create(dom0, 0) )
        fuzz_fail("no machine\n");
    hosted_local_window(fuzz_arena, sizeof(fuzz_arena));
    memset(fuzz_arena, 0, sizeof(fuzz_arena));
    memset(pv_actor, 0, sizeof(pv_actor));
    caches_allowed = true;
    for ( enum pv_who who = 0; who < PV_WHO; who++ )
        make(who);
}

/* ---- what must hold after each operation ---- */

/* May a table of d map this? */
static void check_l1_entry(const struct domain *d, uint64_t e)
{
    uint64_t mfn = (e & PTE_ADDRESS) >> PAGE_SHIFT;
    const struct domain *owner;

    if ( is_io(_mfn(mfn)) && may_map_io(d, _mfn(mfn)) )
        return;
    if ( !mfn_valid(_mfn(mfn)) )
        fuzz_fail("%#lx is mapped\n", mfn);
    owner = mfn_to_page(_mfn(mfn))->owner;
    if ( !owner || !mfn_to_page(_mfn(mfn))->refs )
        fuzz_fail("%#lx is mapped, nobody's frame\n", mfn);
    if ( e & (PTE_PS | PTE_PCD | PTE_PWT) )
        fuzz_fail("RAM is mapped by %#lx\n", e);
    /* The target of a device model may have died. */
    if ( owner != d && d == pv_actor[PV_GUEST].d &&
         owner != pv_actor[PV_CONTROL].d )
        fuzz_fail("d%u maps a page of d%u\n", d->domain_id, owner->domain_id);
}

/* A program's root has nothing in the first one. */
static void check_hv_slots(const uint64_t *root)
{
    for ( unsigned int i = PV_FIRST_HV_SLOT; i <= PV_LAST_HV_SLOT; i++ )
        if ( root[i] != (0xabc000 | PTE_P) &&
             (root[i] || i != PV_FIRST_HV_SLOT) )
            fuzz_fail("a slot of the hypervisor's was written\n");
}

static void check_table(const struct domain *d, struct page *pg,
                        unsigned int level)
{
    const uint64_t *entry = page_to_virt(pg);

    if ( level == 4 )
        check_hv_slots(entry);
    for ( unsigned int i = pv_next_present(entry, 0, PV_ENTRIES); i < PV_ENTRIES;
          i = pv_next_present(entry, i + 1, PV_ENTRIES) )
    {
        if ( level == 4 && i >= PV_FIRST_HV_SLOT && i <= PV_LAST_HV_SLOT )
            continue;
        if ( !(entry[i] & PTE_US) || entry[i] & X86_BIT(8) )
            fuzz_fail("an entry is %#lx\n", entry[i]);
        if ( level == 1 )
            check_l1_entry(d, entry[i]);
    }
}

static void check_descriptors(struct page *pg)
{
    const uint64_t *desc = page_to_virt(pg);

    for ( unsigned int i = 0; i < 512; i++ )
    {
        unsigned int access = (unsigned int)(desc[i] >> 40) & 0xff;

        if ( !(access & 0x80) || access == 0x80 || (access & 0x9f) == 0x80 )
            continue;
        if ( !(access & 0x10) || (access & 0x60) != 0x60 )
            fuzz_fail("descriptor %#lx is in use\n", desc[i]);
    }
}

static void check_frames(void)
{
    for ( uint64_t mfn = 0; mfn < nr_frames; mfn++ )
    {
        struct page *pg = mfn_to_page(_mfn(mfn));
        enum pv_type t = pv_type(pg);

        if ( t == PV_SEG )
            check_descriptors(pg);
        else if ( t >= PV_L1 && t <= PV_L4 && pv_is_valid(pg) )
            check_table(pg->owner, pg, t);
    }
}

static void print_audit(const char *s, size_t len)
{
    fwrite(s, 1, len, stderr);
}

static void check(void)
{
    unsigned int wrong;

    tlb_check();
    check_frames();
    be(dom0, 0);
    hosted_hooks.console = print_audit;
    wrong = audit_all();
    hosted_hooks.console = NULL;
    if ( wrong )
        fuzz_fail("%u audit findings\n", wrong);
}

/* ---- operations ---- */

/* The CPU walks from a root that a vcpu has. */
static void touch(struct input *in, const struct domain *d)
{
    struct pv_roots *r = &d->pv->roots[in_below(in, VCPUS)];
    struct page *root = in_below(in, 2) ? r->kernel : r->user;

    for ( unsigned int i = 0; root && i < 4; i++ )
        tlb_touch(d, root, (uint64_t)in_below(in, 4) << 39 |
                  (uint64_t)in_below(in, 4) << 30 |
                  (uint64_t)in_below(in, 4) << 21 |
                  (uint64_t)in_below(in, 8) << 12);
}

/* The translated domain's memory goes and comes, or changes its type. */
static void change_hvm(struct input *in)
{
    struct domain *d = pv_actor[PV_HVM].d;
    gfn_t gfn = _gfn(HVM_GFN + in_below(in, PV_KNOWN));
    struct p2m_entry e = p2m_lookup(d, gfn);
    struct page *pg;

    if ( e.type == P2M_NONE )
    {
        pg = page_alloc(d, 0, 0);
        if ( pg && p2m_set(d, gfn, page_to_mfn(pg), P2M_RAM_RW) )
            page_put(pg);
        else if ( pg )
            pv_actor[PV_HVM].frame[in_below(in, PV_KNOWN)] =
                mfn_x(page_to_mfn(pg));
    }
    else if ( in_below(in, 2) )
        (void)!p2m_retype(d, gfn, e, in_below(in, 2) ? P2M_RAM_RO : P2M_RAM_RW);
    else
        (void)!p2m_remove(d, gfn, INVALID_MFN);
}

static void one_operation(struct input *in)
{
    unsigned int op = in8(in);
    struct domain *d = pv_actor[op % 3].d;

    be(d, op / 3 % VCPUS);
    cpu_root = NULL; /* this vcpu has not been on the CPU before */
    memset(&cpu_tables, 0, sizeof(cpu_tables));
    if ( op >= 0xf0 )
        touch(in, d);
    else if ( op >= 0xe8 )
        change_hvm(in);
    else if ( op >= 0xe0 && in_rarely(in, 64) )
    {
        end(op / 3 % PV_WHO);
        make(op / 3 % PV_WHO);
    }
    else
        pv_operation(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };
    unsigned int wrong;

    start();
    while ( in_more(&in) )
    {
        one_operation(&in);
        check();
        fuzz_ops++;
    }
    for ( enum pv_who who = 0; who < PV_WHO; who++ )
        end(who);
    pv_mm_exit();
    wrong = hosted_exit();
    if ( wrong )
        fuzz_fail("not everything was given back\n");
    return 0;
}
