/* SPDX-License-Identifier: MIT */
/*
 * An HVM guest's platform devices: ports and memory of all sizes, MSRs, lines
 * and messages from device models, vcpus that take interrupts, time, records.
 *
 * After each operation the model (platform-model.c) finds no interrupt lost or
 * invented; no timer comes more often than each 100 us and a write of a guest's
 * allow; a record that is saved loads and saves to the same bytes, and one that
 * is refused changes nothing.  One operation takes no more steps than hv/budget.h
 * says.
 */
#include "platform.h"

#include <emul/rules.h>
#include <hv/budget.h>
#include <hv/hvm-irq.h>
#include <hv/hvm-save.h>
#include <xen/hvm/params.h>
#include <x86/hvm-vendor.h>

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
int platform_set_isa_irq(struct domain *d, unsigned int irq, bool asserted);
int platform_set_pci_intx(struct domain *d, unsigned int device,
                          unsigned int intx, bool asserted);
int platform_set_pci_link(struct domain *d, unsigned int link,
                          unsigned int irq);
int platform_inject_msi(struct domain *d, uint64_t address, uint32_t data);
const struct hvm_record *platform_records(unsigned int *nr);

#include "../../xen/arch/x86/hvm/irq.c"
#include "../../xen/arch/x86/hvm/event.c"
#include "../../xen/arch/x86/hvm/platform.c"
#include "../../xen/arch/x86/hvm/vclocks.c"
#include "../../xen/arch/x86/hvm/save.c"

#define MAX_RECORD 2048
#define PVH_ONE_IN 16

struct domain platform;
struct vcpu platform_vcpu[PLATFORM_VCPUS];

static struct vcpu *vcpu_table[PLATFORM_VCPUS];
static uint64_t the_time, pat[PLATFORM_VCPUS];
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
    *value = pat[v->vcpu_id];
    return msr == MSR_PAT;
}

static bool wrmsr_pat(struct vcpu *v, uint32_t msr, uint64_t value)
{
    pat[v->vcpu_id] = value;
    return msr == MSR_PAT;
}

static const struct hvm_vendor no_vendor = { .rdmsr = rdmsr_pat,
                                             .wrmsr = wrmsr_pat };
const struct hvm_vendor *vendor = &no_vendor;

/* The MSRs that save.c has records of, besides MTRRs. */
static uint64_t saved_msr[PLATFORM_VCPUS];

bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    *value = msr == MSR_TSC_AUX ? saved_msr[v->vcpu_id] : 0;
    return true;
}

bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    if ( msr != MSR_TSC_AUX || value >> 32 )
        return false;
    saved_msr[v->vcpu_id] = value;
    return true;
}

static struct vlapic *lapic_of(struct vcpu *v)
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

static void begin(uint32_t flags)
{
    memset(&platform, 0, sizeof(platform));
    memset(&hosted_hooks, 0, sizeof(hosted_hooks));
    hosted_hooks.now = now;
    hosted_hooks.wallclock = wallclock;
    hosted_hooks.interrupt_pending = interrupt_pending;
    the_time = NS_PER_S;
    timer_system_init();
    wallclock_init();
    vlapic_machine_register(&machine);
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
        pat[i] = 0x0007040600070406;
        saved_msr[i] = 0;
    }
}

static void end(void)
{
    platform_stop(&platform);
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
    {
        vlapic_destroy(lapic_of(&platform_vcpu[i]));
        spin_lock_destroy(&platform_vcpu[i].lock);
    }
    platform_destroy(&platform);
    hvm_irq_destroy(&platform);
}

/* ---- what a vcpu does ---- */

/* A clock that has a next edge has a timer, when no clock rests. */
static void check_timers(struct vcpu *v)
{
    struct hvm_domain *h = &platform.arch.hvm;
    const struct vlapic *l = lapic_of(v);

    if ( h->vpit.line.set && h->vpit.edge != VLINE_NEVER &&
         !timer_is_armed(&h->vpit.line.timer) )
        fuzz_fail("the PIT rests for ever\n");
    if ( h->vhpet.rest || h->clocks_rest )
        fuzz_fail("the HPET rests for ever\n");
    if ( l->deadline && !(l->lvt[LVT_TIMER] & 0x10000) &&
         !timer_is_armed(&l->timer) )
        fuzz_fail("a local APIC's timer rests for ever\n");
}

/* One that has entered the guest since. */
static struct vcpu *some_vcpu(struct input *in)
{
    struct vcpu *v = &platform_vcpu[in_rarely(in, 4) ? in_below(in, 4) : 0];

