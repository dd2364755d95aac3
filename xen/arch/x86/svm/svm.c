/* SPDX-License-Identifier: MIT */
/*
 * AMD's virtualisation: the operations of x86/hvm-vendor.h, and entry to and
 * exit from the guest.
 *
 *   run: ASID -> is an instruction over? -> events -> svm_enter()
 *          -> V_IRQ not taken -> registers, TPR -> interrupted event
 *          -> svm_exit()
 */
#include <emul/control-regs.h>
#include <emul/guest-walk.h>
#include <hv/heap.h>
#include <hv/lib.h>

#include <x86/boot.h>
#include <x86/cpu.h>
#include <x86/errata.h>
#include <x86/irq.h>
#include <x86/platform.h>

#include "svm.h"
#include "usable.h"
#include "vmcb-check.h"

struct svm_features svm_features;

/* ---- debug builds: check the VMCB before VMRUN ---- */

#ifdef DEBUG
static struct vmcb_limits limits;
static bool disturbed; /* by an interrupt in front of each second entry */

static void debug_limits(void)
{
    limits = (struct vmcb_limits){
        .nr_asids = svm_features.nr_asids,
        .mode = {
            .cr4 = cr4_bits(NULL),
            .efer = efer_bits(NULL) | EFER_SVME,
            .physical = physical_bits(NULL),
        },
        .flush_asid = svm_features.flush_asid,
    };
    disturbed = option_bool("disturb_entries", false);
    /* Looked after also where the processor does not care. */
    svm_features.clean = CLEAN_ALL;
    for ( unsigned int code = 0; code < NR_INTERCEPT_WORDS * 32; code++ )
        ASSERT(!svm_is_intercepted(code) || svm_exit_is_known(code));
}

static const char *check_entry(const struct vcpu *v)
{
    const struct svm_vcpu *s = svm_of(v);
    const struct svm_cpu *sc = this_cpu()->vendor;
    const char *broken = vmcb_check(s->vmcb, &limits);

    ASSERT(rdmsr(MSR_EFER) & EFER_SVME);
    ASSERT(rdmsr(MSR_VM_HSAVE_PA) == sc->save_pa && sc->host_pa);
    ASSERT(s->cpu == sc && s->generation == sc->generation);
    if ( !broken && s->vmcb->clean )
        broken = vmcb_check_clean(s->vmcb, s->kept);
    return broken;
}

static void refuse_entry(struct vcpu *v, const char *broken)
{
    vmcb_show(v);
    guest_printk(v->domain, XENLOG_ERR, "ASSERT: d%uv%u: its VMCB: %s\n",
                 v->domain->domain_id, v->vcpu_id, broken);
    domain_crash(v->domain, "vcpu %u: its VMCB: %s", v->vcpu_id, broken);
}

/* The exit comes before the guest's next instruction, often for the first time. */
static void disturb(const struct vcpu *v)
{
    if ( disturbed && (v->arch.exits & 1) )
        lapic_send_ipi(this_cpu()->apic_id, VECTOR_RESCHEDULE);
}

static void left(struct svm_vcpu *s)
{
    memcpy(s->kept, s->vmcb, offsetof(struct vmcb, reserved_678));
}
#else
static void debug_limits(void)
{
}

static const char *check_entry(const struct vcpu *v)
{
    (void)v;
    return NULL;
}

static void refuse_entry(struct vcpu *v, const char *broken)
{
    (void)v, (void)broken;
}

static void disturb(const struct vcpu *v)
{
    (void)v;
}

static void left(struct svm_vcpu *s)
{
    (void)s;
}
#endif

/* ---- the processor ---- */

static struct svm_found boot_found;

static const char *svm_present(void)
{
    const struct svm_found *f = &boot_found;
    const char *why;

    svm_look(&boot_found);
    why = svm_unusable(f, NULL);
    if ( why )
        return why;
    svm_features.rdtscp = f->rdtscp;
    svm_features.qemu = f->qemu;
    svm_features.nr_asids = f->nr_asids;
    svm_features.next_rip = f->features & CPUID_SVM_NRIPS;
    svm_features.flush_asid = f->features & CPUID_SVM_FLUSH_ASID;
    svm_features.clean = f->features & CPUID_SVM_CLEAN ? CLEAN_ALL : 0;
    printk(XENLOG_INFO, "SVM: %u ASIDs%s%s%s\n", f->nr_asids,
           svm_features.next_rip ? ", next RIP" : "",
           svm_features.flush_asid ? ", flush by ASID" : "",
           svm_features.clean ? ", clean bits" : "");
    debug_limits();
    return NULL;
}

static const char *svm_cpu_lacks(void)
{
    struct svm_found found;

    svm_look(&found);
    return svm_unusable(&found, &boot_found);
}

