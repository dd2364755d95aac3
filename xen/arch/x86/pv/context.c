/* SPDX-License-Identifier: MIT */
/*
 * A PV vcpu's state as struct vcpu_guest_context: VCPUOP_initialise and
 * XEN_DOMCTL_setvcpucontext, and back.
 *
 * ctrlreg[3] is the machine address of the kernel's root, ctrlreg[1] that of the
 * programs', or 0.
 */
#include "pv.h"

#include <hv/atomic.h>
#include <hv/heap.h>

#include <x86/fpu.h>

static mfn_t cr3_to_mfn(uint64_t cr3)
{
    return _mfn(cr3 >> PAGE_SHIFT);
}

static bool addresses_ok(const struct vcpu_guest_context *c)
{
    if ( !pv_canonical(c->user_regs.rip) || !pv_canonical(c->user_regs.rsp) ||
         !pv_canonical(c->kernel_sp) ||
         !pv_canonical(c->fs_base) || !pv_canonical(c->gs_base_kernel) ||
         !pv_canonical(c->gs_base_user) ||
         !pv_canonical(c->event_callback_eip) ||
         !pv_canonical(c->failsafe_callback_eip) ||
         !pv_canonical(c->syscall_callback_eip) )
        return false;
    for ( unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++ )
        if ( !pv_canonical(c->trap_ctxt[i].address) )
            return false;
    return true;
}

/* Tables of legal sizes, and some to run with. */
static bool tables_ok(const struct vcpu_guest_context *c)
{
    return c->gdt_ents <= PV_GDT_FRAMES * PV_ENTRIES &&
           c->ldt_ents <= PV_LDT_FRAMES * PV_ENTRIES &&
           ((c->flags & VGCF_in_kernel) || c->ctrlreg[1]);
}

static int set_tables(struct vcpu *v, const struct vcpu_guest_context *c)
{
    bool done;
    int rc = pv_set_gdt(v, c->gdt_frames, c->gdt_ents);

    if ( !rc )
        rc = pv_set_ldt(v, c->ldt_base, c->ldt_ents);
    if ( !rc )
        rc = pv_set_root(v, cr3_to_mfn(c->ctrlreg[3]), false, &done);
    if ( !rc )
        rc = pv_set_root(v, cr3_to_mfn(c->ctrlreg[1]), true, &done);
    return rc;
}

static void set_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct pv_vcpu *p = pv_of(v);
    const struct cpu_user_regs *u = &c->user_regs;
    struct trap_frame *r = p->regs;

#define X(n) r->n = u->n;
    X(r15) X(r14) X(r13) X(r12) X(rbp) X(rbx) X(r11) X(r10) X(r9) X(r8)
    X(rax) X(rcx) X(rdx) X(rsi) X(rdi) X(rip) X(rsp)
#undef X
    r->cs = u->cs | 3;
    r->ss = u->ss | 3;
    r->rflags = (u->rflags & RFLAGS_DEFINED & ~(RFLAGS_IOPL | RFLAGS_VM)) |
                RFLAGS_IF | RFLAGS_FIXED;
    p->ds = u->ds;
    p->es = u->es;
    p->fs = u->fs;
    p->gs = u->gs;
    p->fs_base = c->fs_base;
    p->gs_base_kernel = c->gs_base_kernel;
    p->gs_base_user = c->gs_base_user;
    p->kernel = c->flags & VGCF_in_kernel;
    p->kernel_ss = (uint16_t)c->kernel_ss | 3;
    p->kernel_sp = c->kernel_sp;
    p->iopl = (uint8_t)((u->rflags & RFLAGS_IOPL) >> RFLAGS_IOPL_SHIFT);
    p->ts = c->ctrlreg[0] & CR0_TS;
}

static void set_entries(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct pv_vcpu *p = pv_of(v);

    p->entry[PV_ENTRY_EVENT] =
        (struct pv_callback){ c->event_callback_eip, true };
    p->entry[PV_ENTRY_FAILSAFE] = (struct pv_callback){
        c->failsafe_callback_eip, c->flags & VGCF_failsafe_disables_events
    };
    p->entry[PV_ENTRY_SYSCALL] = (struct pv_callback){
        c->syscall_callback_eip, c->flags & VGCF_syscall_disables_events
    };
    for ( unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++ )
    {
        struct trap_info t = c->trap_ctxt[i];

        t.cs |= 3;
        p->trap[i] = t; /* whatever its `vector` is: most are not set at all */
    }
    pv_init_dr(v, c->debugreg);
}

