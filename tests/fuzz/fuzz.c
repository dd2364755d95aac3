/* SPDX-License-Identifier: MIT */
/* The machine of a fuzz target: see fuzz.h. */
#include "fuzz.h"
#include "snapshot.h"

#include <hv/audit.h>
#include <hv/errno.h>
#include <hv/lib.h>
#include <hv/page.h>
#include <hv/trace.h>

#define FRAMES 1536
#define POOL_PAGES 32
#define AUDIT_EVERY 64
#define MAX_RESTARTS (1U << 20)
#define MAX_ERRNO 140

uint64_t fuzz_ops, fuzz_nested;
struct fuzz_domain fuzz_dom[FUZZ_NR];
bool fuzz_caller_32;
_Alignas(64) uint8_t fuzz_arena[FUZZ_SLOTS * FUZZ_SLOT];

static unsigned int present; /* who is to be there */
static struct page *client[FUZZ_CLIENT_PAGES];

uint64_t in_bytes(struct input *in, unsigned int bytes)
{
    uint64_t v = 0;

    for ( unsigned int i = 0; i < bytes; i++ )
        v |= (uint64_t)in8(in) << (8 * i);
    return v;
}

void fuzz_fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

/* ---- domains ---- */

static void make(enum fuzz_who who)
{
    static const unsigned int vcpus[FUZZ_NR] = { 1, 1, 4, 2, 1, 1 };
    struct xen_domctl_createdomain config = {
        .flags = who == FUZZ_DOM0 ? 0 : XEN_DOMCTL_CDF_hvm |
                                            XEN_DOMCTL_CDF_hap,
        .max_vcpus = vcpus[who],
        .max_evtchn_port = who == FUZZ_OTHER ? 200 : -1U,
        .max_grant_frames = who == FUZZ_OTHER ? 64 : 8,
        .max_maptrack_frames = 1,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
        .arch.emulation_flags = who == FUZZ_GUEST
                                    ? XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI
                                    : XEN_X86_EMU_LAPIC,
    };
    domid_t wanted = who == FUZZ_DOM0 ? 0 : DOMID_INVALID;
    struct domain *d;

    if ( domain_create(wanted, &config, who <= FUZZ_PVH, &d) )
        return;
    fuzz_dom[who] = (struct fuzz_domain){ d->domain_id, d };
    d->max_pages = 64;
    for ( unsigned int i = 0; i < vcpus[who]; i++ )
        if ( vcpu_create(d, i) )
            break;
    if ( who == FUZZ_STUB || who == FUZZ_STUB2 )
        d->target_id = fuzz_dom[FUZZ_GUEST].id;
    if ( d->translated )
        (void)!p2m_pool_resize(d, POOL_PAGES);
    for ( unsigned int i = 0; d->translated && i < FUZZ_RAM_PAGES; i++ )
    {
        struct page *pg = page_alloc(d, 0, 0);

        if ( !pg )
            break;
        if ( p2m_set(d, _gfn(FUZZ_RAM_GFN + i), page_to_mfn(pg), P2M_RAM_RW) )
            page_put(pg);
    }
    /* The other guest stays as its builder left it: it can be set up. */
    if ( who != FUZZ_OTHER )
        (void)!domain_ctl_unpause(d);
}

void fuzz_look_for_dead(void)
{
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
    {
        struct domain *d = fuzz_dom[i].d ? domain_get(fuzz_dom[i].id) : NULL;

        if ( d != fuzz_dom[i].d || (d && domain_is_dying(d)) )
            fuzz_dom[i].d = NULL;
        if ( d )
            domain_put(d);
    }
}

static void nobody(void)
{
    hosted_enter((struct hosted_context){ .v = NULL });
}

/* ---- clients ---- */

static void count_clients(void (*count)(mfn_t mfn, enum page_holder holder))
{
    for ( unsigned int i = 0; i < FUZZ_CLIENT_PAGES; i++ )
        if ( client[i] )
            count(page_to_mfn(client[i]), HOLD_ARCH);
}

void fuzz_client_map(uint64_t mfn, struct domain *owner)
{
    for ( unsigned int i = 0; i < FUZZ_CLIENT_PAGES; i++ )
        if ( !client[i] && mfn_valid(_mfn(mfn)) )
        {
            if ( page_get(mfn_to_page(_mfn(mfn)), owner) )
                client[i] = mfn_to_page(_mfn(mfn));
            break;
        }
}

void fuzz_client_unmap(unsigned int nr)
{
    struct page *pg = client[nr % FUZZ_CLIENT_PAGES];

    client[nr % FUZZ_CLIENT_PAGES] = NULL;
    if ( pg )
        page_put(pg);
}

void *fuzz_client_page(unsigned int nr)
{
    struct page *pg = client[nr % FUZZ_CLIENT_PAGES];

    return pg ? page_to_virt(pg) : NULL;
}