    platform.pause_count = 0;
    vcpu_wake(v);
    event_timers_resume(v);
    check_timers(v);
    return v;
}

/* value NULL: any; else it is written, mostly. */
static void access(struct vcpu *v, struct input *in, bool memory,
                   uint64_t addr, const uint64_t *value)
{
    unsigned int shift = in_rarely(in, 4) ? in_below(in, 4) : memory ? 2 : 0;
    ioreq_t p = {
        .addr = addr, .size = 1U << min(shift, memory ? 3U : 2U), .count = 1,
        .dir = in_below(in, 4) ? IOREQ_WRITE : IOREQ_READ,
    };
    enum io_result result = IO_UNHANDLED;

    if ( p.dir == IOREQ_WRITE )
        p.data = value ? *value : in_bytes(in, in_rarely(in, 4) ? p.size : 1);
    (void)(memory ? platform_memory(v, &p, &result)
                  : platform_port(v, &p, &result));
}

static void port(struct input *in)
{
    static const uint16_t ports[] = {
        0x20, 0x21, 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x40, 0x41,
        0x42, 0x43, 0x43, 0x61, 0x70, 0x71, 0x70, 0x71, 0x1f40, 0x1f42, 0x1f48,
        0xb000, 0xb002, 0xb008, 0x3f, 0x44, 0x60,
    };

    access(some_vcpu(in), in, false, ports[in_below(in, ARRAY_SIZE(ports))],
           NULL);
}

/* A whole command of the RTC: the register first. */
static void rtc(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    ioreq_t p = { .addr = VRTC_INDEX, .size = 1, .count = 1,
                  .dir = IOREQ_WRITE, .data = in_below(in, 18) };
    enum io_result result;

    (void)platform_port(v, &p, &result);
    access(v, in, false, VRTC_DATA, NULL);
}

/* Both chips as firmware and kernels set them up; then any can be masked. */
static void pic_init(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    uint8_t icw4 = in8(in);
    const uint8_t writes[][2] = { { 0, 0x11 }, { 1, 0x20 }, { 1, 4 },
                                  { 1, icw4 }, { 1, in8(in) & in8(in) } };

    for ( unsigned int i = 0; i < 2 * ARRAY_SIZE(writes); i++ )
    {
        ioreq_t p = { .addr = (i & 1 ? 0xa0U : 0x20U) + writes[i / 2][0],
                      .size = 1, .count = 1, .dir = IOREQ_WRITE,
                      .data = writes[i / 2][1] };
        enum io_result result;

        (void)platform_port(v, &p, &result);
    }
}

static void hpet(struct input *in)
{
    static const uint16_t offsets[] = { 0x00, 0x10, 0x10, 0x20, 0xf0,
                                        0x100, 0x108, 0x120, 0x128, 0x140,
                                        0x148, 0x104, 0x3f8 };
    uint64_t at = offsets[in_below(in, ARRAY_SIZE(offsets))];

    access(some_vcpu(in), in, true,
           VHPET_BASE + at + (in_rarely(in, 16) ? in_below(in, 8) : 0), NULL);
}

static void ioapic(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    enum io_result result;
    ioreq_t p = { .addr = VIOAPIC_PAGE, .size = 4, .count = 1,
                  .dir = IOREQ_WRITE, .data = 0x10U + in_below(in, 98) };

    if ( in_rarely(in, 8) )
    {
        access(v, in, true, VIOAPIC_PAGE + (in8(in) & 0x5f), NULL);
        return;
    }
    (void)platform_memory(v, &p, &result);
    p.addr += 0x10;
    /* Mostly vectors and destinations that exist. */
    p.data = in_below(in, 4) ? in_bytes(in, 1) | (in8(in) & 0xa9UL) << 8
                             : in_bytes(in, 4);
    (void)platform_memory(v, &p, &result);
}

/* By the page, or in x2APIC mode by an MSR; any vector that is written may come. */
static void lapic_access(struct input *in)
{
    static const uint16_t offsets[] = {
        0x20, 0x80, 0xb0, 0xb0, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310,
        0x320, 0x320, 0x350, 0x370, 0x380, 0x380, 0x390, 0x3e0, 0x100, 0x3f0,
    };
    struct vcpu *v = some_vcpu(in);
    uint64_t at = offsets[in_below(in, ARRAY_SIZE(offsets))], value;
    uint32_t n;

    if ( in_rarely(in, 16) )
        at = in_bytes(in, 2) & 0xfff;
    value = at == 0xf0 && in_below(in, 8) ? 0x1ff
                                          : in_bytes(in, in_below(in, 5));
    model_allow(value & 0xff);
    n = MSR_X2APIC_FIRST + (uint32_t)(at >> 4);
    if ( vlapic_is_x2apic(lapic_of(v)) )
    {
        if ( !vlapic_msr_write(lapic_of(v), n, value) &&
             vlapic_msr_read(lapic_of(v), n, &value) && value >> 32 &&
             at != 0x300 )
            fuzz_fail("MSR %x has more than 32 bits\n", n);
        return;
    }
    /* ICR: another vector with the half that is not written. */
    model_allow(lapic_of(v)->icr & 0xff);
    access(v, in, true, VLAPIC_PAGE + at, &value);
}