int arch_vcpu_set_pv_context(struct vcpu *v,
                             const struct vcpu_guest_context *c)
{
    int rc;

    if ( !addresses_ok(c) || !tables_ok(c) )
        return -EINVAL;
    /* On its way off a CPU, which still has its tables. */
    if ( load_acquire(&v->arch.on_cpu) || load_acquire(&v->arch.loaded) )
        return -ERESTART;
    rc = set_tables(v, c);
    if ( rc )
        return rc;
    set_registers(v, c);
    set_entries(v, c);
    if ( c->flags & VGCF_I387_VALID )
        fpu_set_legacy(v, &c->fpu_ctxt);
    if ( !READ_ONCE(v->initialised) ) /* later the mask is the kernel's */
        WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
    return 0;
}

/* ---- back ---- */

static uint64_t cr3_of(const struct page *pg)
{
    return pg ? mfn_x(page_to_mfn(pg)) << PAGE_SHIFT : 0;
}

static void get_registers(const struct pv_vcpu *p, struct vcpu_guest_context *c)
{
    struct cpu_user_regs *u = &c->user_regs;
    const struct trap_frame *r = p->regs;

#define X(n) u->n = r->n;
    X(r15) X(r14) X(r13) X(r12) X(rbp) X(rbx) X(r11) X(r10) X(r9) X(r8)
    X(rax) X(rcx) X(rdx) X(rsi) X(rdi) X(rip) X(rsp) X(rflags)
#undef X
    u->cs = (uint16_t)(p->kernel ? r->cs & ~3UL : r->cs);
    u->ss = (uint16_t)(p->kernel ? r->ss & ~3UL : r->ss);
    u->ds = p->ds;
    u->es = p->es;
    u->fs = p->fs;
    u->gs = p->gs;
    u->rflags |= (uint64_t)p->iopl << RFLAGS_IOPL_SHIFT;
}

void arch_vcpu_get_pv_context(struct vcpu *v, struct vcpu_guest_context *c)
{
    const struct pv_vcpu *p = pv_of(v);
    const struct pv_roots *roots = &v->domain->pv->roots[v->vcpu_id];
    const struct pv_descriptors *t = &v->domain->pv->descriptors[v->vcpu_id];

    arch_vcpu_sync(v); /* its registers are in *p then */
    get_registers(p, c);
    c->flags = VGCF_I387_VALID | (p->kernel ? VGCF_in_kernel : 0);
    if ( p->entry[PV_ENTRY_FAILSAFE].mask_events )
        c->flags |= VGCF_failsafe_disables_events;
    if ( p->entry[PV_ENTRY_SYSCALL].mask_events )
        c->flags |= VGCF_syscall_disables_events;
    fpu_get_legacy(v, &c->fpu_ctxt);
    memcpy(c->trap_ctxt, p->trap, sizeof(c->trap_ctxt));
    c->ldt_base = t->ldt_base;
    c->ldt_ents = t->ldt_entries;
    c->gdt_ents = t->gdt_entries;
    for ( unsigned int i = 0; i < PV_GDT_FRAMES && t->gdt[i]; i++ )
        c->gdt_frames[i] = mfn_x(page_to_mfn(t->gdt[i]));
    c->kernel_ss = p->kernel_ss;
    c->kernel_sp = p->kernel_sp;
    c->ctrlreg[0] = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE |
                    (p->ts ? CR0_TS : 0);
    c->ctrlreg[1] = cr3_of(roots->user);
    c->ctrlreg[3] = cr3_of(roots->kernel);
    c->ctrlreg[4] = p->cr4;
    for ( unsigned int i = 0; i < 4; i++ )
        c->debugreg[i] = v->arch.dr[i];
    c->debugreg[6] = p->dr6;
    c->debugreg[7] = p->dr7;
    c->event_callback_eip = p->entry[PV_ENTRY_EVENT].address;
    c->failsafe_callback_eip = p->entry[PV_ENTRY_FAILSAFE].address;
    c->syscall_callback_eip = p->entry[PV_ENTRY_SYSCALL].address;
    c->fs_base = p->fs_base;
    c->gs_base_kernel = p->gs_base_kernel;
    c->gs_base_user = p->gs_base_user;
}
