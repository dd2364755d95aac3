/* SPDX-License-Identifier: MIT */
/*
 * Writes of control and debug registers that leave the guest: CR0, CR4, CR8
 * while it holds an interrupt back, DR6, DR7.
 *
 * Processors without decode assists do not say which register has the value, so
 * the instruction is decoded.  emul/control-regs.h says what may be written.
 */
#include <emul/control-regs.h>
#include <hv/lib.h>

#include "svm.h"

#define DR6_LEGAL (DR6_BREAKPOINTS | DR6_BD | DR6_BS | DR6_BT)
#define CR0_LMSW 0xfUL

static void general_protection(struct vcpu *v)
{
    svm_inject(v, VECTOR_GP, true, 0);
}

/* True: decoded.  False: the guest resumes, with a fault or for a retry. */
static bool decode(struct vcpu *v, struct emul_control *c)
{
    const struct emul *e = &v->arch.hvm.emul;

    svm_fill_regs(v);
    switch ( emul_control(&v->arch.hvm.emul, c) )
    {
    case EMUL_DONE:
        return true;
    case EMUL_EXCEPTION:
        if ( e->vector == VECTOR_PF )
            svm_inject_page_fault(v, e->error, e->cr2);
        else
            svm_inject(v, e->vector, e->has_error, e->error);
        return false;
    case EMUL_RETRY:
        return false;
    default: /* LMSW from a device */
        exit_insn(v);
        return false;
    }
}

static bool long_code(const struct vmcb *b)
{
    return b->cs.attr & EMUL_SEG_L;
}

/* Set the control registers; flush the TLB when paging changed. */
static void commit(struct vcpu *v, const struct guest_paging *p)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *b = s->vmcb;

    uint64_t changed = ((b->cr0 ^ p->cr0) & ~(CR0_TS | CR0_MP)) |
                       (b->cr4 ^ p->cr4);

    b->cr0 = p->cr0;
    b->cr4 = p->cr4;
    b->efer = p->efer | EFER_SVME;
    vmcb_changed(b, CLEAN_CR);
    if ( changed )
        s->generation = 0;
}

static void svm_paging_now(const struct vmcb *b, struct guest_paging *p)
{
    *p = (struct guest_paging){ b->cr0, b->cr3, b->cr4, b->efer & ~EFER_SVME };
}

static bool write_cr(struct vcpu *v, unsigned int cr, uint64_t value)
{
    const struct vmcb *b = svm_of(v)->vmcb;
    struct guest_paging p;

    svm_paging_now(b, &p);
    switch ( cr )
    {
    case 0:
        if ( !cr0_write(&p, value, long_code(b)) )
            return false;
        break;
    case 4:
        if ( !cr4_write(v, &p, value) )
            return false;
        break;
    case 8:
        if ( value > 0xf )
            return false;
        vlapic_set_cr8(&v->arch.hvm.vlapic, (uint8_t)value);
        return true;
    default:
        return false;
    }
    commit(v, &p);
    return true;
}

bool svm_write_cr0(struct vcpu *v, uint64_t value)
{
    return write_cr(v, 0, value);
}

void svm_cr_write(struct vcpu *v)
{
    struct emul_control c;

    if ( !decode(v, &c) || c.op == EMUL_MOV_DR )
        return;
    if ( c.op == EMUL_CLTS )
        c.value = svm_of(v)->vmcb->cr0 & ~CR0_TS;
    /* LMSW has the lowest four bits, and cannot clear PE. */
    if ( c.op == EMUL_LMSW )
        c.value = (svm_of(v)->vmcb->cr0 & ~(CR0_LMSW & ~CR0_PE)) |
                  (c.value & CR0_LMSW);
    if ( c.reg != 0 && c.reg != 4 && c.reg != 8 )
        return;
    if ( write_cr(v, c.reg, c.value) )
        svm_advance(v, c.len);
    else
        general_protection(v);
}

void svm_dr_write(struct vcpu *v)
{
    struct vmcb *b = svm_of(v)->vmcb;
    struct emul_control c;

    if ( !decode(v, &c) || c.op != EMUL_MOV_DR || (c.reg & 7) < 4 )
        return;
    if ( c.value >> 32 )
    {
        general_protection(v);
        return;
    }
    /* DR4 and DR5, without CR4.DE, are DR6 and DR7. */
    if ( c.reg & 1 )
        b->dr7 = (c.value & DR7_DEFINED) | DR7_RESET;
    else
        b->dr6 = (c.value & DR6_LEGAL) | DR6_RESET;
    vmcb_changed(b, CLEAN_DR);
    svm_advance(v, c.len);
}

/*
 * QEMU has no #GP for a MOV to CR3 with reserved bits, but says that VMRUN was
 * not possible.
 */
bool svm_cr3_refused(struct vcpu *v)
{
    struct guest_paging p;
    struct emul_control c;

    svm_fill_regs(v);
    svm_paging_now(svm_of(v)->vmcb, &p);
    if ( emul_control(&v->arch.hvm.emul, &c) != EMUL_DONE ||
         c.op != EMUL_MOV_CR || c.reg != 3 || cr3_legal(v, &p, c.value) )
        return false;
    general_protection(v);
    return true;
}
