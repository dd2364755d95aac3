/* SPDX-License-Identifier: MIT */
/*
 * VCPUOP_initialise: the register state with which a guest starts one of its
 * vcpus, given as struct vcpu_hvm_context and turned into the record that
 * every machine takes.
 *
 * What the form can express and no processor can hold is refused here; what
 * depends on the processor (control register bits) by the machine.
 */
#include <hv/atomic.h>
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/save.h>

#include <x86/defns.h>

#include "vcpu-private.h"

/* Segment attributes, packed as in the ABI: see hvm_vcpu.h. */
#define AR_TYPE 0xf
#define AR_CODE 0x8
#define AR_RW 0x2 /* readable code, writable data */
#define AR_S 0x10
#define AR_DPL 0x60
#define AR_P 0x80
#define AR_L 0x200
#define AR_DB 0x400
#define AR_G 0x800
#define AR_RESERVED 0xf000
#define TYPE_BUSY_TSS 0xb

enum segment { SEG_CS, SEG_DS, SEG_SS, SEG_ES, SEG_TR };

static bool segment_ok(enum segment seg, uint32_t limit, uint16_t ar)
{
    if ( !ar ) /* a null selector */
        return seg == SEG_DS || seg == SEG_ES;
    if ( ar & AR_RESERVED || (!(ar & AR_G) && limit > 0xfffff) )
        return false;
    if ( !(ar & AR_P) )
        return false;
    if ( seg == SEG_TR )
        return !(ar & AR_S) && (ar & AR_TYPE) == TYPE_BUSY_TSS;
    if ( !(ar & AR_S) )
        return false;
    switch ( seg )
    {
    case SEG_CS:
        return ar & AR_CODE && !(ar & AR_L && ar & AR_DB);
    case SEG_SS:
        return !(ar & AR_CODE) && ar & AR_RW;
    default: /* data may be read-only, code must be readable */
        return !(ar & AR_CODE) || ar & AR_RW;
    }
}

static bool segments_ok(const struct vcpu_hvm_x86_32 *r)
{
    return segment_ok(SEG_CS, r->cs_limit, r->cs_ar) &&
           segment_ok(SEG_DS, r->ds_limit, r->ds_ar) &&
           segment_ok(SEG_SS, r->ss_limit, r->ss_ar) &&
           segment_ok(SEG_ES, r->es_limit, r->es_ar) &&
           segment_ok(SEG_TR, r->tr_limit, r->tr_ar) &&
           (r->cs_ar & AR_DPL) == (r->ss_ar & AR_DPL);
}

static int from_32(const struct vcpu_hvm_x86_32 *r, struct hvm_hw_cpu *ctx)
{
    if ( r->pad1 || r->pad2[0] || r->pad2[1] || r->pad2[2] ||
         !segments_ok(r) )
        return -EINVAL;
    /* 64-bit code is started by the other form. */
    if ( r->cs_ar & AR_L && r->efer & EFER_LMA )
        return -EINVAL;

#define SEGMENT(s)                                                           \
    ctx->s##_base = r->s##_base;                                             \
    ctx->s##_limit = r->s##_limit;                                           \
    ctx->s##_arbytes = r->s##_ar
    SEGMENT(cs);
    SEGMENT(ds);
    SEGMENT(ss);
    SEGMENT(es);
    SEGMENT(tr);
#undef SEGMENT
    ctx->rax = r->eax;
    ctx->rcx = r->ecx;
    ctx->rdx = r->edx;
    ctx->rbx = r->ebx;
    ctx->rsp = r->esp;
    ctx->rbp = r->ebp;
    ctx->rsi = r->esi;
    ctx->rdi = r->edi;
    ctx->rip = r->eip;
    ctx->rflags = r->eflags | RFLAGS_FIXED;
    ctx->cr0 = r->cr0;
    ctx->cr3 = r->cr3;
    ctx->cr4 = r->cr4;
    ctx->msr_efer = r->efer;
    return 0;
}

static int from_64(const struct vcpu_hvm_x86_64 *r, struct hvm_hw_cpu *ctx)
{
    const uint64_t long_mode = EFER_LME | EFER_LMA, paging = CR0_PE | CR0_PG;

    if ( (r->efer & long_mode) != long_mode || !(r->cr4 & CR4_PAE) ||
         (r->cr0 & paging) != paging )
        return -EINVAL;

    ctx->cs_limit = ctx->ds_limit = ctx->ss_limit = ctx->es_limit = ~0U;
    ctx->cs_arbytes = 0xa9b; /* 64-bit code, accessed */
    ctx->ds_arbytes = ctx->ss_arbytes = ctx->es_arbytes = 0xc93;
    ctx->tr_limit = 0x67;
    ctx->tr_arbytes = AR_P | TYPE_BUSY_TSS;
    ctx->rax = r->rax;
    ctx->rcx = r->rcx;
    ctx->rdx = r->rdx;
    ctx->rbx = r->rbx;
    ctx->rsp = r->rsp;
    ctx->rbp = r->rbp;
    ctx->rsi = r->rsi;
    ctx->rdi = r->rdi;
    ctx->rip = r->rip;
    ctx->rflags = r->rflags | RFLAGS_FIXED;
    ctx->cr0 = r->cr0;
    ctx->cr3 = r->cr3;
    ctx->cr4 = r->cr4;
    ctx->msr_efer = r->efer;
    return 0;
}

/*
 * One vcpu at a time: whoever comes second must not set the tables of a vcpu that
 * the first one has started meanwhile.
 */
static long set_pv_context_once(struct vcpu *v,
                                const struct vcpu_guest_context *c)
{
    long rc = -EEXIST;

    if ( atomic_xchg(&v->initialising, true) )
        return -ERESTART;
    if ( !READ_ONCE(v->initialised) )
        rc = arch_vcpu_set_pv_context(v, c);
    if ( !rc )
        WRITE_ONCE(v->initialised, true);
    store_release(&v->initialising, false);
    return rc;
}

static long initialise_pv(struct vcpu *v, uint64_t arg)
{
    struct vcpu_guest_context *c = new_object(struct vcpu_guest_context);
    long rc = -EFAULT;

    if ( !c )
        return -ENOMEM;
    if ( !guest_copy_in(c, arg, sizeof(*c)) )
        rc = set_pv_context_once(v, c);
    hv_free(c);
    return rc;
}

long vcpu_initialise(struct vcpu *v, uint64_t arg)
{
    struct vcpu_hvm_context form;
    struct hvm_hw_cpu ctx;
    int rc;

    if ( !v->domain->translated )
        return initialise_pv(v, arg);
    if ( copy_from_arg(&form, arg) )
        return -EFAULT;
    if ( !(READ_ONCE(v->flags) & VCPU_DOWN) )
        return -EEXIST;
    if ( form.pad )
        return -EINVAL;

    memset(&ctx, 0, sizeof(ctx));
    ctx.dr6 = DR6_RESET;
    ctx.dr7 = DR7_RESET;
    switch ( form.mode )
    {
    case VCPU_HVM_MODE_32B:
        rc = from_32(&form.cpu_regs.x86_32, &ctx);
        break;
    case VCPU_HVM_MODE_64B:
        rc = from_64(&form.cpu_regs.x86_64, &ctx);
        break;
    default:
        return -EINVAL;
    }
    return rc ? rc : vcpu_load(v, &ctx);
}
