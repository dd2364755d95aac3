/* SPDX-License-Identifier: MIT */
/*
 * All registers of a vcpu: set as after INIT, set from and saved to the domain
 * builder's record, copied to the emulator's.  A state that VMRUN would refuse
 * is -EINVAL.  The vcpu is out of guest mode, and its FPU state in v->arch.fpu.
 *
 * The record's TSC is ignored: guests read the machine's TSC.
 */
#include <emul/control-regs.h>
#include <emul/rules.h>
#include <emul/xsave.h>
#include <hv/lib.h>

#include <x86/fpu.h>

#include <xen/arch-x86/hvm/save.h>

#include "svm.h"

#define ATTR_MASK 0xfffU
#define SEG_DPL(attr) ((attr) >> 5 & 3)

/* ---- after INIT ---- */

/* v has new registers: drop cached lengths, events and clean bits. */
static void forget(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;

    b->clean = 0;
    b->tlb_control = 0;
    b->event_inject = 0;
    b->interrupt_shadow = 0;
    b->intercept_1 &= ~INTERCEPT_IRET;
    b->intercept_exceptions &= ~STEP_FAULTS;
    s->at_iret = s->stepping = false;
    s->generation = 0;
    s->event = 0;
    s->nmi_masked = false;
    memset(s->length, 0, sizeof(s->length));
    emul_reset(&v->arch.hvm.emul);
}

void svm_reset(struct vcpu *v)
{
    const struct vmcb_seg data = { 0, 0x93, 0xffff, 0 };
    struct emul_regs *regs = &v->arch.hvm.emul.regs;
    struct vmcb *b = svm_of(v)->vmcb;

    forget(v);
    memset(regs, 0, sizeof(*regs));
    regs->rip = b->rip = 0xfff0;
    regs->rflags = b->rflags = RFLAGS_FIXED;
    b->rax = b->rsp = 0;
    b->ds = b->es = b->ss = b->fs = b->gs = data;
    b->cs = (struct vmcb_seg){ 0xf000, 0x9b, 0xffff, 0xffff0000 };
    b->gdtr = b->idtr = (struct vmcb_seg){ 0, 0, 0xffff, 0 };
    b->ldtr = (struct vmcb_seg){ 0, 0x82, 0xffff, 0 };
    b->tr = (struct vmcb_seg){ 0, 0x8b, 0xffff, 0 };
    b->cpl = 0;
    b->cr0 = CR0_ET;
    b->cr2 = b->cr3 = b->cr4 = 0;
    b->efer = EFER_SVME;
    b->dr6 = DR6_RESET;
    b->dr7 = DR7_RESET;
    b->pat = PAT_RESET;
    memset(v->arch.dr, 0, sizeof(v->arch.dr));
}

void svm_startup(struct vcpu *v, uint8_t page)
{
    struct vmcb *b = svm_of(v)->vmcb;

    svm_reset(v);
    b->cs.sel = (uint16_t)(page << 8);
    b->cs.base = (uint64_t)page << PAGE_SHIFT;
    v->arch.hvm.emul.regs.rip = b->rip = 0;
}

/* ---- the record ---- */

static struct mode mode_of(const struct hvm_hw_cpu *c)
{
    struct mode m = { c->cr0, c->cr3, c->cr4, c->msr_efer };

    if ( mode_is_long(&m) ) /* a record need not have LMA */
        m.efer |= EFER_LMA;
    return m;
}

/* Of what the domain's CPUID shows. */
static int check_mode(const struct vcpu *v, const struct hvm_hw_cpu *c)
{
    const struct mode_limits limits = {
        .cr4 = cr4_bits(v), .efer = efer_bits(v), .physical = physical_bits(v),
    };
    const struct mode m = mode_of(c);

    return !mode_broken(&m, &limits) && !(c->cr3 & ~limits.physical) &&
           c->dr6 <= UINT32_MAX && c->dr7 <= UINT32_MAX &&
           rflags_legal(&m, c->rflags) &&
           code_legal(&m, c->rflags, c->cs_arbytes, c->rip) ? 0 : -EINVAL;
}