/* ---- life ---- */

static void print_audit(const char *s, size_t len)
{
    fwrite(s, 1, len, stderr);
}

static void audit(void)
{
    void (*console)(const char *, size_t) = hosted_hooks.console;
    unsigned int findings;

    hosted_hooks.console = print_audit;
    findings = audit_all();
    hosted_hooks.console = console;
    if ( findings )
        fuzz_fail("%u audit findings\n", findings);
}

static unsigned int nr_looks;

/* Some looks for an answer, then none: the same for each input. */
static bool may_look(const struct vcpu *v)
{
    (void)v;
    return ++nr_looks % 4;
}

static void make_machine(unsigned int who)
{
    if ( hosted_init(FRAMES) )
        fuzz_fail("no machine\n");
    trace_init(TRACE_MIN_SIZE);
    hosted_hooks.audit = count_clients;
    hosted_hooks.may_look = may_look;
    hosted_local_window(fuzz_arena, sizeof(fuzz_arena));
    memset(fuzz_dom, 0, sizeof(fuzz_dom));
    present = who;
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
        if ( who & (1U << i) )
            make(i);
    fuzz_cost_begin();
}

void fuzz_start(unsigned int who)
{
    static struct fuzz_domain first[FUZZ_NR];

    memset(fuzz_arena, 0, sizeof(fuzz_arena));
    nr_looks = 0;
    if ( !snapshot_possible() )
        make_machine(who);
    else if ( snapshot_restore() )
    {
        memcpy(fuzz_dom, first, sizeof(first));
        fuzz_cost_begin();
    }
    else
    {
        snapshot_heap();
        make_machine(who);
        memcpy(first, fuzz_dom, sizeof(first));
        nobody();
        snapshot_take();
    }
}

void fuzz_end(void)
{
    hosted_fail_alloc(0);
    hosted_preempt_every(0);
    nobody();
    audit();
    for ( unsigned int i = 0; i < FUZZ_CLIENT_PAGES; i++ )
        fuzz_client_unmap(i);
    if ( hosted_exit() )
        fuzz_fail("not everything was given back\n");
}

void fuzz_step_done(void)
{
    fuzz_cost_check();
    if ( ++fuzz_ops % AUDIT_EVERY )
        return;
    nobody();
    audit();
    timer_run();
    fuzz_look_for_dead();
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
        if ( (present & (1U << i)) && !fuzz_dom[i].d )
            make(i);
}

bool fuzz_be(enum fuzz_who who, unsigned int vcpu)
{
    struct domain *d = fuzz_dom[who].d;
    struct vcpu *v;

    if ( !d )
        return false;
    v = domain_vcpu(d, vcpu % d->max_vcpus);
    if ( !v || ioreq_in_flight(v) )
        return false;
    hosted_enter((struct hosted_context){ .v = v, .access = ACCESS_LOCAL });
    if ( v->flags & (VCPU_BLOCKED | VCPU_POLLING) )
        vcpu_wake(v);
    return true;
}

void *fuzz_guest_page(struct domain *d, uint64_t gfn)
{
    struct p2m_entry e = p2m_lookup(d, _gfn(gfn));

    if ( !p2m_has_page(e.type) || !p2m_is_writable(e.type) ||
         e.type == P2M_IOREQ )
        return NULL;
    return arch_mfn_to_virt(e.mfn);
}

/* ---- calls ---- */

long fuzz_call(struct input *in, struct hypercall *hc,
               void (*between)(struct input *in))
{
    static const unsigned int every[8] = { 0, 0, 0, 0, 1, 2, 3, 7 };
    struct vcpu *v = current;
    struct domain *d = v->domain;
    unsigned int how = in8(in), restarts = 0;
    long rc;

    domain_get_more(d);
    hosted_preempt_every(every[how % 8]);
    hosted_fail_alloc(how >= 0xe0 ? 1 + in_below(in, 16) : 0);
    do
    {
        fuzz_cost_actor(is_control_domain(d));
        rc = fuzz_caller_32 ? hypercall_dispatch_32(hc)
                            : hypercall_dispatch(hc);
        fuzz_cost_actor(false);
        if ( rc != -ERESTART )
            break;
        if ( ++restarts > MAX_RESTARTS )
            fuzz_fail("hypercall %lu does not end\n", hc->nr);
        if ( between && (how & 0x18) == 0x18 )
        {
            between(in);
            fuzz_nested++;
            hosted_enter((struct hosted_context){ .v = v });
            hosted_preempt_every(every[how % 8]);
        }
        if ( domain_is_dying(d) )
            rc = -ESRCH;
    } while ( rc == -ERESTART );
    hosted_fail_alloc(0);
    hosted_preempt_every(0);
    nobody();
    domain_put(d);
    if ( rc < -MAX_ERRNO )
        fuzz_fail("hypercall %lu returned %ld\n", hc->nr, rc);
    return rc;
}
