/* SPDX-License-Identifier: MIT */
/*
 * A PV vcpu runs until it exits, and the exit is handled.
 *
 *   run: events --> ring 3 --> exception --> emulate, or the kernel's own entry
 *                         \-> interrupt --> its handler
 *                         \-> SYSCALL ----> hypercall, or the kernel's own entry
 */
#include "pv.h"

#include <hv/atomic.h>
#include <hv/budget.h>
#include <hv/trace.h>

#include <pv-mm/ops.h>

/* Error code of a page fault. */
#define PF_PRESENT X86_BIT32(0)
#define PF_WRITE X86_BIT32(1)
#define PF_USER X86_BIT32(2)

#define GP_IDT X86_BIT32(1) /* error code: INT n, whose n is in bits 3-10 */
#define SYSCALL_BYTES 2
#define INT_BYTES 2

/* ---- hypercalls ---- */

static void on_hypercall(struct vcpu *v)
{
    struct trap_frame *r = pv_of(v)->regs;
    struct hypercall hc = {
        .nr = r->rax,
        .a = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 },
    };
    long rc = hypercall_dispatch(&hc);

    if ( rc != -ERESTART )
    {
        r->rax = (uint64_t)rc;
        return;
    }
    r->rip -= SYSCALL_BYTES;
    r->rdi = hc.a[0];
    r->rsi = hc.a[1];
    r->rdx = hc.a[2];
    r->r10 = hc.a[3];
    r->r8 = hc.a[4];
    r->r9 = hc.a[5];
}

static void on_syscall(struct vcpu *v)
{
    if ( !pv_of(v)->kernel )
        pv_enter_at(v, PV_ENTRY_SYSCALL);
    else if ( pv_of(v)->regs->rax == __HYPERVISOR_iret )
        pv_iret(v);
    else
        on_hypercall(v);
}

/* A kernel has 64-bit code alone. */
static void on_syscall32(struct vcpu *v)
{
    if ( pv_of(v)->kernel ||
         !pv_of(v)->entry[PV_ENTRY_SYSCALL32].address )
        pv_enter_trap(v, VECTOR_UD);
    else
        pv_enter_at(v, PV_ENTRY_SYSCALL32);
}

/* ---- exceptions ---- */

/*
 * A kernel that writes to one of its page tables, which it has mapped read-only:
 * true when it goes on.
 */
static bool emulate_pt_write(struct vcpu *v, uint64_t address)
{
    struct trap_frame *r = pv_of(v)->regs;
    struct pv_regs regs = {
        .gpr = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
                 r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15 },
        .rip = r->rip,
        .rflags = r->rflags,
    };
    enum pv_pt_write done = pv_emulate_pt_write(v, &regs, address);

    if ( done != PV_PT_DONE )
        return done == PV_PT_RETRY;
    r->rip = regs.rip;
    r->rflags = regs.rflags;
    if ( regs.changed < 16 )
        *pv_gpr(r, regs.changed) = regs.gpr[regs.changed];
    if ( r->rflags & RFLAGS_TF )
    {
        pv_of(v)->dr6 |= DR6_BS;
        pv_enter_trap(v, VECTOR_DB);
    }
    return true;
}

/* Kernel and programs are in ring 3 both: `user` is a program. */
static void tell_page_fault(struct vcpu *v, uint64_t address, bool user)
{
    uint64_t *error = &pv_of(v)->regs->error;

    *error = (*error & ~(uint64_t)PF_USER) | (user ? PF_USER : 0);
    v->info->arch.cr2 = address;
    pv_enter_trap(v, VECTOR_PF);
}

static void on_page_fault(struct vcpu *v, uint64_t address)
{
    struct pv_vcpu *p = pv_of(v);
    uint32_t error = (uint32_t)p->regs->error;

    if ( p->kernel && READ_ONCE(v->domain->writable_tables) &&
         error == (PF_PRESENT | PF_WRITE | PF_USER) && emulate_pt_write(v, address) )
        return;
    /* The processor's own accesses; ring 3 cannot reach that address. */
    if ( !(error & PF_USER) && pv_ldt_fault(v, &address) )
        return;
    tell_page_fault(v, address, !p->kernel);
}

