/* SPDX-License-Identifier: MIT */
/*
 * The state of an HVM guest as a list of records, and
 * XEN_DOMCTL_{get,set}hvmcontext{,_partial}.
 *
 *   {type u16, instance u16, length u32} data ... , ended by {END, 0, 0}
 *
 * We write HEADER, for each vcpu that is up CPU, for each vcpu MTRR, END.  All
 * guest memory is write-back: MTRR always says so, and one that is set is
 * checked and dropped.  Nothing else is taken: a guest whose devices have
 * state cannot come from elsewhere.
 *
 * A context is read as a whole into memory of ours, then record by record; the
 * first bad one ends it with an error, those before stay in effect (the
 * toolstack gives such a domain up).  Setting a CPU record starts that vcpu.
 */
#include <hv/cpu-policy.h>
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/lib.h>

#include <xen/hvm/save.h>

#include "domctl-private.h"

#define TYPE_END 0
#define TYPE_HEADER HVM_SAVE_CODE(HEADER)
#define TYPE_CPU HVM_SAVE_CODE(CPU)
#define TYPE_MTRR HVM_SAVE_CODE(MTRR)

#define MAX_CONTEXT (2U << 20) /* that of 512 vcpus is 0.7 MiB */

#define PAT_DEFAULT 0x0007040600070406UL
#define MTRR_CAP 0x508UL /* 8 variable ranges, fixed ones, write-combining */
#define MTRR_ENABLED_WB 0xc06UL
#define MTRR_ALL_WB 0x0606060606060606UL
#define MTRR_DEF_TYPE_VALID 0xcffUL

/* A context being written; what does not fit in size is only counted. */
struct writer {
    uint8_t *data;
    uint32_t size, at;
};

static void put_record(struct writer *w, uint16_t type, unsigned int instance,
                       const void *data, uint32_t len)
{
    struct hvm_save_descriptor desc = {
        .typecode = type, .instance = (uint16_t)instance, .length = len,
    };

    if ( w->at + sizeof(desc) + len <= w->size )
    {
        memcpy(w->data + w->at, &desc, sizeof(desc));
        memcpy(w->data + w->at + sizeof(desc), data, len);
    }
    w->at += sizeof(desc) + len;
}

static void make_header(struct domain *d, struct hvm_save_header *h)
{
    struct cpuid_regs regs;
    struct cpu_info info;

    arch_cpuid(1, 0, &regs);
    arch_cpu_info(&info);
    memset(h, 0, sizeof(*h));
    h->magic = HVM_FILE_MAGIC;
    h->version = HVM_FILE_VERSION;
    h->changeset = ~0UL; /* unknown, as in builds without one */
    h->cpuid = regs.a;
    h->gtsc_khz = d->tsc_khz ? d->tsc_khz : info.khz;
}

static void make_mtrr(struct hvm_hw_mtrr *m)
{
    memset(m, 0, sizeof(*m));
    m->msr_pat_cr = PAT_DEFAULT;
    m->msr_mtrr_cap = MTRR_CAP;
    m->msr_mtrr_def_type = MTRR_ENABLED_WB;
    for ( unsigned int i = 0; i < NUM_FIXED_MSR; i++ )
        m->msr_mtrr_fixed[i] = MTRR_ALL_WB;
}

/* d is paused; which vcpus are up does not change. */
static void save(struct domain *d, struct writer *w)
{
    union {
        struct hvm_save_header header;
        struct hvm_hw_cpu cpu;
        struct hvm_hw_mtrr mtrr;
    } u;

    make_header(d, &u.header);
    put_record(w, TYPE_HEADER, 0, &u.header, sizeof(u.header));
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = domain_vcpu(d, i);

        if ( !v || READ_ONCE(v->flags) & VCPU_DOWN )
            continue;
        memset(&u.cpu, 0, sizeof(u.cpu));
        if ( w->data )
            arch_vcpu_get_context(v, &u.cpu);
        put_record(w, TYPE_CPU, i, &u.cpu, sizeof(u.cpu));
    }
    make_mtrr(&u.mtrr);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
        if ( domain_vcpu(d, i) )
            put_record(w, TYPE_MTRR, i, &u.mtrr, sizeof(u.mtrr));
    put_record(w, TYPE_END, 0, NULL, 0);
}

/* An HVM guest, not the caller, that has a vcpu. */
static bool has_context(struct domain *d)
{
    return d != current_domain && d->translated && domain_vcpu(d, 0);
}

/*
 * The context of d into memory that the caller frees.  The domain is paused
 * meanwhile; -EAGAIN if its controller added a vcpu between the two passes.
 */
static long save_to_heap(struct domain *d, struct writer *w)
{
    long rc = 0;

    domain_pause(d);
    *w = (struct writer){ .data = NULL };
    save(d, w);
    *w = (struct writer){ .data = hv_zalloc(w->at), .size = w->at };
    if ( w->data )
        save(d, w);
    else
        rc = -ENOMEM;
    domain_unpause(d);
    if ( !rc && w->at != w->size )
    {
        hv_free(w->data);
        rc = -EAGAIN;
    }
    return rc;
}

