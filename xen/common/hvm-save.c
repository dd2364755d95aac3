/* SPDX-License-Identifier: MIT */
/*
 * The state of an HVM guest as a list of records, and
 * XEN_DOMCTL_{get,set}hvmcontext{,_partial}.
 *
 *   {type u16, instance u16, length u32} data ... , ended by {END, 0, 0}
 *
 * HEADER comes first, then the records of all types in the order of their
 * codes, then END.  hv/hvm-save.h describes a type; records[] has those of the
 * core, arch_hvm_records() those of the machine.
 *
 * A context is read as a whole into memory of ours, then record by record; the
 * first bad one ends it with an error, those before stay in effect (the
 * toolstack gives such a domain up).  All vcpus go down first; a CPU record starts
 * its vcpu.
 */
#include <hv/cpu-policy.h>
#include <hv/guest-access.h>
#include <hv/heap.h>
#include <hv/hvm-save.h>
#include <hv/hypercall.h>
#include <hv/lib.h>

#include <xen/hvm/save.h>

#include "domctl-private.h"

#define TYPE_END 0
#define TYPE_HEADER HVM_SAVE_CODE(HEADER)

#define MAX_CONTEXT (4U << 20) /* that of 512 vcpus is 2.8 MiB */

#define PAT_DEFAULT 0x0007040600070406UL
#define MTRR_CAP 0x508UL /* 8 variable ranges, fixed ones, write-combining */
#define MTRR_ENABLED_WB 0xc06UL
#define MTRR_ALL_WB 0x0606060606060606UL
#define MTRR_DEF_TYPE_VALID 0xcffUL
#define MTRR_BASE_VALID 0x000ffffffffff0ffUL
#define MTRR_MASK_VALID 0x000ffffffffff800UL

/* A context being written; without data the size is only counted. */
struct writer {
    uint8_t *data;
    uint32_t size, at;
};

/* Where a record of at most `most` bytes goes; NULL: it is only counted. */
static void *record_space(const struct writer *w, uint32_t most)
{
    uint32_t start = w->at + (uint32_t)sizeof(struct hvm_save_descriptor);

    return start + most <= w->size ? w->data + start : NULL;
}

