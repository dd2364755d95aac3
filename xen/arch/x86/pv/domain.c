/* SPDX-License-Identifier: MIT */
/* PV domains and their vcpus: the operations of x86/guest.h. */
#include "pv.h"

#include <hv/heap.h>

#include <x86/fpu.h>

static bool pv_serves(const struct domain *d)
{
    return !d->translated;
}

/* ---- vcpus ---- */

#define CR4_OF_KERNEL (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)

static int pv_vcpu_create(struct vcpu *v)
{
    struct pv_vcpu *p = pv_of(v);

    p->regs = new_object(struct trap_frame); /* aligned to a cache line */
    if ( !p->regs )
        return -ENOMEM;
    p->kernel = true;
    p->cr4 = CR4_OF_KERNEL;
    if ( fpu_states() & XCR0_SSE )
        v->arch.xcr0 = XCR0_X87 | XCR0_SSE;
    p->dr6 = DR6_RESET;
    p->dr7 = DR7_RESET;
    p->regs->cs = RING3_CS64;
    p->regs->ss = RING3_DS;
    p->regs->rflags = RFLAGS_FIXED | RFLAGS_IF;
    return 0;
}

static void pv_vcpu_destroy(struct vcpu *v)
{
    hv_free(pv_of(v)->regs);
}

int pv_vcpu_start(struct vcpu *v, const struct pv_start *s)
{
    struct pv_vcpu *p = pv_of(v);
    bool done = false;
    int rc;

    /* Long work on tables is done for a vcpu, which calls again. */
    this_cpu()->vcpu = v;
    do
        rc = pv_pin(v->domain, s->root, PV_L4);
    while ( rc == -ERESTART );
    while ( !rc && !done )
        rc = pv_set_root(v, s->root, false, &done);
    this_cpu()->vcpu = NULL;
    if ( rc )
        return rc;
    p->regs->rip = s->rip;
    p->regs->rsp = s->rsp;
    p->regs->rsi = s->rsi;
    v->info->evtchn_upcall_mask = 1;
    WRITE_ONCE(v->initialised, true);
    return 0;
}

/* The record of HVM guests says too little of a PV vcpu. */
static int pv_set_context(struct vcpu *v, const struct hvm_hw_cpu *c)
{
    (void)v, (void)c;
    return -EINVAL;
}

static void pv_get_context(struct vcpu *v, struct hvm_hw_cpu *c)
{
    const struct trap_frame *r = pv_of(v)->regs;

    memset(c, 0, sizeof(*c));
    c->rip = r->rip;
    c->rsp = r->rsp;
    c->rflags = r->rflags;
}

/* ---- on a CPU ---- */

static void pv_load(struct vcpu *v)
{
    ring3_use(pv_of(v)->regs);
    pv_forget_registers(this_cpu());
    pv_load_cr4(pv_of(v)->cr4);
    pv_map_descriptors(v);
    pv_load_cr3(v);
    pv_load_segments(v);
}

static void pv_save(struct vcpu *v)
{
    pv_save_segments(v);
    pv_load_cr4(0);
    pv_unmap_descriptors();
    tlb_load_cr3(paging_cr3);
}

/* A PV vcpu starts when its context has been set. */
static void pv_start(struct vcpu *v)
{
    WRITE_ONCE(v->arch.start, 0);
}

/* No device model serves a PV guest. */
static bool pv_resume(struct vcpu *v)
{
    (void)v;
    return true;
}

static bool pv_interrupt_pending(const struct vcpu *v)
{
    (void)v;
    return false;
}

static void pv_audit_refs(audit_count_t count)
{
    (void)count;
}

const struct guest_ops pv_guest_ops = {
    .name = "PV",
    .save_always = true, /* others set its descriptor tables when it is down */
    .serves = pv_serves,
    .domain_create = pv_domain_create,
    .domain_relinquish = pv_domain_relinquish,
    .domain_destroy = pv_domain_destroy,
    .vcpu_create = pv_vcpu_create,
    .vcpu_destroy = pv_vcpu_destroy,
    .set_context = pv_set_context,
    .get_context = pv_get_context,
    .load = pv_load,
    .save = pv_save,
    .start = pv_start,
    .resume = pv_resume,
    .run = pv_run,
    .interrupt_pending = pv_interrupt_pending,
    .copy_in = pv_copy_in,
    .copy_out = pv_copy_out,
    .audit_refs = pv_audit_refs,
};