static void msr(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    struct vmtrr *mtrr = &v->arch.hvm.mtrr;
    uint64_t value = in_bytes(in, 8), old;
    uint32_t n = 0x200U + in8(in);
    bool kept;

    if ( in_rarely(in, 4) )
    {
        if ( vlapic_base_write(lapic_of(v),
                               VLAPIC_PAGE | (v->vcpu_id ? 0 : APIC_BASE_BSP) |
                               (value & 0xc00)) )
            model_accept();
        return;
    }
    if ( !vmtrr_is(n) )
        return;
    value &= in_below(in, 4) ? 0x0707070707070707 : UINT64_MAX;
    old = vmtrr_read(mtrr, n);
    kept = vmtrr_write(mtrr, n, value);
    if ( vmtrr_read(mtrr, n) != (kept ? value : old) )
        fuzz_fail("MTRR %x is not what was written\n", n);
}

static void halt(struct input *in)
{
    unsigned int vcpus = in8(in);

    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        if ( vcpus >> i & 1 )
            vcpu_block(&platform_vcpu[i]);
    platform.pause_count = vcpus >= 0xe0;
}

/* Entries of a vcpu: it takes what interrupts it. */
static void enter(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    bool window = false, ready = in_below(in, 8);
    int vector = event_next(v, ready, &window);

    if ( vector < 0 )
        return;
    if ( v->arch.hvm.event_source == EVENT_LAPIC )
        model_taken(v->vcpu_id, (unsigned int)vector);
    event_taken(v, (unsigned int)vector);
    if ( in_rarely(in, 8) )
    {
        model_allow((unsigned int)vector);
        event_returned(v, (unsigned int)vector);
    }
}

/* As handlers do at their end. */
static void end_of_interrupt(struct input *in)
{
    struct vcpu *v = some_vcpu(in);
    enum io_result result;
    ioreq_t p = { .addr = 0x20, .size = 1, .count = 1, .dir = IOREQ_WRITE,
                  .data = 0x20 };

    vlapic_eoi(lapic_of(v));
    (void)platform_port(v, &p, &result);
    p.addr = 0xa0;
    (void)platform_port(v, &p, &result);
}

/* ---- what device models do ---- */

static void line(struct input *in)
{
    bool asserted = in8(in) & 1;

    switch ( in_below(in, 4) )
    {
    case 0:
        (void)platform_set_pci_intx(&platform, in_below(in, 32),
                                    in_below(in, 4), asserted);
        break;
    case 1:
        (void)platform_set_pci_link(&platform, in_below(in, 4),
                                    in_below(in, 16));
        break;
    default:
        (void)platform_set_isa_irq(&platform, in_below(in, 16), asserted);
        break;
    }
}

static void message_signalled(struct input *in)
{
    uint64_t address = 0xfee00000UL | in_bytes(in, 3);
    uint32_t data = (uint32_t)in_bytes(in, 2) & (in_below(in, 4) ? 0xff : ~0U);
    struct vlapic_message msg = {
        .dest = address >> 12 & 0xff, .logical = address & 4,
        .level = data & 0x8000, .mode = data >> 8 & 7, .vector = (uint8_t)data,
    };
    int rc;

    if ( msg.dest == 0xff && !msg.logical )
        msg.dest = VLAPIC_BROADCAST;
    if ( msg.mode <= VLAPIC_LOWEST )
        model_msi(&msg);
    rc = platform_inject_msi(&platform, address, data);
    if ( (rc == -EINVAL) != (msg.mode > VLAPIC_LOWEST) )
        fuzz_fail("an MSI of mode %u: %d\n", msg.mode, rc);
}

static void upcall(struct input *in)
{
    struct vcpu *v = &platform_vcpu[in_below(in, PLATFORM_VCPUS)];
    uint64_t *via = &platform.params[HVM_PARAM_CALLBACK_IRQ];

    v->own_info.evtchn_upcall_pending = in8(in) & 1;
    if ( in_rarely(in, 4) )
        *via = (uint64_t)in_below(in, 4) << 56 | in_bytes(in, 2);
    event_update_line(&platform);
    if ( v->own_info.evtchn_upcall_pending )
        vcpu_wake(v);
}

