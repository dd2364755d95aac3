/* SPDX-License-Identifier: MIT */
/*
 * The handlers of exits: one table, from exit code to handler.
 *
 * A processor with NRIPS gives the address of the next instruction.  QEMU has
 * no NRIPS, and decoding the instruction costs more than most exits, so lengths
 * are remembered by linear address, CR3 and kind of instruction.  If a guest
 * puts the same instruction with more prefixes at the same address, it resumes
 * at a wrong rip of its own.
 */
#include <emul/control-regs.h>
#include <hv/array.h>
#include <hv/lib.h>
#include <hv/trace.h>

#include <x86/fpu.h>

#include "svm.h"

/* ---- lengths ---- */

static __attribute__((noinline)) unsigned int
length_anew(struct vcpu *v, struct svm_length *l, uint64_t rip, uint64_t where,
            enum emul_insn what)
{
    svm_fill_regs(v);
    l->length = emul_insn_length(&v->arch.hvm.emul, what);
    l->rip = rip;
    l->where = where;
    return l->length;
}

/* Length of the instruction at rip; 0: it is no `what` any more, execute it. */
static unsigned int length(struct vcpu *v, enum emul_insn what)
{
    struct svm_vcpu *s = svm_of(v);
    uint64_t rip = s->vmcb->cs.base + v->arch.hvm.emul.regs.rip;
    /* CR3 has no bits from 56 on. */
    uint64_t where = s->vmcb->cr3 | (uint64_t)what << 56;
    struct svm_length *l = &s->length[rip / 2 % NR_LENGTHS];

    if ( svm_features.next_rip )
        return (unsigned int)(s->vmcb->next_rip - v->arch.hvm.emul.regs.rip);
    if ( likely(l->rip == rip && l->where == where && l->length) )
        return l->length;
    return length_anew(v, l, rip, where, what);
}

/* ---- instructions that hvm/ executes ---- */

static void on_cpuid(struct vcpu *v)
{
    unsigned int len = length(v, EMUL_INSN_CPUID);

    if ( likely(len) && exit_cpuid(v) )
        svm_advance(v, len);
}

static void on_vmmcall(struct vcpu *v)
{
    unsigned int len = length(v, EMUL_INSN_VMMCALL);

    if ( likely(len) && exit_hypercall(v, svm_mode(v)) )
        svm_advance(v, len);
}

static void on_hlt(struct vcpu *v)
{
    unsigned int len = length(v, EMUL_INSN_HLT);

    if ( unlikely(!len) )
        return;
    svm_advance(v, len);
    exit_halt(v);
}

static void on_msr(struct vcpu *v)
{
    bool write = svm_of(v)->vmcb->exit_info_1 & 1;
    unsigned int len = length(v, write ? EMUL_INSN_WRMSR : EMUL_INSN_RDMSR);

    if ( likely(len) && (write ? exit_wrmsr(v) : exit_rdmsr(v)) )
        svm_advance(v, len);
}

static void on_ioio(struct vcpu *v)
{
    const struct vmcb *b = svm_of(v)->vmcb;
    uint32_t info = (uint32_t)b->exit_info_1;
    uint16_t port = (uint16_t)(info >> IOIO_PORT_SHIFT);
    unsigned int size = info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK;
    /* exit_info_2 is the address of the next instruction. */
    unsigned int len = (uint8_t)(b->exit_info_2 - b->rip);

    if ( unlikely(info & IOIO_STRING) )
        exit_port_string(v, port, size, info & IOIO_IN);
    else if ( exit_port(v, port, size, info & IOIO_IN, len) )
        svm_advance(v, len);
}

static void on_npf(struct vcpu *v)
{
    const struct vmcb *b = svm_of(v)->vmcb;

    exit_memory(v, b->exit_info_2, b->exit_info_1 & NPF_WRITE,
                b->exit_info_1 & NPF_FETCH, b->exit_info_1 & NPF_IN_WALK,
                b->exit_int_info & EVENT_VALID);
}

/* ---- instructions that svm/ executes ---- */

/*
 * WBINVD and INVD.  INVD writes back too, since the caches have others' data.
 * Only the hardware domain has devices that bypass the caches; for other guests
 * both do nothing.  QEMU reports one as the other.
 */
