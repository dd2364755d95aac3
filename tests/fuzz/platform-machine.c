/* SPDX-License-Identifier: MIT */
/*
 * The machine of fuzz-platform.c: the bare machine's files that connect an HVM
 * guest's devices, with the calls between them led through the model, and a
 * clock that moves by platform_pass() only.
 */
#include "platform.h"

#include <emul/rules.h>
#include <hv/budget.h>
#include <hv/hvm-irq.h>
#include <hv/hvm-save.h>
#include <xen/hvm/params.h>
#include <x86/hvm-vendor.h>

#include "../../xen/arch/x86/svm/svm.h"

static void move_utc(struct domain *d, int64_t seconds)
{
    d->utc_offset += (uint64_t)seconds;
}

static void set_utc(struct domain *d, int64_t seconds)
{
    d->utc_offset = (uint64_t)seconds;
}

static void no_ioreq_servers(struct domain *d, int64_t seconds)
{
    (void)d, (void)seconds;
}

/* The machine's own are the hosted machine's; the model looks at these calls. */
#define arch_set_isa_irq platform_set_isa_irq
#define arch_set_pci_intx platform_set_pci_intx
#define arch_set_pci_link platform_set_pci_link
#define arch_inject_msi platform_inject_msi
#define arch_send_nmi platform_send_nmi
#define arch_press_button platform_press_button
#define arch_hvm_records platform_records
#define domain_move_utc move_utc
#define domain_set_utc_offset set_utc
#define ioreq_time_moved no_ioreq_servers
#define irq_lines_set_isa model_set_isa
#define irq_lines_set_gsi model_set_gsi
#define irq_lines_set_intx model_set_intx
#define irq_lines_set_link model_set_link
#define irq_lines_route_callback model_route_callback
#define irq_lines_set_callback model_set_callback
#define vpic_set_irq model_pic_input
#define vpic_ack model_pic_ack
#define vpic_read model_pic_read
#define vpic_write model_pic_write
#define vioapic_set_irq model_pin
#define vioapic_mmio_write model_ioapic_write

#include "../../xen/arch/x86/hvm/irq.c"
#include "../../xen/arch/x86/hvm/event.c"
#include "../../xen/arch/x86/hvm/platform.c"
#include "../../xen/arch/x86/hvm/vclocks.c"
#include "../../xen/arch/x86/hvm/save.c"
#include "../../xen/arch/x86/hvm/context.c"

struct domain platform;
struct vcpu platform_vcpu[PLATFORM_VCPUS];

static struct vcpu *vcpu_table[PLATFORM_VCPUS];
static struct domain dom0;
static struct vcpu caller = { .domain = &dom0 };
static uint64_t the_time;
static unsigned int accesses; /* since time has passed */

/* ---- the machine ---- */

static uint64_t now(void)
{
    return the_time;
}

static uint64_t wallclock(void)
{
    return 1735689539 * NS_PER_S + the_time;
}

static bool rdmsr_pat(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    *value = *platform_pat(v);
    return msr == MSR_PAT;
}

static bool wrmsr_pat(struct vcpu *v, uint32_t msr, uint64_t value)
{
    *platform_pat(v) = value;
    return msr == MSR_PAT;
}

static const struct hvm_vendor no_vendor = { .rdmsr = rdmsr_pat,
                                             .wrmsr = wrmsr_pat,
                                             .set_context = svm_set_context,
                                             .get_context = svm_get_context };
const struct hvm_vendor *vendor = &no_vendor;

/* The MSRs that save.c has records of, besides MTRRs. */
bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    *value = msr == MSR_TSC_AUX ? *platform_tsc_aux(v) : 0;
    return true;
}

bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    if ( msr != MSR_TSC_AUX || value >> 32 )
        return false;
    *platform_tsc_aux(v) = (uint32_t)value;
    return true;
}

struct vlapic *lapic_of(struct vcpu *v)
{
    return &v->arch.hvm.vlapic;
}

static void init_received(struct vcpu *v)
{
    vlapic_reset(lapic_of(v));
    vcpu_wake(v);
    v->arch.hvm.extint = 0;
    model_accept();
}

static void sipi_received(struct vcpu *v, uint8_t vector)
{
    (void)v, (void)vector;
}

static void level_ended(struct vcpu *v, uint8_t vector)
{
    (void)v;
    model_eoi(vector);
}

static void intr_moved(struct vcpu *v)
{
    hvm_intr_moved(v->domain);
}

static const struct vlapic_machine machine = {
    lapic_of, init_received, sipi_received, level_ended, intr_moved,
};

static bool interrupt_pending(const struct vcpu *v)
{
    const struct vlapic *l = &v->arch.hvm.vlapic;

    return vlapic_nmi_pending(l) || vlapic_pending(l) >= 0 ||
           v->arch.hvm.extint ||
           (has_controllers(v->domain) && hvm_pic_reaches(v));
}