/* The record's data, if any, are in record_space() already. */
static void put_record(struct writer *w, uint16_t type, unsigned int instance,
                       uint32_t len)
{
    struct hvm_save_descriptor desc = {
        .typecode = type, .instance = (uint16_t)instance, .length = len,
    };

    if ( w->at + sizeof(desc) + len <= w->size )
        memcpy(w->data + w->at, &desc, sizeof(desc));
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

/* ---- types of records ---- */

static uint32_t save_cpu(struct domain *d, unsigned int instance, void *data)
{
    struct vcpu *v = domain_vcpu(d, instance);

    if ( READ_ONCE(v->flags) & VCPU_DOWN )
        return 0;
    if ( data )
        arch_vcpu_get_context(v, data);
    return sizeof(struct hvm_hw_cpu);
}

static long load_cpu(struct domain *d, unsigned int instance,
                     const void *data)
{
    struct vcpu *v = domain_vcpu(d, instance);
    const struct hvm_hw_cpu *hw = data;
    long rc;

    if ( (hw->flags & ~XEN_X86_FPU_INITIALISED) || hw->pad0 )
        return -EINVAL;
    rc = vcpu_load(v, data);
    if ( !rc )
        vcpu_up(v);
    return rc;
}

/*
 * All guest memory is write-back: MTRR always says so, and one that is loaded
 * is checked and dropped.
 */
static uint32_t save_mtrr(struct domain *d, unsigned int instance, void *data)
{
    struct hvm_hw_mtrr *m = data;

    (void)d, (void)instance;
    if ( !m )
        return sizeof(*m);
    m->msr_pat_cr = PAT_DEFAULT;
    m->msr_mtrr_cap = MTRR_CAP;
    m->msr_mtrr_def_type = MTRR_ENABLED_WB;
    for ( unsigned int i = 0; i < NUM_FIXED_MSR; i++ )
        m->msr_mtrr_fixed[i] = MTRR_ALL_WB;
    return sizeof(*m);
}

#define EACH_BYTE 0x0101010101010101UL

/*
 * Is each byte one of UC 0, WC 1, WT 4, WP 5, WB 6 or, in a PAT, UC- 7?  Without
 * a loop, since a context may have 512 vcpus.
 */
static bool memory_types_ok(uint64_t bytes, bool pat)
{
    uint64_t low = bytes & EACH_BYTE, middle = bytes >> 1 & EACH_BYTE;
    uint64_t high = bytes >> 2 & EACH_BYTE;

    return !(bytes & ~(7 * EACH_BYTE)) && !(middle & ~high) &&
           (pat || !(low & middle));
}

static bool range_ok(uint64_t base, uint64_t mask)
{
    return !(base & ~MTRR_BASE_VALID) && memory_types_ok(base & 0xff, false) &&
           !(mask & ~MTRR_MASK_VALID);
}

static long load_mtrr(struct domain *d, unsigned int instance,
                      const void *data)
{
    const struct hvm_hw_mtrr *m = data;

    (void)d, (void)instance;
    if ( m->msr_mtrr_def_type & ~MTRR_DEF_TYPE_VALID ||
         !memory_types_ok(m->msr_mtrr_def_type & 0xff, false) ||
         !memory_types_ok(m->msr_pat_cr, true) )
        return -EINVAL;
    for ( unsigned int i = 0; i < MTRR_VCNT; i++ )
        if ( !range_ok(m->msr_mtrr_var[2 * i], m->msr_mtrr_var[2 * i + 1]) )
            return -EINVAL;
    for ( unsigned int i = 0; i < NUM_FIXED_MSR; i++ )
        if ( !memory_types_ok(m->msr_mtrr_fixed[i], false) )
            return -EINVAL;
    return 0;
}

#define RECORD(name, nr, save_fn, load_fn)                                   \
    { .code = HVM_SAVE_CODE(name), .instances = (nr),                        \
      .size = HVM_SAVE_LENGTH(name), .save = (save_fn), .load = (load_fn) }

static const struct hvm_record records[] = {
    RECORD(CPU, RECORD_PER_VCPU, save_cpu, load_cpu),
    RECORD(MTRR, RECORD_PER_VCPU, save_mtrr, load_mtrr),
};

/* The most bytes that a record of any type has. */
static uint32_t largest_record(void)
{
    unsigned int nr;
    const struct hvm_record *r = arch_hvm_records(&nr);
    uint32_t most = 0;

    for ( unsigned int i = 0; i < nr; i++ )
        most = max(most, r[i].size);
    for ( unsigned int i = 0; i < ARRAY_SIZE(records); i++ )
        most = max(most, records[i].size);
    return most;
}

/* The row of a type; NULL: there are no such records. */
static const struct hvm_record *find_record(unsigned int code)
{
    unsigned int nr;
    const struct hvm_record *r = arch_hvm_records(&nr);

    for ( unsigned int i = 0; i < nr; i++ )
        if ( r[i].code == code )
            return &r[i];
    for ( unsigned int i = 0; i < ARRAY_SIZE(records); i++ )
        if ( records[i].code == code )
            return &records[i];
    return NULL;
}

static bool instance_exists(struct domain *d, const struct hvm_record *r,
                            unsigned int instance)
{
    return r->instances == RECORD_PER_VCPU
               ? domain_vcpu(d, instance) != NULL : instance < r->instances;
}

/* ---- saving ---- */

static void save_type(struct domain *d, const struct hvm_record *r,
                      struct writer *w)
{
    unsigned int nr = r->instances == RECORD_PER_VCPU ? d->max_vcpus
                                                      : r->instances;

    for ( unsigned int i = 0; i < nr; i++ )
        if ( instance_exists(d, r, i) )
        {
            uint32_t len = r->save(d, i, record_space(w, r->size));

            ASSERT(len <= r->size && len % 8 == 0);
            if ( len )
                put_record(w, r->code, i, len);
        }
}

/* d is paused, unless the size is only counted. */
static void save(struct domain *d, struct writer *w)
{
    struct hvm_save_header *header = record_space(w, sizeof(*header));

    if ( header )
        make_header(d, header);
    put_record(w, TYPE_HEADER, 0, sizeof(*header));
    for ( unsigned int code = 0; code <= HVM_SAVE_CODE_MAX; code++ )
    {
        const struct hvm_record *r = find_record(code);

        if ( r )
            save_type(d, r, w);
    }
    put_record(w, TYPE_END, 0, 0);
}

/* An HVM guest, not the caller, that has a vcpu. */
static bool has_context(struct domain *d)
{
    return d != current_domain && d->translated && domain_vcpu(d, 0);
}

/*
 * The context of d into memory that the caller frees.  The domain is paused
 * meanwhile; -ERESTART if a record appeared between the two passes: a vcpu was
 * added, or a CPU took one up for a moment and stored more of its state.
 */
static long save_to_heap(struct domain *d, struct writer *w)
{
    long rc = 0;
    uint32_t counted;

    domain_pause(d);
    *w = (struct writer){ .data = NULL };
    save(d, w);
    counted = w->at;
    /* Room for the last record is looked for before its length is known. */
    *w = (struct writer){ .size = counted + largest_record() };
    w->data = hv_zalloc(w->size);
    if ( w->data )
        save(d, w);
    else
        rc = -ENOMEM;
    domain_unpause(d);
    if ( !rc && w->at != counted )
    {
        hv_free(w->data);
        rc = -ERESTART;
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

    if ( !has_context(c->d) || !find_record(op->type) )
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
            rc = -ENOBUFS;
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

/* One record; its data are copied to `filled`, which is aligned, first. */
static long load_record(struct domain *d,
                        const struct hvm_save_descriptor *desc,
                        const uint8_t *data, void *filled)
{
    const struct hvm_record *r = find_record(desc->typecode);
    uint32_t least;

    if ( !r || !instance_exists(d, r, desc->instance) )
        return -EINVAL;
    least = r->least ? r->least : r->size;
    if ( desc->length < least || desc->length > r->size )
        return -EINVAL;
    memset(filled, 0, r->size);
    memcpy(filled, data, desc->length);
    return r->load(d, desc->instance, filled);
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

static void all_down(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
        if ( domain_vcpu(d, i) )
            vcpu_down(domain_vcpu(d, i));
}

/*
 * -ENODATA when a record or the end is missing.  What follows the end is not
 * looked at.  scratch has room for the largest record.
 */
static long load(struct domain *d, const uint8_t *data, uint32_t size,
                 void *scratch)
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
                   : load_record(d, &desc, data + at, scratch);
        if ( rc )
            return rc;
        if ( first )
            all_down(d);
        at += desc.length;
        first = false;
    }
    return -ENODATA;
}

long domctl_sethvmcontext(struct domctl *c)
{
    const struct xen_domctl_hvmcontext *op = &c->op.u.hvmcontext;
    uint32_t scratch = DIV_ROUND_UP(largest_record(), 8) * 8;
    uint8_t *buf, *data;
    long rc;

    if ( !has_context(c->d) )
        return -EINVAL;
    if ( op->size > MAX_CONTEXT )
        return -ENOMEM;
    buf = hv_zalloc(scratch + op->size);
    if ( !buf )
        return -ENOMEM;
    data = buf + scratch;
    if ( guest_copy_in(data, handle_addr(op->buffer), op->size) )
        rc = -EFAULT;
    else
    {
        domain_pause(c->d);
        rc = load(c->d, data, op->size, buf);
        domain_unpause(c->d);
    }
    hv_free(buf);
    return rc;
}