static void toolstack(struct input *in)
{
    static const unsigned int params[] = {
        HVM_PARAM_HPET_ENABLED, HVM_PARAM_ACPI_IOPORTS_LOCATION,
    };

    platform.params[params[in_below(in, 2)]] = in8(in) & 1;
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

static void pass(struct input *in)
{
    uint64_t ns = (in_bytes(in, 5) >> in_below(in, 40)) % NS_PER_S;
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

/* ---- records ---- */

static uint64_t record_data[3][MAX_RECORD / 8];

static uint32_t save(const struct hvm_record *r, unsigned int instance,
                     uint64_t *data)
{
    memset(data, 0, MAX_RECORD);
    return r->save(&platform, instance, data);
}

/*
 * What the loaded state is saved as must load, and be the same again.  Other
 * than that a local APIC's two records belong together, and a one-shot count
 * that was over begins anew.
 */
static void stays(const struct hvm_record *r, unsigned int i,
                  const uint64_t *before)
{
    uint64_t *first = record_data[1], *second = record_data[2];
    uint32_t len = save(r, i, first);

    if ( before && (r->code != HVM_SAVE_CODE(LAPIC_REGS)) &&
         memcmp(before, first, MAX_RECORD) )
        fuzz_fail("record %u is loaded as something else\n", r->code);
    if ( r->code == HVM_SAVE_CODE(LAPIC) || !len )
        return;
    if ( r->load(&platform, i, first) )
        fuzz_fail("record %u does not load\n", r->code);
    if ( save(r, i, second) != len || memcmp(first, second, MAX_RECORD) )
        fuzz_fail("record %u changes by being loaded\n", r->code);
}

static void damage(struct input *in, uint64_t *data, uint32_t size)
{
    for ( unsigned int n = 1 + in_below(in, 4); n--; )
    {
        uint8_t *at = (uint8_t *)data + in_bytes(in, 2) % size;

        if ( in8(in) & 1 )
            *at ^= (uint8_t)(1U << in_below(in, 8));
        else
            *at = in8(in);
    }
}

static void record(struct input *in)
{
    unsigned int nr, i;
    const struct hvm_record *r = platform_records(&nr);
    bool damaged = in8(in) & 1;
    uint32_t len;

    r += in_below(in, nr);
    i = in_below(in, r->instances == RECORD_PER_VCPU ? PLATFORM_VCPUS
                                                     : r->instances);
    len = save(r, i, record_data[0]);
    if ( !len && !damaged )
        return;
    if ( !damaged && r->code == HVM_SAVE_CODE(LAPIC) )
        return; /* without the other it is half */
    if ( damaged )
        damage(in, record_data[0], r->size);
    memcpy(record_data[1], record_data[0], MAX_RECORD);
    (void)save(r, i, record_data[2]);
    if ( !r->load(&platform, i, record_data[1]) )
        stays(r, i, damaged ? NULL : record_data[0]);
    else if ( !damaged )
        fuzz_fail("record %u does not load\n", r->code);
    else if ( save(r, i, record_data[1]),
              memcmp(record_data[1], record_data[2], MAX_RECORD) )
        fuzz_fail("record %u is refused and changes something\n", r->code);
    model_accept();
    for ( i = 0; i < PLATFORM_VCPUS; i++ ) /* their records begin here, too */
        vcpu_wake(&platform_vcpu[i]);
}

/* ---- operations ---- */

static void (*const operations[])(struct input *in) = {
    port, port, port, port, rtc, pic_init, hpet, hpet, ioapic, ioapic, ioapic,
    lapic_access, lapic_access, lapic_access, msr, halt, enter, enter, enter,
    enter, end_of_interrupt, end_of_interrupt, line, line, line,
    message_signalled, upcall, toolstack, pass, pass, pass, record,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    begin(in_rarely(&in, PVH_ONE_IN) ? XEN_X86_EMU_LAPIC
                                     : XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI);
    while ( in_more(&in) )
    {
        unsigned int i = in_below(&in, ARRAY_SIZE(operations));

        model_step();
        accesses++;
        if ( operations[i] == pass ) /* timers count for themselves */
            pass(&in);
        else
        {
            budget_begin();
            operations[i](&in);
            budget_end();
        }
        model_check();
        fuzz_ops++;
    }
    end();
    return 0;
}
