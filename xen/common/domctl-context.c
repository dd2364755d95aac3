/* SPDX-License-Identifier: MIT */
/*
 * XEN_DOMCTL_{get,set}vcpucontext of HVM guests, and getpageframeinfo3: what a
 * toolstack that saves a domain asks besides the records of hvm-save.c.
 *
 * The form of a context is that of PV guests.  Of an HVM guest it has the
 * general registers, selectors, control and debug registers and the FPU; setting
 * takes general and debug registers and the FPU from it, and leaves the others.
 */
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/hvm/save.h>

#include <x86/defns.h>

#include "domctl-private.h"

#define SS_DPL(arbytes) ((arbytes) >> 5 & 3)

/* What both directions need: not on the stack. */
struct context {
    struct vcpu_guest_context form;
    struct hvm_hw_cpu record;
};

_Static_assert(sizeof(((struct context *)NULL)->form.fpu_ctxt) ==
                   sizeof(((struct context *)NULL)->record.fpu_regs),
               "both are FXSAVE images");

/* X(field of user_regs, field of the record) */
#define FOR_REGISTERS(X)                                                     \
    X(rax, rax) X(rbx, rbx) X(rcx, rcx) X(rdx, rdx) X(rsi, rsi) X(rdi, rdi)  \
    X(rbp, rbp) X(rsp, rsp) X(r8, r8) X(r9, r9) X(r10, r10) X(r11, r11)      \
    X(r12, r12) X(r13, r13) X(r14, r14) X(r15, r15) X(rip, rip)              \
    X(rflags, rflags)
#define FOR_SELECTORS(X)                                                     \
    X(cs, cs_sel) X(ss, ss_sel) X(ds, ds_sel) X(es, es_sel) X(fs, fs_sel)    \
    X(gs, gs_sel)
#define FOR_DEBUG_REGISTERS(X)                                               \
    X(0, dr0) X(1, dr1) X(2, dr2) X(3, dr3) X(6, dr6) X(7, dr7)

static void form_from_record(struct vcpu_guest_context *f,
                             const struct hvm_hw_cpu *r)
{
    bool kernel = !SS_DPL(r->ss_arbytes);

#define X(to, from) f->user_regs.to = (typeof(f->user_regs.to))r->from;
    FOR_REGISTERS(X)
    FOR_SELECTORS(X)
#undef X
#define X(nr, from) f->debugreg[nr] = r->from;
    FOR_DEBUG_REGISTERS(X)
#undef X
    f->ctrlreg[0] = r->cr0;
    f->ctrlreg[2] = r->cr2;
    f->ctrlreg[3] = r->cr3;
    f->ctrlreg[4] = r->cr4;
    f->fs_base = r->fs_base;
    f->gs_base_kernel = kernel ? r->gs_base : r->shadow_gs;
    f->gs_base_user = kernel ? r->shadow_gs : r->gs_base;
    if ( r->flags & XEN_X86_FPU_INITIALISED )
    {
        memcpy(&f->fpu_ctxt, r->fpu_regs, sizeof(r->fpu_regs));
        f->flags |= VGCF_I387_VALID;
    }
}

/* The record keeps what the form does not have. */
static void record_from_form(struct hvm_hw_cpu *r,
                             const struct vcpu_guest_context *f)
{
#define X(from, to) r->to = f->user_regs.from;
    FOR_REGISTERS(X)
#undef X
#define X(nr, to) r->to = f->debugreg[nr];
    FOR_DEBUG_REGISTERS(X)
#undef X
    /*
     * Loading the legacy part of the FPU resets what lies above it, such as the
     * upper halves of the YMM registers: load no part that is the same.
     */
    if ( f->flags & VGCF_I387_VALID &&
         memcmp(r->fpu_regs, &f->fpu_ctxt, sizeof(r->fpu_regs)) )
        memcpy(r->fpu_regs, &f->fpu_ctxt, sizeof(r->fpu_regs));
    else
        r->flags &= ~XEN_X86_FPU_INITIALISED;
}

/*
 * -EINVAL: the vcpu is not there, or its registers cannot be seen from here;
 * -ENODATA: it has none yet.
 */
static long find_vcpu(struct domctl *c, struct vcpu **v)
{
    *v = domain_vcpu(c->d, c->op.u.vcpucontext.vcpu);
    if ( !*v || c->d == current_domain )
        return -EINVAL;
    return READ_ONCE((*v)->initialised) ? 0 : -ENODATA;
}