/* INT n, where the guest's table allows n: to the table. */
static bool on_int(struct vcpu *v)
{
    struct pv_vcpu *p = pv_of(v);
    unsigned int vector = (unsigned int)(p->regs->error >> 3) & 0xff;
    const struct trap_info *t = &p->trap[vector];

    if ( !(p->regs->error & GP_IDT) || !t->address ||
         TI_GET_DPL(t) < (p->kernel ? 1 : 3) )
        return false;
    p->regs->rip += INT_BYTES;
    p->regs->vector = vector;
    pv_enter_trap(v, vector | 0x100U);
    return true;
}

/* INT n with a gate of its own: the guest's table may still not allow n. */
static void on_gate(struct vcpu *v, unsigned int vector)
{
    struct pv_vcpu *p = pv_of(v);
    const struct trap_info *t = &p->trap[vector];

    if ( t->address && TI_GET_DPL(t) >= (p->kernel ? 1 : 3) )
    {
        pv_enter_trap(v, vector);
        return;
    }
    p->regs->rip -= INT_BYTES;
    p->regs->error = vector << 3 | GP_IDT;
    pv_enter_trap(v, VECTOR_GP);
}

static void on_protection(struct vcpu *v)
{
    if ( pv_of(v)->regs->error )
    {
        if ( !on_int(v) )
            pv_enter_trap(v, VECTOR_GP);
    }
    else if ( !pv_emulate_privileged(v) )
        pv_enter_trap(v, VECTOR_GP);
}

static void on_debug(struct vcpu *v)
{
    pv_of(v)->dr6 = read_dr6();
    write_dr6(DR6_RESET);
    pv_enter_trap(v, VECTOR_DB);
}

static void on_trap(struct vcpu *v, uint64_t cr2)
{
    struct pv_vcpu *p = pv_of(v);
    unsigned int vector = (unsigned int)p->regs->vector;

    switch ( vector )
    {
    case VECTOR_PF:
        on_page_fault(v, cr2);
        break;
    case VECTOR_GP:
        on_protection(v);
        break;
    case VECTOR_UD:
        if ( !pv_emulate_cpuid(v) )
            pv_enter_trap(v, vector);
        break;
    case VECTOR_DB:
        on_debug(v);
        break;
    case VECTOR_LINUX:
        on_gate(v, vector);
        break;
    case VECTOR_NM:
        p->ts = false;
        pv_enter_trap(v, vector);
        break;
    case VECTOR_SYSCALL:
        on_syscall(v);
        break;
    case VECTOR_SYSCALL32:
        on_syscall32(v);
        break;
    default:
        pv_enter_trap(v, vector);
        break;
    }
}

/* ---- in and out ---- */

#define DR7_ACTIVE 0xffU

static void before(const struct pv_vcpu *p)
{
    if ( unlikely(p->ts) )
        write_cr0(read_cr0() | CR0_TS);
    if ( unlikely(p->dr7 & DR7_ACTIVE) )
        write_dr7(p->dr7);
}

static void after(const struct pv_vcpu *p)
{
    if ( unlikely(p->ts) )
        write_cr0(read_cr0() & ~CR0_TS);
    if ( unlikely(p->dr7 & DR7_ACTIVE) )
        write_dr7(DR7_RESET);
}

/* Ring 3, until it is left; *cr2 is of the exception. */
static enum ring3_exit pass(struct vcpu *v, bool flush_tlb, uint64_t *cr2)
{
    enum ring3_exit how;

    tlb_begin(flush_tlb);
    how = ring3_enter(pv_of(v)->regs, &this_cpu()->softirq_pending);
    *cr2 = read_cr2();
    allow_ring3(false);
    tlb_end();
    return how;
}