static int check_event(const struct hvm_hw_cpu *c)
{
    uint64_t type = c->pending_event & EVENT_TYPE;
    unsigned int vector = c->pending_event & EVENT_VECTOR;

    if ( !(c->pending_event & EVENT_VALID) ||
         type == EVENT_INTR || /* waits until IF is set */
         (type == EVENT_NMI && vector == 2) ||
         (type == EVENT_EXCEPTION && vector < 32 && vector != 2) )
        return 0;
    return -EINVAL;
}

static int check_fpu(const struct hvm_hw_cpu *c)
{
    uint32_t mxcsr;

    memcpy(&mxcsr, c->fpu_regs + FXSAVE_MXCSR, sizeof(mxcsr));
    return (c->flags & XEN_X86_FPU_INITIALISED) && !mxcsr_legal(mxcsr)
               ? -EINVAL : 0;
}

/* Fields of the record that are one in the VMCB, or a general register. */
#define FOR_FIELDS(X)                                                        \
    X(cr2, cr2) X(cr3, cr3) X(cr4, cr4) X(cr0, cr0) X(dr6, dr6) X(dr7, dr7)  \
    X(star, msr_star) X(lstar, msr_lstar) X(cstar, msr_cstar)                \
    X(sfmask, msr_syscall_mask) X(kernel_gs_base, shadow_gs)                 \
    X(sysenter_cs, sysenter_cs) X(sysenter_esp, sysenter_esp)                \
    X(sysenter_eip, sysenter_eip)
#define FOR_GPRS(X)                                                          \
    X(RAX, rax) X(RCX, rcx) X(RDX, rdx) X(RBX, rbx) X(RSP, rsp) X(RBP, rbp)  \
    X(RSI, rsi) X(RDI, rdi) X(R8, r8) X(R9, r9) X(R10, r10) X(R11, r11)      \
    X(R12, r12) X(R13, r13) X(R14, r14) X(R15, r15)
#define FOR_SEGMENTS(X) X(cs) X(ds) X(es) X(fs) X(gs) X(ss) X(tr)

