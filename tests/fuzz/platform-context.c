/* SPDX-License-Identifier: MIT */
/*
 * Whole contexts of fuzz-platform.c's guest, by the toolstack's calls: saved,
 * changed as a broken or hostile stream is, loaded, saved again.
 */
#include "platform.h"

#include <hv/hvm-save.h>
#include <xen/hvm/save.h>

#include "../../xen/common/domctl-private.h"

#define MOST 65536U
#define TMCCT 0x390 /* of a local APIC's registers */

struct context {
    uint8_t bytes[MOST];
    uint32_t size;
};

static struct hvm_save_descriptor desc_at(const struct context *c, uint32_t at)
{
    struct hvm_save_descriptor desc;

    memcpy(&desc, c->bytes + at, sizeof(desc));
    return desc;
}

static uint32_t record_bytes(const struct context *c, uint32_t at)
{
    return (uint32_t)sizeof(struct hvm_save_descriptor) + desc_at(c, at).length;
}

/* ---- the calls ---- */

static void get(struct context *c)
{
    struct domctl call = { .d = &platform };
    long rc;

    memset(c, 0, sizeof(*c));
    call.op.u.hvmcontext.buffer.p = c->bytes;
    call.op.u.hvmcontext.size = MOST;
    rc = domctl_gethvmcontext(&call);
    if ( rc )
        fuzz_fail("no context: %ld\n", rc);
    c->size = call.op.u.hvmcontext.size;
}

static long set(struct context *c)
{
    struct domctl call = { .d = &platform };

    call.op.u.hvmcontext.buffer.p = c->bytes;
    call.op.u.hvmcontext.size = c->size;
    return domctl_sethvmcontext(&call);
}

/* ---- changes ---- */

/* The first with this code from vcpu on, of several; else the last record. */
static uint32_t find(const struct context *c, unsigned int code,
                     unsigned int vcpu)
{
    struct hvm_save_descriptor desc;
    uint32_t at = 0;

    for ( ; desc = desc_at(c, at), desc.typecode; at += record_bytes(c, at) )
        if ( desc.typecode == code && desc.instance >= vcpu )
            break;
    return at;
}

/* Each code as often as each other; 0 is that of the last record. */
static uint32_t some_record(struct input *in, const struct context *c)
{
    unsigned int code = in_below(in, HVM_SAVE_CODE_MAX + 1);
    uint32_t at = find(c, code, in_below(in, PLATFORM_VCPUS));

    return desc_at(c, at).typecode ? at : find(c, code, 0);
}

static void insert(struct context *c, uint32_t at, const struct context *from,
                   uint32_t from_at)
{
    static uint8_t record[MOST];
    uint32_t bytes = record_bytes(from, from_at);

    if ( c->size + bytes > MOST )
        return;
    memcpy(record, from->bytes + from_at, bytes);
    memmove(c->bytes + at + bytes, c->bytes + at, c->size - at);
    memcpy(c->bytes + at, record, bytes);
    c->size += bytes;
}

static void drop(struct context *c, uint32_t at)
{
    uint32_t bytes = record_bytes(c, at);

    memmove(c->bytes + at, c->bytes + at + bytes, c->size - at - bytes);
    c->size -= bytes;
}

static void damage(struct input *in, struct context *c, uint32_t at)
{
    uint32_t bytes = record_bytes(c, at);

    for ( unsigned int n = 1 + in_below(in, 3); n--; )
    {
        uint8_t *p = c->bytes + at + in_bytes(in, 2) % bytes;

        if ( in8(in) & 1 )
            *p ^= (uint8_t)(1U << in_below(in, 8));
        else
            *p = in8(in);
    }
}

static void longer_or_shorter(struct input *in, struct context *c, uint32_t at)
{
    struct hvm_save_descriptor desc = desc_at(c, at);

    desc.length += (in_below(in, 2) ? 8U : -8U) * (1 + in_below(in, 2));
    memcpy(c->bytes + at, &desc, sizeof(desc));
}