static uint64_t page_for_processor(const struct cpu *c)
{
    struct page *pg = page_alloc(NULL, 0, 0);

    if ( !pg )
        panic("no memory for SVM of CPU %u\n", c->id);
    return mfn_x(page_to_mfn(pg)) << PAGE_SHIFT;
}

static void svm_cpu_up(struct cpu *c)
{
    struct svm_cpu *sc = new_object(struct svm_cpu);
    uint32_t signature, b, c1, d;

    if ( !sc )
        panic("no memory for SVM of CPU %u\n", c->id);
    cpuid(1, 0, &signature, &b, &c1, &d);
    errata_cpu_up(signature);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    sc->save_pa = page_for_processor(c);
    wrmsr(MSR_VM_HSAVE_PA, sc->save_pa);
    sc->host_pa = page_for_processor(c);
    /* VMSAVE area for the host's FS, GS, TR, ..., which no longer change. */
    __asm__ volatile ( "vmsave %0" :: "a" (sc->host_pa) : "memory" );
    if ( svm_features.rdtscp )
        wrmsr(MSR_TSC_AUX, 0);
    sc->generation = 1;
    sc->next_asid = 1;
    sc->flush_all = true; /* firmware may have used ASIDs */
    c->vendor = sc;
}

/* ---- vcpus ---- */

static int svm_vcpu_create(struct vcpu *v)
{
    int rc = vmcb_create(v);

    if ( !rc )
        svm_reset(v);
    return rc;
}

static void svm_load(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct cpu *c = this_cpu();
    struct svm_cpu *sc = c->vendor;

    if ( s->cpu != sc )
    {
        s->cpu = sc;
        s->generation = 0;
        s->vmcb->clean = 0;
    }
    if ( svm_features.rdtscp && c->tsc_aux != s->tsc_aux )
    {
        c->tsc_aux = s->tsc_aux;
        wrmsr(MSR_TSC_AUX, s->tsc_aux);
    }
}

/* Nothing to do: after each exit the state is in the VMCB. */
static void svm_save(struct vcpu *v)
{
    (void)v;
}

void svm_advance(struct vcpu *v, unsigned int len)
{
    const struct vmcb *b = svm_of(v)->vmcb;
    uint64_t rip = v->arch.hvm.emul.regs.rip + len;

    if ( !((b->efer & EFER_LMA) && (b->cs.attr & EMUL_SEG_L)) )
        rip = (uint32_t)rip;
    v->arch.hvm.emul.regs.rip = rip;
}

enum vendor_mode svm_mode(struct vcpu *v)
{
    const struct vmcb *b = svm_of(v)->vmcb;

    if ( b->cpl )
        return MODE_USER;
    return (b->efer & EFER_LMA) && (b->cs.attr & EMUL_SEG_L) ? MODE_KERNEL_64
                                                             : MODE_KERNEL_32;
}

static void svm_paging(struct vcpu *v, struct guest_paging *p)
{
    const struct vmcb *b = svm_of(v)->vmcb;

    p->cr0 = b->cr0;
    p->cr3 = b->cr3;
    p->cr4 = b->cr4;
    p->efer = b->efer;
}

static bool svm_paging_is(const struct vcpu *v, const struct guest_paging *p)
{
    const struct vmcb *b = svm_of(v)->vmcb;

    return b->cr3 == p->cr3 && b->cr0 == p->cr0 && b->cr4 == p->cr4 &&
           b->efer == p->efer;
}

static void count_page(audit_count_t count, uint64_t pa)
{
    count(_mfn(pa >> PAGE_SHIFT), HOLD_ARCH);
}

static void svm_audit_refs(audit_count_t count)
{
    struct domain *d;
    struct cpu *c;

    for_each_cpu (c)
    {
        const struct svm_cpu *sc = c->vendor;

        count_page(count, sc->host_pa);
        count_page(count, sc->save_pa);
    }
    for ( d = domain_next(NULL); d; d = domain_next(d) )
        for ( unsigned int i = 0; hvm_runs(d) && i < d->max_vcpus; i++ )
            if ( d->vcpu[i] && svm_of(d->vcpu[i]) )
                count_page(count, svm_of(d->vcpu[i])->vmcb_pa);
}

/* ---- in and out ---- */

/*
 * Give the vcpu an ASID without stale TLB entries: a new ASID instead of a
 * flush, where the processor cannot flush by ASID.  A flush that does not happen
 * because the guest is not entered stays requested, in sc->flush_all or
 * tlb_control.
 */