static void on_wbinvd(struct vcpu *v)
{
    unsigned int len = length(v, EMUL_INSN_WBINVD);

    if ( !len )
        len = length(v, EMUL_INSN_INVD);
    if ( !len )
        return;
    if ( v->domain->arch.hardware )
        __asm__ volatile ( "wbinvd" ::: "memory" );
    svm_advance(v, len);
}

/* The guest's XCR0 is in the CPU as long as the vcpu is on it. */
static void on_xsetbv(struct vcpu *v)
{
    const uint64_t *gpr = v->arch.hvm.emul.regs.gpr;
    uint64_t value = gpr[EMUL_RDX] << 32 | (uint32_t)gpr[EMUL_RAX];
    unsigned int len = length(v, EMUL_INSN_XSETBV);

    if ( !len )
        return;
    if ( svm_of(v)->vmcb->cpl || (uint32_t)gpr[EMUL_RCX] ||
         (value & ~fpu_states()) || !xcr0_legal(v, value) )
    {
        svm_inject(v, VECTOR_GP, true, 0);
        return;
    }
    xsetbv0(value);
    svm_advance(v, len);
}

/* ---- instructions that guests do not have: #UD ---- */

static void on_undefined(struct vcpu *v)
{
    svm_inject(v, VECTOR_UD, false, 0);
}

static void on_protected(struct vcpu *v)
{
    svm_inject(v, VECTOR_GP, true, 0);
}

/* ---- exceptions ---- */

/* Delivering it clears GD, but not when it is injected. */
static void on_debug(struct vcpu *v)
{
    struct vmcb *b = svm_of(v)->vmcb;

    if ( svm_step_was_ours(v) )
        return;
    b->dr7 &= ~DR7_GD;
    vmcb_changed(b, CLEAN_DR);
    svm_inject(v, VECTOR_DB, false, 0);
}

/* Intercepted while IRET is stepped over: it has not happened. */
static void on_fault_in_step(struct vcpu *v)
{
    const struct vmcb *b = svm_of(v)->vmcb;
    unsigned int vector = (unsigned int)b->exit_code - EXIT_EXCEPTION;
    uint32_t error = (uint32_t)b->exit_info_1;

    if ( vector == VECTOR_PF )
        svm_inject_page_fault(v, error, b->exit_info_2);
    else
        svm_inject(v, vector, true, error);
}

static void on_alignment(struct vcpu *v)
{
    svm_inject(v, VECTOR_AC, true,
               (uint32_t)svm_of(v)->vmcb->exit_info_1);
}

static void on_machine_check(struct vcpu *v)
{
    panic("machine check while d%uv%u ran\n", v->domain->domain_id,
          v->vcpu_id);
}

/* ---- what is no instruction ---- */

/*
 * Interrupts and NMIs stay pending until we let them in; a window's purpose
 * is over with the exit.
 */
static void on_nothing(struct vcpu *v)
{
    (void)v;
}

/* The end of an NMI's handler, before it: the next one comes behind IRET. */
static void on_iret(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    svm_unmask_nmi(s);
    s->at_iret = true;
}

static void on_task_switch(struct vcpu *v)
{
    domain_crash(v->domain, "vcpu %u: a task switch at rip %lx", v->vcpu_id,
                 (unsigned long)v->arch.hvm.emul.regs.rip);
}

static void on_unknown(struct vcpu *v)
{
    const struct vmcb *b = svm_of(v)->vmcb;

    if ( (uint32_t)b->exit_code == EXIT_INVALID && svm_cr3_refused(v) )
        return;
    if ( !domain_is_shut_down(v->domain) )
        vmcb_show(v);
    domain_crash(v->domain, "vcpu %u: %s, exit code %lx", v->vcpu_id,
                 (uint32_t)b->exit_code == EXIT_INVALID
                     ? "its state is not legal" : "not expected",
                 (unsigned long)b->exit_code);
}

struct exit {
    void (*handler)(struct vcpu *v);
    enum oriel_exit_reason reason; /* for counters and traces */
};

