/* SPDX-License-Identifier: MIT */
/*
 * Debug keys about domains and their vcpus: `q` what there is, `d` vcpus'
 * registers, `r` who has a CPU or waits for one.
 *
 * Values are read one after the other while domains go on, but for registers:
 * those are read while the machine stands still or, where it cannot, while the
 * vcpu is paused.
 */
#include <hv/audit.h>
#include <hv/cpu-policy.h>
#include <hv/domain.h>
#include <hv/keys.h>
#include <hv/lib.h>

#include <xen/hvm/save.h>

#define NS_PER_MS 1000000UL

/* ---- q ---- */

static const char *state_of(const struct domain *d)
{
    static const char *const names[] = { "alive", "dying", "dead" };

    return names[READ_ONCE(d->state)];
}

static const char *place_of(const struct vcpu *v)
{
    static const char *const names[] = { "aside", "queued", "running" };

    return names[READ_ONCE(v->place)];
}

static void print_memory(struct key_press *k, struct domain *d)
{
    uint64_t tot, maximum, extra;
    unsigned int pool, used;

    spin_lock(&d->page_lock);
    tot = d->tot_pages;
    maximum = d->max_pages;
    extra = d->extra_pages;
    spin_unlock(&d->page_lock);
    spin_lock(&d->p2m.lock);
    pool = d->p2m.pool_pages;
    used = d->p2m.pool_used;
    spin_unlock(&d->p2m.lock);
    /* No limit is as many pages as there are numbers. */
    key_print(k, "  memory: tot %lu, max %ld, extra %lu of %lu, "
              "paging pool %u of %u pages", (unsigned long)tot, (long)maximum,
              (unsigned long)extra, (unsigned long)d->max_extra, used, pool);
}

static void print_vcpu(struct key_press *k, struct vcpu *v)
{
    const vcpu_info_ref_t *info = load_acquire(&v->info);
    uint32_t flags = READ_ONCE(v->flags);

    key_print(k, "  vcpu %u: CPU %u, %s%s%s%s, paused %u, upcall %s%s%s",
              v->vcpu_id, arch_vcpu_cpu(v), place_of(v),
              flags & VCPU_DOWN ? ", down" : "",
              flags & VCPU_BLOCKED ? ", blocked" : "",
              flags & VCPU_POLLING ? ", polling" : "",
              READ_ONCE(v->pause_count),
              READ_ONCE(info->evtchn_upcall_pending) ? "pending" : "none",
              READ_ONCE(info->evtchn_upcall_mask) ? ", masked" : "",
              ioreq_in_flight(v) ? ", waits for a device model" : "");
}

static void print_domain(struct key_press *k, struct domain *d)
{
    uint16_t code = READ_ONCE(d->shutdown_code);
    char shut[24] = "";

    if ( code != NOT_SHUT_DOWN )
        hv_snprintf(shut, sizeof(shut), ", shut down %u", code);
    key_print(k, "d%u: %s%s%s%s, paused %u (by controller %u), %u vcpus, "
              "refs %u", d->domain_id, state_of(d),
              d->is_privileged ? ", control domain" : "",
              d->translated ? ", translated" : "", shut,
              READ_ONCE(d->pause_count), READ_ONCE(d->ctl_pause_count),
              d->max_vcpus, READ_ONCE(d->refs));
    print_memory(k, d);
    evtchn_print_pending(k, d);
    for ( unsigned int i = 0; i < d->max_vcpus && !key_is_full(k); i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( v )
            print_vcpu(k, v);
    }
}

int domain_key_domains(struct key_press *k)
{
    key_each_domain(k, print_domain);
    return 0;
}

/* ---- d ---- */