static void set_segments(struct vmcb *b, const struct hvm_hw_cpu *c)
{
#define X(s)                                                                 \
    b->s = (struct vmcb_seg){ (uint16_t)c->s##_sel,                          \
                              (uint16_t)(c->s##_arbytes & ATTR_MASK),        \
                              c->s##_limit, c->s##_base };
    FOR_SEGMENTS(X)
    X(ldtr)
#undef X
    b->gdtr = (struct vmcb_seg){ 0, 0, c->gdtr_limit, c->gdtr_base };
    b->idtr = (struct vmcb_seg){ 0, 0, c->idtr_limit, c->idtr_base };
    if ( !(c->cr0 & CR0_PE) )
        b->cpl = 0;
    else
        b->cpl = c->rflags & RFLAGS_VM ? 3 : SEG_DPL(c->ss_arbytes);
}

/* Whether it has an error code, vector and mode say. */
static void set_event(struct vcpu *v, const struct hvm_hw_cpu *c)
{
    struct svm_vcpu *s = svm_of(v);
    uint64_t type = c->pending_event & EVENT_TYPE;
    unsigned int vector = c->pending_event & EVENT_VECTOR;

    if ( !(c->pending_event & EVENT_VALID) || type == EVENT_INTR )
        return;
    if ( type == EVENT_EXCEPTION )
        svm_inject(v, vector, true, c->error_code);
    else
        s->event = EVENT_VALID | type | vector;
}

int svm_set_context(struct vcpu *v, const struct hvm_hw_cpu *c)
{
    struct emul_regs *regs = &v->arch.hvm.emul.regs;
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;

    if ( check_mode(v, c) || check_event(c) || check_fpu(c) )
        return -EINVAL;
    forget(v);
#define X(name, field) regs->gpr[EMUL_##name] = c->field;
    FOR_GPRS(X)
#undef X
#define X(name, field) b->name = c->field;
    FOR_FIELDS(X)
#undef X
    regs->rip = b->rip = c->rip;
    regs->rflags = b->rflags = c->rflags | RFLAGS_FIXED;
    b->efer = mode_of(c).efer | EFER_SVME;
    set_segments(b, c);
    if ( c->flags & XEN_X86_FPU_INITIALISED )
        fpu_set_legacy(v, c->fpu_regs);
    v->arch.dr[0] = c->dr0;
    v->arch.dr[1] = c->dr1;
    v->arch.dr[2] = c->dr2;
    v->arch.dr[3] = c->dr3;
    s->tsc_aux = (uint32_t)c->msr_tsc_aux;
    set_event(v, c);
    if ( s->event && (s->event & EVENT_TYPE) == EVENT_NMI )
        svm_mask_nmi(s);
    return 0;
}

void svm_get_context(struct vcpu *v, struct hvm_hw_cpu *c)
{
    const struct emul_regs *regs = &v->arch.hvm.emul.regs;
    const struct svm_vcpu *s = svm_of(v);
    const struct vmcb *b = s->vmcb;
    uint64_t event = b->event_inject & EVENT_VALID ? b->event_inject : s->event;

    memset(c, 0, sizeof(*c));
#define X(name, field) c->field = regs->gpr[EMUL_##name];
    FOR_GPRS(X)
#undef X
#define X(name, field) c->field = b->name;
    FOR_FIELDS(X)
#undef X
    c->rip = regs->rip;
    c->rflags = regs->rflags;
    c->msr_efer = b->efer & ~EFER_SVME;
#define X(s)                                                                 \
    c->s##_sel = b->s.sel;                                                   \
    c->s##_arbytes = b->s.attr;                                              \
    c->s##_limit = b->s.limit;                                               \
    c->s##_base = b->s.base;
    FOR_SEGMENTS(X)
    X(ldtr)
#undef X
    c->gdtr_limit = b->gdtr.limit;
    c->gdtr_base = b->gdtr.base;
    c->idtr_limit = b->idtr.limit;
    c->idtr_base = b->idtr.base;
    c->dr0 = v->arch.dr[0];
    c->dr1 = v->arch.dr[1];
    c->dr2 = v->arch.dr[2];
    c->dr3 = v->arch.dr[3];
    c->msr_tsc_aux = s->tsc_aux;
    c->tsc = rdtsc();
    c->pending_event = (uint32_t)event;
    c->error_code = (uint32_t)(event >> EVENT_ERROR_SHIFT);
    fpu_get_legacy(v, c->fpu_regs);
    c->flags = XEN_X86_FPU_INITIALISED;
}

/* ---- the emulator's ---- */

_Static_assert(sizeof(struct emul_seg) == sizeof(struct vmcb_seg) &&
               offsetof(struct emul_seg, limit) ==
                   offsetof(struct vmcb_seg, limit), "the same form");

void svm_fill_regs(struct vcpu *v)
{
    struct emul_regs *regs = &v->arch.hvm.emul.regs;
    const struct vmcb *b = svm_of(v)->vmcb;

    /* ES, CS, SS, DS, FS, GS: both are in the processor's order. */
    memcpy(regs->seg, &b->es, sizeof(regs->seg));
    memcpy(&regs->ldt, &b->ldtr, sizeof(regs->ldt));
    memcpy(&regs->tr, &b->tr, sizeof(regs->tr));
    regs->gdt = (struct emul_table){ b->gdtr.base, (uint16_t)b->gdtr.limit };
    regs->idt = (struct emul_table){ b->idtr.base, (uint16_t)b->idtr.limit };
    regs->cr0 = b->cr0;
    regs->cr3 = b->cr3;
    regs->cr4 = b->cr4;
    regs->efer = b->efer & ~EFER_SVME;
    regs->cpl = b->cpl;
}

void svm_put_regs(struct vcpu *v)
{
    const struct emul_regs *regs = &v->arch.hvm.emul.regs;
    struct vmcb *b = svm_of(v)->vmcb;

    memcpy(&b->es, regs->seg, sizeof(regs->seg));
    memcpy(&b->ldtr, &regs->ldt, sizeof(regs->ldt));
    memcpy(&b->tr, &regs->tr, sizeof(regs->tr));
    b->gdtr = (struct vmcb_seg){ 0, 0, regs->gdt.limit, regs->gdt.base };
    b->idtr = (struct vmcb_seg){ 0, 0, regs->idt.limit, regs->idt.base };
    vmcb_changed(b, CLEAN_SEGMENTS | CLEAN_TABLES);
}