long domctl_getvcpucontext(struct domctl *c)
{
    struct context *x;
    struct vcpu *v;
    long rc = find_vcpu(c, &v);

    if ( rc )
        return rc;
    x = hv_zalloc(sizeof(*x));
    if ( !x )
        return -ENOMEM;
    domain_pause(c->d);
    if ( c->d->translated )
    {
        arch_vcpu_get_context(v, &x->record);
        form_from_record(&x->form, &x->record);
    }
    else
        arch_vcpu_get_pv_context(v, &x->form);
    if ( !(READ_ONCE(v->flags) & VCPU_DOWN) )
        x->form.flags |= VGCF_online;
    domain_unpause(c->d);
    rc = copy_to_handle(c->op.u.vcpucontext.ctxt, 0, &x->form, 1);
    hv_free(x);
    return rc;
}

/* The domain is paused. */
static long set_context(struct vcpu *v, struct context *x)
{
    long rc;

    if ( v->domain->translated )
    {
        arch_vcpu_get_context(v, &x->record);
        record_from_form(&x->record, &x->form);
        rc = vcpu_load(v, &x->record);
    }
    else
    {
        rc = arch_vcpu_set_pv_context(v, &x->form);
        if ( !rc )
            WRITE_ONCE(v->initialised, true);
    }
    if ( rc )
        return rc;
    if ( x->form.flags & VGCF_online )
        vcpu_up(v);
    else
        vcpu_down(v);
    return 0;
}

long domctl_setvcpucontext(struct domctl *c)
{
    struct context *x;
    struct vcpu *v;
    long rc = find_vcpu(c, &v);

    /* It is what gives a PV vcpu its first registers. */
    if ( rc && !(rc == -ENODATA && !c->d->translated) )
        return rc;
    if ( handle_is_null(c->op.u.vcpucontext.ctxt) )
        return -EOPNOTSUPP;
    x = hv_zalloc(sizeof(*x));
    if ( !x )
        return -ENOMEM;
    if ( copy_from_handle(&x->form, c->op.u.vcpucontext.ctxt, 0, 1) )
        rc = -EFAULT;
    else
    {
        domain_pause(c->d);
        rc = set_context(v, x);
        domain_unpause(c->d);
    }
    hv_free(x);
    return rc;
}

/* ---- types of frames ---- */

#define MAX_FRAMES 1024
#define AT_ONCE 64U /* that one copy moves */

/*
 * Memory of the domain's own, which a toolstack can save by mapping it, or
 * nothing: what other domains own, and what the hypervisor writes there, such
 * as shared info and grant tables, belongs to no saved state.  *gfn becomes the
 * type.  -ERESTART: it has to be populated first, and preemption is due.
 */
static int frame_type(struct domain *d, xen_pfn_t *gfn)
{
    enum p2m_type t;
    struct page *pg = p2m_get_page(d, _gfn(*gfn), &t);
    bool own = pg && p2m_is_ram(t) && pg->owner == d &&
               !(pg->flags & PAGE_EXTRA);

    if ( pg )
        page_put(pg);
    else if ( t == P2M_POD && p2m_pod_no_memory(d) == -ERESTART )
        return -ERESTART;
    *gfn = own ? XEN_DOMCTL_PFINFO_NOTAB : XEN_DOMCTL_PFINFO_XTAB;
    return 0;
}

long domctl_getpageframeinfo3(struct domctl *c)
{
    struct xen_domctl_getpageframeinfo3 *op = &c->op.u.getpageframeinfo3;
    xen_pfn_t frames[AT_ONCE];

    if ( op->num > MAX_FRAMES )
        return -E2BIG;
    for ( unsigned int at = 0; at < op->num; at += AT_ONCE )
    {
        unsigned int nr = min((unsigned int)op->num - at, AT_ONCE), i;
        int rc = 0;

        if ( copy_from_handle(frames, op->array, at, nr) )
            return -EFAULT;
        for ( i = 0; i < nr && !rc; i += !rc )
            rc = frame_type(c->d, &frames[i]);
        if ( copy_to_handle(op->array, at, frames, i) )
            return -EFAULT;
        if ( rc )
        {
            op->array.p += at + i;
            op->num -= at + i;
            c->copyback = true;
            return rc;
        }
    }
    return 0;
}