enum change { NOTHING, DAMAGE, CUT, TWICE, DROP, SWAP, LENGTH, NR_CHANGES };

/* *code: of the record that is changed. */
static enum change change(struct input *in, struct context *c,
                          const struct context *old, unsigned int *code)
{
    enum change what = in_below(in, NR_CHANGES);
    uint32_t at = some_record(in, c), other;

    *code = desc_at(c, at).typecode;
    switch ( what )
    {
    case DAMAGE:
        damage(in, c, at);
        break;
    case CUT: /* in the record, or right behind one that is not the last */
        c->size = at + (uint32_t)(in_bytes(in, 2) %
                                  (record_bytes(c, at) + !!*code));
        break;
    case TWICE:
        insert(c, some_record(in, c), c, at);
        break;
    case DROP:
        drop(c, at);
        break;
    case SWAP: /* by one of another time, or of another place */
        other = some_record(in, old);
        *code = desc_at(old, other).typecode;
        insert(c, at, old, other);
        break;
    case LENGTH:
        longer_or_shorter(in, c, at);
        break;
    default:
        break;
    }
    return what;
}

/* ---- what is demanded ---- */

/* What is not loaded, or goes on by itself, becomes 0. */
static void settle(struct context *c)
{
    for ( uint32_t at = 0; at < c->size; at += record_bytes(c, at) )
    {
        struct hvm_save_descriptor desc = desc_at(c, at);
        uint8_t *data = c->bytes + at + sizeof(desc);

        if ( desc.typecode == HVM_SAVE_CODE(CPU) )
            memset(data + offsetof(struct hvm_hw_cpu, tsc), 0, 8);
        if ( desc.typecode == HVM_SAVE_CODE(LAPIC_REGS) )
            memset(data + TMCCT, 0, 4);
    }
}

/*
 * A clock's own record says what the clock's line is, whatever a device model
 * did to that line: then interrupt controllers may see an edge.
 */
static bool lines_move(const struct context *a, const struct context *b)
{
    uint32_t at = find(a, HVM_SAVE_CODE(ISA_IRQ), 0);

    return desc_at(a, at).typecode && memcmp(a->bytes + at, b->bytes + at,
                                  record_bytes(a, at));
}

static void forget_interrupts(struct context *c)
{
    for ( uint32_t at = 0; at < c->size; at += record_bytes(c, at) )
    {
        struct hvm_save_descriptor desc = desc_at(c, at);

        if ( desc.typecode == HVM_SAVE_CODE(PIC) ||
             desc.typecode == HVM_SAVE_CODE(IOAPIC) ||
             desc.typecode == HVM_SAVE_CODE(LAPIC_REGS) ||
             desc.typecode == HVM_SAVE_CODE(ISA_IRQ) )
            memset(c->bytes + at + sizeof(desc), 0, desc.length);
    }
}

static void must_be_same(const struct context *a, const struct context *b,
                         const char *what)
{
    static struct context x, y;

    x = *a;
    y = *b;
    settle(&x);
    settle(&y);
    if ( lines_move(&x, &y) )
    {
        forget_interrupts(&x);
        forget_interrupts(&y);
    }
    if ( x.size == y.size && !memcmp(x.bytes, y.bytes, x.size) )
        return;
    for ( uint32_t at = 0; at < x.size && at < y.size;
          at += record_bytes(&x, at) )
        for ( uint32_t i = 0; i < record_bytes(&x, at); i++ )
            if ( x.bytes[at + i] != y.bytes[at + i] )
                fuzz_fail("%s: record %u.%u differs at %u: %02x %02x\n", what,
                          desc_at(&x, at).typecode, desc_at(&x, at).instance,
                          i - 8, x.bytes[at + i], y.bytes[at + i]);
    fuzz_fail("%s: %u and %u bytes\n", what, x.size, y.size);
}