static const struct exit exits[] = {
    [EXIT_CR_WRITE + 0] = { svm_cr_write, ORIEL_EXIT_register },
    [EXIT_CR_WRITE + 4] = { svm_cr_write, ORIEL_EXIT_register },
    [EXIT_CR_WRITE + 8] = { svm_cr_write, ORIEL_EXIT_register },
    [EXIT_DR_WRITE + 4 ... EXIT_DR_WRITE + 7] =
        { svm_dr_write, ORIEL_EXIT_register },
    [EXIT_EXCEPTION + VECTOR_DB] = { on_debug, ORIEL_EXIT_exception },
    [EXIT_EXCEPTION + VECTOR_TS ... EXIT_EXCEPTION + VECTOR_PF] =
        { on_fault_in_step, ORIEL_EXIT_exception },
    [EXIT_EXCEPTION + VECTOR_AC] = { on_alignment, ORIEL_EXIT_exception },
    [EXIT_EXCEPTION + VECTOR_MC] = { on_machine_check, ORIEL_EXIT_exception },
    [EXIT_INTR] = { on_nothing, ORIEL_EXIT_interrupt },
    [EXIT_NMI] = { on_nothing, ORIEL_EXIT_interrupt },
    [EXIT_SMI] = { on_nothing, ORIEL_EXIT_interrupt },
    [EXIT_INIT] = { on_nothing, ORIEL_EXIT_interrupt },
    [EXIT_VINTR] = { on_nothing, ORIEL_EXIT_window },
    [EXIT_RDPMC] = { on_protected, ORIEL_EXIT_refused },
    [EXIT_CPUID] = { on_cpuid, ORIEL_EXIT_cpuid },
    [EXIT_IRET] = { on_iret, ORIEL_EXIT_window },
    [EXIT_INVD] = { on_wbinvd, ORIEL_EXIT_cache },
    [EXIT_HLT] = { on_hlt, ORIEL_EXIT_halt },
    [EXIT_INVLPGA] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_IOIO] = { on_ioio, ORIEL_EXIT_port },
    [EXIT_MSR] = { on_msr, ORIEL_EXIT_msr },
    [EXIT_TASK_SWITCH] = { on_task_switch, ORIEL_EXIT_other },
    [EXIT_FERR_FREEZE] = { on_nothing, ORIEL_EXIT_other },
    [EXIT_SHUTDOWN] = { exit_triple_fault, ORIEL_EXIT_triple_fault },
    [EXIT_VMRUN] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_VMMCALL] = { on_vmmcall, ORIEL_EXIT_hypercall },
    [EXIT_VMLOAD] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_VMSAVE] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_STGI] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_CLGI] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_SKINIT] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_WBINVD] = { on_wbinvd, ORIEL_EXIT_cache },
    [EXIT_MONITOR] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_MWAIT] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_MWAIT_ARMED] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_XSETBV] = { on_xsetbv, ORIEL_EXIT_register },
    [EXIT_RDPRU] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_INVLPGB] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_INVLPGB_ILLEGAL] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_MCOMMIT] = { on_undefined, ORIEL_EXIT_refused },
    [EXIT_TLBSYNC] = { on_undefined, ORIEL_EXIT_refused },
};
/* Far behind all others; and what no row is for. */
static const struct exit nested_page_fault = { on_npf, ORIEL_EXIT_memory };
static const struct exit unknown = { on_unknown, ORIEL_EXIT_other };

bool svm_exit_is_known(unsigned int code)
{
    return code < ARRAY_SIZE(exits) && array_at(exits, code).handler;
}

void svm_exit(struct vcpu *v)
{
    uint64_t code = svm_of(v)->vmcb->exit_code;
    const struct exit *x = &unknown;

    if ( code < ARRAY_SIZE(exits) )
        x = &array_at(exits, code);
    else if ( code == EXIT_NPF )
        x = &nested_page_fault;
    if ( unlikely(!x->handler) )
        x = &unknown;
    if ( unlikely(READ_ONCE(v->domain->arch.hvm.irq_lines.callback_asserted)) )
        event_update_line(v->domain);
    trace_exit(v, x->reason, v->arch.hvm.emul.regs.rip, (uint32_t)code);
    x->handler(v);
}