void platform_begin(uint32_t flags)
{
    memset(&platform, 0, sizeof(platform));
    memset(&hosted_hooks, 0, sizeof(hosted_hooks));
    hosted_hooks.now = now;
    hosted_hooks.wallclock = wallclock;
    hosted_hooks.interrupt_pending = interrupt_pending;
    hosted_hooks.set_context = hvm_set_context;
    hosted_hooks.get_context = hvm_get_context;
    hosted_hooks.hvm_records = platform_records;
    hosted_enter((struct hosted_context){ .v = &caller,
                                          .access = ACCESS_LOCAL });
    the_time = NS_PER_S;
    timer_system_init();
    wallclock_init();
    vlapic_machine_register(&machine);
    platform.translated = true;
    platform.max_vcpus = PLATFORM_VCPUS;
    platform.vcpu = vcpu_table;
    platform.shutdown_code = NOT_SHUT_DOWN;
    platform.config.arch.emulation_flags = flags;
    platform.params[HVM_PARAM_HPET_ENABLED] = 1;
    model_begin();
    if ( hvm_irq_create(&platform) )
        fuzz_fail("no memory\n");
    platform_init(&platform);
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
    {
        struct vcpu *v = &platform_vcpu[i];

        memset(v, 0, sizeof(*v));
        v->domain = &platform;
        v->vcpu_id = i;
        v->info = &v->own_info;
        spin_lock_init(&v->lock, LOCK_VCPU);
        vcpu_table[i] = v;
        vmtrr_init(&v->arch.hvm.mtrr, true);
        vlapic_init(lapic_of(v), v, i);
        platform_cpu_begin(v);
    }
}

void platform_end(void)
{
    platform_stop(&platform);
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
    {
        vlapic_destroy(lapic_of(&platform_vcpu[i]));
        platform_cpu_end(&platform_vcpu[i]);
        spin_lock_destroy(&platform_vcpu[i].lock);
    }
    platform_destroy(&platform);
    hvm_irq_destroy(&platform);
}

/* A clock that has a next edge has a timer, when no clock rests. */
void platform_check_timers(const struct vcpu *v)
{
    struct hvm_domain *h = &platform.arch.hvm;
    const struct vlapic *l = &v->arch.hvm.vlapic;

    if ( h->vpit.line.set && h->vpit.edge != VLINE_NEVER &&
         !timer_is_armed(&h->vpit.line.timer) )
        fuzz_fail("the PIT rests for ever\n");
    if ( h->vhpet.rest || h->clocks_rest )
        fuzz_fail("the HPET rests for ever\n");
    if ( l->deadline && !(l->lvt[LVT_TIMER] & 0x10000) &&
         !timer_is_armed(&l->timer) )
        fuzz_fail("a local APIC's timer rests for ever\n");
}

/* ---- time ---- */

static struct timer *timer_nr(unsigned int i)
{
    struct hvm_domain *h = &platform.arch.hvm;
    struct timer *clocks[] = { &h->vpit.line.timer, &h->vrtc.line.timer,
                               &h->vpmtimer.line.timer, &h->vhpet.line.timer };

    return i < ARRAY_SIZE(clocks)
               ? clocks[i] : &lapic_of(&platform_vcpu[i - 4])->timer;
}
#define NR_TIMERS (4 + PLATFORM_VCPUS)
#define HPET_TIMER 3

static bool first_due(uint64_t until, unsigned int *nr)
{
    uint64_t when = until;
    bool found = false;

    for ( unsigned int i = 0; i < NR_TIMERS; i++ )
        if ( timer_is_armed(timer_nr(i)) && timer_nr(i)->expires <= when )
        {
            when = timer_nr(i)->expires;
            *nr = i;
            found = true;
        }
    return found;
}

/* Once a second while an event is awaited, and at most one edge. */
#define RESTING_MOST 6

void platform_pass(uint64_t ns)
{
    uint64_t until = the_time + ns, calls[NR_TIMERS] = { 0 };
    uint64_t most = ns / VLINE_MIN_PERIOD_NS + 2 + accesses;
    unsigned int nr;

    if ( platform.pause_count )
        most = RESTING_MOST;
    while ( first_due(until, &nr) )
    {
        the_time = max(the_time, timer_nr(nr)->expires);
        timer_run();
        if ( ++calls[nr] > (nr == HPET_TIMER ? 3 * most : most) )
            fuzz_fail("timer %u comes %lu times in %lu ns\n", nr, calls[nr],
                      ns);
    }
    the_time = until;
    accesses = 0;
}

void platform_accessed(void)
{
    accesses++;
}

void platform_operation(void (*operation)(struct input *in), bool timed,
                        struct input *in)
{
    model_step();
    platform_accessed();
    if ( !timed )
        budget_begin();
    operation(in);
    if ( !timed )
        budget_end();
    model_check();
    fuzz_ops++;
}
