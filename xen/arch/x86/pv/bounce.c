/* SPDX-License-Identifier: MIT */
/*
 * How a PV kernel is entered, and left for its programs.
 *
 * An entry pushes what an interrupt would push, and RCX and R11, to the kernel's
 * stack: its own, or when a program ran the one of the last stack_switch.
 *
 *     rcx  r11  [failsafe: ds es fs gs]  [error code]  rip  cs  rflags  rsp  ss
 *
 * RPL of cs is 0 when the kernel itself was interrupted; the byte at bit 32 of
 * cs is the event mask, and rflags.IF its inverse.  Hypercall iret goes back.
 */
#include "pv.h"

#include <hv/trace.h>

#define MAX_WORDS 12
#define MASK_SHIFT 32
/* Exceptions with an error code: #DF #TS #NP #SS #GP #PF #AC. */
#define ERROR_CODES 0x00027d00U
/* What an entry clears, as the processor does. */
#define CLEARED                                                              \
    (RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC | RFLAGS_IOPL)

static bool events_masked(const struct vcpu *v)
{
    return READ_ONCE(v->info->evtchn_upcall_mask);
}

/* From the kernel to a program, or back. */
static void change_mode(struct vcpu *v)
{
    struct pv_vcpu *p = pv_of(v);

    p->kernel = !p->kernel;
    pv_swap_gs(v);
    pv_load_cr3(v);
}

struct entry {
    uint64_t rip;
    bool mask;
    bool failsafe;      /* push the segment registers */
    bool has_error;
};

static unsigned int fill_frame(struct vcpu *v, const struct entry *e,
                               uint64_t *w)
{
    const struct pv_vcpu *p = pv_of(v);
    const struct trap_frame *r = p->regs;
    unsigned int n = 0;
    bool masked = events_masked(v);

    w[n++] = r->rcx;
    w[n++] = r->r11;
    if ( e->failsafe )
    {
        w[n++] = p->ds;
        w[n++] = p->es;
        w[n++] = p->fs;
        w[n++] = p->gs;
    }
    if ( e->has_error )
        w[n++] = r->error;
    w[n++] = r->rip;
    w[n++] = (r->cs & (p->kernel ? 0xfffc : 0xffff)) |
             (uint64_t)masked << MASK_SHIFT;
    w[n++] = (r->rflags & ~(RFLAGS_IF | RFLAGS_IOPL)) |
             (masked ? 0 : RFLAGS_IF);
    w[n++] = r->rsp;
    w[n++] = r->ss;
    return n;
}

static bool enter(struct vcpu *v, const struct entry *e)
{
    struct pv_vcpu *p = pv_of(v);
    uint64_t words[MAX_WORDS], sp;
    unsigned int n;

    if ( !e->rip )
    {
        domain_crash(v->domain, "vcpu %u: no entry of its kernel for vector "
                     "%lu at %lx", v->vcpu_id,
                     (unsigned long)p->regs->vector,
                     (unsigned long)p->regs->rip);
        return false;
    }
    n = fill_frame(v, e, words);
    sp = p->kernel ? p->regs->rsp : p->kernel_sp;
    sp = (sp & ~15UL) - n * sizeof(words[0]);
    if ( !p->kernel )
        change_mode(v);
    if ( pv_copy_out(v, sp, words, n * sizeof(words[0])) )
    {
        domain_crash(v->domain, "vcpu %u: its kernel's stack at %lx cannot be "
                     "written", v->vcpu_id, (unsigned long)sp);
        return false;
    }
    p->regs->rip = e->rip;
    p->regs->cs = RING3_CS64; /* whatever the guest's table says */
    p->regs->rsp = sp;
    p->regs->ss = RING3_DS;
    p->regs->rflags &= ~CLEARED;
    if ( e->mask )
        WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
    return true;
}

bool pv_enter_trap(struct vcpu *v, unsigned int vector)
{
    const struct trap_info *t = &pv_of(v)->trap[vector & 0xff];

    return enter(v, &(struct entry){
        .rip = t->address, .mask = TI_GET_IF(t),
        .has_error = vector < 32 && (ERROR_CODES >> vector & 1),
    });
}

bool pv_enter_at(struct vcpu *v, enum pv_entry_point e)
{
    const struct pv_callback *c = &pv_of(v)->entry[e];

    return enter(v, &(struct entry){
        .rip = c->address, .mask = c->mask_events,
        .failsafe = e == PV_ENTRY_FAILSAFE,
    });
}

bool pv_deliver_events(struct vcpu *v)
{
    if ( !vcpu_event_pending(v) ||
         !pv_of(v)->entry[PV_ENTRY_EVENT].address )
        return true;
    return pv_enter_at(v, PV_ENTRY_EVENT);
}

/* The registers are 0 now; their selectors are still in *p. */
bool pv_tell_refused(struct vcpu *v)
{
    struct pv_vcpu *p = pv_of(v);

    if ( likely(!p->refused) )
        return true;
    p->refused = false;
    return pv_enter_at(v, PV_ENTRY_FAILSAFE);
}

/* ---- back ---- */

struct iret {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

#define IRET_FLAGS (~(RFLAGS_IOPL | RFLAGS_VM) & RFLAGS_DEFINED)

void pv_iret(struct vcpu *v)
{
    struct pv_vcpu *p = pv_of(v);
    struct trap_frame *r = p->regs;
    struct iret f;

    if ( pv_copy_in(v, &f, r->rsp, sizeof(f)) )
    {
        domain_crash(v->domain, "vcpu %u: hypercall iret with a stack at %lx "
                     "that cannot be read", v->vcpu_id,
                     (unsigned long)r->rsp);
        return;
    }
    if ( (f.cs & 3) == 3 )
    {
        if ( !v->domain->pv->roots[v->vcpu_id].user )
        {
            domain_crash(v->domain, "vcpu %u: hypercall iret to a program "
                         "without page tables", v->vcpu_id);
            return;
        }
        change_mode(v);
    }
    r->rax = f.rax;
    r->rip = f.rip;
    r->cs = (f.cs & 0xffff) | 3;
    r->rflags = (f.rflags & IRET_FLAGS) | RFLAGS_IF | RFLAGS_FIXED;
    /* SYSRET, which the flag asks for, would leave these two so. */
    r->rcx = f.flags & VGCF_in_syscall ? r->rip : f.rcx;
    r->r11 = f.flags & VGCF_in_syscall ? r->rflags : f.r11;
    r->rsp = f.rsp;
    r->ss = (f.ss & 0xffff) | 3;
    WRITE_ONCE(v->info->evtchn_upcall_mask, !(f.rflags & RFLAGS_IF));
}