static void prepare_asid(struct svm_vcpu *s, struct svm_cpu *sc, bool flush)
{
    struct vmcb *b = s->vmcb;

    if ( s->generation == sc->generation && flush && svm_features.flush_asid )
        b->tlb_control = TLB_FLUSH_THIS_ASID;
    else if ( s->generation != sc->generation || flush )
    {
        if ( sc->next_asid >= svm_features.nr_asids )
        {
            sc->generation++;
            sc->next_asid = 1;
            sc->flush_all = true;
        }
        s->generation = sc->generation;
        b->asid = sc->next_asid++;
        b->tlb_control = 0;
        vmcb_changed(b, CLEAN_ASID);
    }
    if ( sc->flush_all )
        b->tlb_control = TLB_FLUSH_ALL;
}

/* An instruction was executed for the guest, from b->rip to regs->rip. */
static void instruction_over(struct vcpu *v)
{
    struct emul_regs *regs = &v->arch.hvm.emul.regs;
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;

    s->at_iret = false;
    b->interrupt_shadow = (b->interrupt_shadow & ~1UL) |
                          v->arch.hvm.emul.shadow;
    regs->rflags &= ~RFLAGS_RF;
    /* The single-step trap that the processor would raise. */
    if ( unlikely((b->rflags & RFLAGS_TF) | v->arch.hvm.emul.stepped) &&
         !v->arch.hvm.emul.shadow && !s->event )
    {
        b->dr6 |= DR6_BS;
        vmcb_changed(b, CLEAN_DR);
        svm_inject(v, VECTOR_DB, false, 0);
    }
}

static void svm_run(struct vcpu *v, bool flush_tlb)
{
    struct emul_regs *regs = &v->arch.hvm.emul.regs;
    struct svm_vcpu *s = svm_of(v);
    struct cpu *c = this_cpu();
    struct svm_cpu *sc = c->vendor;
    struct vmcb *b = s->vmcb;
    const char *broken;
    bool ran;

    if ( unlikely(flush_tlb | sc->flush_all |
                  (s->generation != sc->generation)) )
        prepare_asid(s, sc, flush_tlb);
    if ( (regs->rip != b->rip) | v->arch.hvm.emul.stepped )
        instruction_over(v);
    v->arch.hvm.emul.stepped = v->arch.hvm.emul.shadow = false;
    svm_events(v);
    b->rax = regs->gpr[EMUL_RAX];
    b->rsp = regs->gpr[EMUL_RSP];
    b->rip = regs->rip;
    b->rflags = regs->rflags | (s->stepping ? RFLAGS_TF : 0);

    broken = check_entry(v);
    disturb(v);
    ran = !broken &&
          svm_enter(s->vmcb_pa, regs->gpr, sc->host_pa, &c->softirq_pending);
    c->busy_since = rdtsc();
    store_release(&v->arch.in_guest, false);
    if ( s->vintr_vector )
        svm_vintr_taken_back(v);
    if ( unlikely(broken) )
        refuse_entry(v, broken);
    if ( unlikely(!ran) )
    {
        svm_not_entered(v);
        return;
    }
    left(s);

    if ( unlikely(s->at_iret) && b->rip != regs->rip )
        s->at_iret = false;
    regs->gpr[EMUL_RAX] = b->rax;
    regs->gpr[EMUL_RSP] = b->rsp;
    regs->rip = b->rip;
    regs->rflags = b->rflags;
    b->clean = svm_features.clean;
    if ( unlikely(b->tlb_control) )
    {
        sc->flush_all = false;
        b->tlb_control = 0;
    }
    if ( unlikely(b->intercept_exceptions & STEP_FAULTS) )
        svm_step_end(v);
    vlapic_set_cr8(&v->arch.hvm.vlapic, b->vintr & 0xf);
    if ( unlikely(b->exit_int_info & EVENT_VALID) )
        svm_event_interrupted(v);
    svm_exit(v);
}

extern const struct hvm_vendor svm_vendor; /* for hvm/vendor.c */
const struct hvm_vendor svm_vendor = {
    .name = "SVM",
    .hypercall = { 0x0f, 0x01, 0xd9 }, /* VMMCALL */
    .fixed_msrs = &svm_fixed_msrs,
    .present = svm_present,
    .cpu_lacks = svm_cpu_lacks,
    .cpu_up = svm_cpu_up,
    .vcpu_create = svm_vcpu_create,
    .vcpu_destroy = vmcb_destroy,
    .vcpu_startup = svm_startup,
    .set_context = svm_set_context,
    .get_context = svm_get_context,
    .load = svm_load,
    .save = svm_save,
    .run = svm_run,
    .inject_exception = svm_inject,
    .inject_page_fault = svm_inject_page_fault,
    .advance = svm_advance,
    .mode = svm_mode,
    .paging = svm_paging,
    .paging_is = svm_paging_is,
    .fill_regs = svm_fill_regs,
    .put_regs = svm_put_regs,
    .write_cr0 = svm_write_cr0,
    .rdmsr = svm_rdmsr,
    .wrmsr = svm_wrmsr,
    .audit_refs = svm_audit_refs,
};