static void print_registers(struct key_press *k, struct vcpu *v)
{
    struct hvm_hw_cpu c = { 0 };

    arch_vcpu_get_context(v, &c);
    key_print(k, "d%uv%u: CPU %u, %s", v->domain->domain_id, v->vcpu_id,
              arch_vcpu_cpu(v), place_of(v));
    key_print(k, "  rip %04x:%016lx rflags %08lx rsp %04x:%016lx", c.cs_sel,
              c.rip, c.rflags, c.ss_sel, c.rsp);
    key_print(k, "  rax %016lx rbx %016lx rcx %016lx rdx %016lx", c.rax, c.rbx,
              c.rcx, c.rdx);
    key_print(k, "  rsi %016lx rdi %016lx rbp %016lx r8  %016lx", c.rsi, c.rdi,
              c.rbp, c.r8);
    key_print(k, "  r9  %016lx r10 %016lx r11 %016lx r12 %016lx", c.r9, c.r10,
              c.r11, c.r12);
    key_print(k, "  r13 %016lx r14 %016lx r15 %016lx efer %lx", c.r13, c.r14,
              c.r15, c.msr_efer);
    key_print(k, "  cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx", c.cr0, c.cr2,
              c.cr3, c.cr4);
}

static void print_all_registers(struct key_press *k, struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus && !key_is_full(k); i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( d->translated && v && READ_ONCE(v->initialised) )
            print_registers(k, v);
    }
}

/* Control domains could pause each other, and wait for ever. */
static void pause_and_print(struct key_press *k, struct domain *d)
{
    if ( is_control_domain(d) )
        return;
    domain_pause(d);
    print_all_registers(k, d);
    domain_unpause(d);
}

int domain_key_registers(struct key_press *k)
{
    int rc = arch_stop_machine();

    if ( rc == -EOPNOTSUPP )
    {
        key_each_domain(k, pause_and_print);
        return 0;
    }
    if ( rc )
        return rc;
    key_each_domain(k, print_all_registers);
    arch_start_machine();
    return 0;
}

/* ---- r ---- */

#define MAX_QUEUED 64U

struct queued {
    domid_t domid;
    uint16_t vcpu;
    uint8_t place;
    uint64_t since;
};

/* On one CPU: who runs, then who waits, the longest first. */
static bool comes_before(const struct queued *a, const struct queued *b)
{
    return a->place != b->place ? a->place > b->place : a->since < b->since;
}

struct queue {
    unsigned int cpu, nr, left_out;
    struct queued of[MAX_QUEUED];
};

static void insert(struct queue *q, const struct queued *e)
{
    unsigned int i = q->nr;

    if ( i == MAX_QUEUED )
    {
        q->left_out++;
        return;
    }
    for ( ; i && comes_before(e, &q->of[i - 1]); i-- )
        q->of[i] = q->of[i - 1];
    q->of[i] = *e;
    q->nr++;
}

static void look_for_queued(struct queue *q, struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);
        struct queued e = { d->domain_id, (uint16_t)i, VCPU_ASIDE, 0 };

        if ( !v )
            continue;
        spin_lock(&v->lock);
        e.place = v->place;
        e.since = v->runstate.state_entry_time;
        spin_unlock(&v->lock);
        if ( e.place != VCPU_ASIDE && arch_vcpu_cpu(v) == q->cpu )
            insert(q, &e);
    }
}

static void print_queue(struct key_press *k, struct queue *q)
{
    struct domain *d;
    unsigned int next = 0;
    uint64_t now = now_ns();

    while ( next < DOMID_FIRST_RESERVED &&
            (d = domain_get_from((domid_t)next)) != NULL )
    {
        next = d->domain_id + 1U;
        look_for_queued(q, d);
        domain_put(d);
    }
    key_print(k, "CPU %u: idle for %lu ms in all, %u vcpus run or wait%s",
              q->cpu, (unsigned long)(arch_cpu_idle_ns(q->cpu) / NS_PER_MS),
              q->nr + q->left_out, q->left_out ? "; some of them:" : "");
    for ( unsigned int i = 0; i < q->nr; i++ )
        key_print(k, "  d%uv%u: %s for %lu us", q->of[i].domid, q->of[i].vcpu,
                  q->of[i].place == VCPU_ON_CPU ? "running" : "queued",
                  now > q->of[i].since
                      ? (unsigned long)(now - q->of[i].since) / 1000 : 0UL);
}

int domain_key_queues(struct key_press *k)
{
    struct cpu_info info;

    arch_cpu_info(&info);
    for ( unsigned int cpu = 0; cpu < info.nr_cpus && !key_is_full(k); cpu++ )
    {
        struct queue q = { .cpu = cpu };

        print_queue(k, &q);
    }
    return 0;
}