long domctl_gethvmcontext(struct domctl *c)
{
    struct xen_domctl_hvmcontext *op = &c->op.u.hvmcontext;
    struct writer w = { .data = NULL };
    long rc;

    if ( !has_context(c->d) )
        return -EINVAL;
    c->copyback = true;
    if ( handle_is_null(op->buffer) )
    {
        save(c->d, &w);
        op->size = w.at;
        return 0;
    }
    rc = save_to_heap(c->d, &w);
    if ( rc )
        return rc;
    if ( op->size < w.at )
        rc = -ENOSPC;
    else if ( guest_copy_out(handle_addr(op->buffer), w.data, w.at) )
        rc = -EFAULT;
    else
        op->size = w.at;
    hv_free(w.data);
    return rc;
}

/* ---- one record ---- */

long domctl_gethvmcontext_partial(struct domctl *c)
{
    struct xen_domctl_hvmcontext_partial *op = &c->op.u.hvmcontext_partial;
    struct hvm_save_descriptor desc;
    struct writer w;
    long rc;

    if ( !has_context(c->d) ||
         (op->type != TYPE_HEADER && op->type != TYPE_CPU &&
          op->type != TYPE_MTRR) )
        return -EINVAL;
    rc = save_to_heap(c->d, &w);
    if ( rc )
        return rc;
    rc = -ENOENT;
    for ( uint32_t at = 0; at < w.at; at += sizeof(desc) + desc.length )
    {
        memcpy(&desc, w.data + at, sizeof(desc));
        if ( desc.typecode != op->type || desc.instance != op->instance )
            continue;
        if ( handle_is_null(op->buffer) )
            rc = 0;
        else if ( op->bufsz < desc.length )
            rc = -ENOSPC;
        else
            rc = guest_copy_out(handle_addr(op->buffer),
                                w.data + at + sizeof(desc), desc.length);
        break;
    }
    hv_free(w.data);
    if ( !rc )
    {
        op->bufsz = desc.length;
        c->copyback = true;
    }
    return rc;
}

/* ---- loading ---- */

static bool memory_type_ok(unsigned int type)
{
    return type < 8 && (0x73 >> type) & 1; /* UC WC WT WP WB */
}

static long load_mtrr(const struct hvm_hw_mtrr *m)
{
    if ( m->msr_mtrr_def_type & ~MTRR_DEF_TYPE_VALID ||
         !memory_type_ok(m->msr_mtrr_def_type & 0xff) )
        return -EINVAL;
    for ( unsigned int i = 0; i < NUM_FIXED_MSR; i++ )
        for ( unsigned int byte = 0; byte < 8; byte++ )
            if ( !memory_type_ok((m->msr_mtrr_fixed[i] >> byte * 8) & 0xff) )
                return -EINVAL;
    return 0;
}

static long load_cpu(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    long rc = vcpu_load(v, ctx);

    if ( !rc )
        vcpu_up(v);
    return rc;
}

static long load_record(struct domain *d,
                        const struct hvm_save_descriptor *desc,
                        const uint8_t *data)
{
    union {
        struct hvm_hw_cpu cpu;
        struct hvm_hw_mtrr mtrr;
    } u;
    struct vcpu *v = domain_vcpu(d, desc->instance);
    uint32_t want = desc->typecode == TYPE_CPU    ? sizeof(u.cpu)
                    : desc->typecode == TYPE_MTRR ? sizeof(u.mtrr)
                                                  : 0;

    if ( !v || !want || desc->length != want )
        return -EINVAL;
    memcpy(&u, data, want);
    return desc->typecode == TYPE_CPU ? load_cpu(v, &u.cpu)
                                      : load_mtrr(&u.mtrr);
}

static long load_header(const struct hvm_save_descriptor *desc,
                        const uint8_t *data)
{
    struct hvm_save_header h;

    if ( desc->typecode != TYPE_HEADER || desc->length != sizeof(h) )
        return -ENODATA;
    memcpy(&h, data, sizeof(h));
    return h.magic == HVM_FILE_MAGIC && h.version == HVM_FILE_VERSION
               ? 0 : -EINVAL;
}

/*
 * -ENODATA when a record or the end is missing.  What follows the end is not
 * looked at.
 */
static long load(struct domain *d, const uint8_t *data, uint32_t size)
{
    struct hvm_save_descriptor desc;
    bool first = true;
    uint32_t at = 0;

    while ( size - at >= sizeof(desc) )
    {
        long rc;

        memcpy(&desc, data + at, sizeof(desc));
        at += sizeof(desc);
        if ( desc.typecode == TYPE_END && !first )
            return 0;
        if ( desc.length > size - at )
            return -ENODATA;
        rc = first ? load_header(&desc, data + at)
                   : load_record(d, &desc, data + at);
        if ( rc )
            return rc;
        at += desc.length;
        first = false;
    }
    return -ENODATA;
}

long domctl_sethvmcontext(struct domctl *c)
{
    const struct xen_domctl_hvmcontext *op = &c->op.u.hvmcontext;
    uint8_t *data;
    long rc;

    if ( !has_context(c->d) )
        return -EINVAL;
    if ( op->size > MAX_CONTEXT )
        return -ENOMEM;
    data = hv_zalloc(op->size ? op->size : 1);
    if ( !data )
        return -ENOMEM;
    if ( guest_copy_in(data, handle_addr(op->buffer), op->size) )
        rc = -EFAULT;
    else
    {
        domain_pause(c->d);
        rc = load(c->d, data, op->size);
        domain_unpause(c->d);
    }
    hv_free(data);
    return rc;
}