/* For counters and trace: why ring 3 was left; v's kernel ran there, or not. */
static enum oriel_exit_reason reason_of(const struct pv_vcpu *p)
{
    switch ( p->regs->vector )
    {
    case VECTOR_PF:
        return ORIEL_EXIT_memory;
    case VECTOR_GP:
        return ORIEL_EXIT_privileged;
    case VECTOR_LINUX:
    case VECTOR_SYSCALL32:
        return ORIEL_EXIT_syscall;
    case VECTOR_SYSCALL:
        return p->kernel ? ORIEL_EXIT_hypercall : ORIEL_EXIT_syscall;
    default:
        return p->regs->vector < VECTOR_FIRST_DEVICE ? ORIEL_EXIT_exception
                                                     : ORIEL_EXIT_interrupt;
    }
}

static void count(struct vcpu *v)
{
    const struct pv_vcpu *p = pv_of(v);

    trace_exit(v, reason_of(p), p->regs->rip, (uint32_t)p->regs->vector);
}

/*
 * A program's SYSCALL or page fault, which its kernel is entered for, and the
 * kernel's iret: at most v changes to the other of its two modes.
 */
static bool only_changes_mode(const struct pv_vcpu *p)
{
    if ( p->dr7 & DR7_ACTIVE )
        return false;
    if ( p->regs->vector == VECTOR_SYSCALL )
        return !p->kernel || p->regs->rax == __HYPERVISOR_iret;
    return p->regs->vector == VECTOR_PF && !p->kernel &&
           (p->regs->error & PF_USER);
}

/*
 * Into ring 3, again and again while v only changes its mode.  That takes no lock
 * and does not wait, and ring3_enter() looks for what others want of this CPU, so
 * to others v is in ring 3 all the time.
 */
static enum ring3_exit enter(struct vcpu *v, bool flush_tlb, uint64_t *cr2)
{
    struct pv_vcpu *p = pv_of(v);
    enum ring3_exit how;

    before(p);
    how = pass(v, flush_tlb, cr2);
    while ( how == RING3_LEFT && only_changes_mode(p) )
    {
        count(v);
        budget_begin();
        if ( p->regs->vector == VECTOR_SYSCALL )
            on_syscall(v);
        else
            tell_page_fault(v, *cr2, true);
        budget_end();
        how = RING3_NOT_ENTERED;
        if ( domain_is_shut_down(v->domain) || !pv_deliver_events(v) )
            break;
        trace(ORIEL_TRACE_enter, v, 0, 0, 0);
        how = pass(v, false, cr2);
    }
    store_release(&v->arch.in_guest, false);
    this_cpu()->busy_since = rdtsc();
    after(p);
    return how;
}

/* Some segments are not in the CPU, since others' work on tables came first. */
static void load_again(struct vcpu *v, bool flush_tlb)
{
    tlb_begin(flush_tlb);
    tlb_end();
    store_release(&v->arch.in_guest, false);
    this_cpu()->busy_since = rdtsc();
    pv_load_segments(v);
}

void pv_run(struct vcpu *v, bool flush_tlb)
{
    struct pv_vcpu *p = pv_of(v);
    uint64_t cr2;

    if ( unlikely(p->load_again) )
    {
        load_again(v, flush_tlb);
        return;
    }
    if ( !pv_tell_refused(v) || !pv_deliver_events(v) )
    {
        store_release(&v->arch.in_guest, false);
        return;
    }
    switch ( enter(v, flush_tlb, &cr2) )
    {
    case RING3_NOT_ENTERED:
        break;
    case RING3_FAULTED: /* as the instruction that the frame names */
        count(v);
        budget_begin();
        if ( p->regs->vector == VECTOR_PF )
            on_page_fault(v, cr2);
        else
            pv_enter_trap(v, (unsigned int)p->regs->vector);
        budget_end();
        break;
    case RING3_LEFT:
        count(v);
        if ( p->regs->vector >= VECTOR_FIRST_DEVICE &&
             p->regs->vector < VECTOR_SYSCALL &&
             p->regs->vector != VECTOR_LINUX )
            trap_interrupt((unsigned int)p->regs->vector);
        else
        {
            budget_begin();
            on_trap(v, cr2);
            budget_end();
        }
        break;
    }
}