/* The one behind `at` of this type and instance, or the end. */
static uint32_t next_such(const struct context *c, uint32_t at,
                          struct hvm_save_descriptor such)
{
    struct hvm_save_descriptor desc = desc_at(c, at);

    do {
        at += record_bytes(c, at);
        desc = desc_at(c, at);
    } while ( desc.typecode && (desc.typecode != such.typecode ||
                                desc.instance != such.instance) );
    return at;
}

/* What of a record is kept as it is, whatever the others say. */
static const struct {
    uint16_t type, first, end;
} kept[] = {
    { HVM_SAVE_CODE(PCI_IRQ), 0, HVM_SAVE_LENGTH(PCI_IRQ) },
    { HVM_SAVE_CODE(PCI_LINK), 0, HVM_SAVE_LENGTH(PCI_LINK) },
    { HVM_SAVE_CODE(PMTIMER), 0, HVM_SAVE_LENGTH(PMTIMER) },
    { HVM_SAVE_CODE(TSC_ADJUST), 0, HVM_SAVE_LENGTH(TSC_ADJUST) },
    { HVM_SAVE_CODE(MTRR), 0, offsetof(struct hvm_hw_mtrr, msr_mtrr_cap) },
    /* Not xcr0_accum, which may name states that are initial. */
    { CPU_XSAVE_CODE, offsetof(struct hvm_hw_cpu_xsave, xcr0),
      offsetof(struct hvm_hw_cpu_xsave, xcr0_accum) },
    { CPU_XSAVE_CODE, offsetof(struct hvm_hw_cpu_xsave, save_area),
      sizeof(struct hvm_hw_cpu_xsave) },
};

/* Does CPU come behind CPU_XSAVE?  Then it sets all registers of x87 again. */
static bool overridden(const struct context *c, uint32_t at)
{
    struct hvm_save_descriptor cpu = desc_at(c, at);

    if ( cpu.typecode != CPU_XSAVE_CODE )
        return false;
    cpu.typecode = HVM_SAVE_CODE(CPU);
    return desc_at(c, next_such(c, at, cpu)).typecode;
}

/* The last of several such records is the one that is kept. */
static void must_be_kept(const struct context *from, const struct context *now)
{
    uint32_t at = 0, to;

    while ( at += record_bytes(from, at), desc_at(from, at).typecode )
        for ( size_t i = 0; i < ARRAY_SIZE(kept); i++ )
        {
            struct hvm_save_descriptor desc = desc_at(from, at);

            if ( desc.typecode != kept[i].type || overridden(from, at) ||
                 desc_at(from, next_such(from, at, desc)).typecode )
                continue;
            to = next_such(now, 0, desc);
            if ( !desc_at(now, to).typecode ||
                 memcmp(from->bytes + at + sizeof(desc) + kept[i].first,
                        now->bytes + to + sizeof(desc) + kept[i].first,
                        (size_t)kept[i].end - kept[i].first) )
                fuzz_fail("record %u.%u is loaded as something else\n",
                          desc.typecode, desc.instance);
        }
}

static struct context before, loaded, after, again;

void platform_context_begin(void)
{
    get(&after);
}

void platform_context(struct input *in)
{
    enum change what;
    unsigned int code;
    long rc;

    get(&before);
    loaded = before;
    what = change(in, &loaded, &after, &code);
    rc = set(&loaded);
    if ( what != NOTHING )
        platform_count_load(code, rc);
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        platform_cpu_check(&platform_vcpu[i]);
    if ( rc && what == NOTHING )
        fuzz_fail("a context does not load: %ld\n", rc);
    if ( what == CUT && rc != -ENODATA )
        fuzz_fail("a context that was cut is answered with %ld\n", rc);
    get(&after);
    if ( rc )
        return;
    must_be_kept(&loaded, &after);
    if ( what == NOTHING )
        must_be_same(&before, &after, "loaded as something else");
    if ( set(&after) )
        fuzz_fail("a context that was loaded does not load again\n");
    get(&again);
    must_be_same(&after, &again, "changes by being loaded");
}
