/* SPDX-License-Identifier: MIT */
/* Values, pointers and structures from input bytes: see gen.h. */
#include "gen.h"

#include <hv/ioreq.h>
#include <hv/page.h>

/* The first slots are for the structures themselves, then come lists. */
#define LIST_SLOT 4
#define STATE_SLOT 24

/* Goes round, so that a structure can name several lists. */
static uint8_t *list_slot(void)
{
    static unsigned int next;

    next = (next + 1) % (STATE_SLOT - LIST_SLOT);
    return fuzz_arena + (LIST_SLOT + next) * FUZZ_SLOT;
}

uint64_t gen_pointer(struct input *in)
{
    unsigned int b = in8(in);
    uint64_t base = (uint64_t)(uintptr_t)fuzz_arena;

    switch ( b )
    {
    case 0:
        return 0;
    case 1:
        return base + sizeof(fuzz_arena) - in8(in);
    case 2:
        return in_bytes(in, 8);
    case 3:
        return ~0UL - in8(in);
    default:
        return base + b % FUZZ_SLOTS * FUZZ_SLOT + (b < 32 ? b : 0);
    }
}

static uint64_t list_of(struct input *in, enum kind kind, unsigned int size)
{
    uint8_t *list = list_slot();
    unsigned int n = in_below(in, 8);

    if ( n == 7 )
        return gen_pointer(in);
    for ( unsigned int i = 0; i <= n; i++ )
    {
        uint64_t v = gen_value(in, kind, size);

        memcpy(list + i * size, &v, size);
    }
    /* Now and then a long one without holes. */
    for ( uint64_t i = 0, v = 0x200 + in8(in); n == 6 && i < 64; i++, v++ )
        memcpy(list + i * size, &v, size);
    return (uint64_t)(uintptr_t)list;
}

static uint64_t gen_gfn(struct input *in)
{
    unsigned int b = in8(in);

    if ( b < 0x60 )
        return FUZZ_RAM_GFN + b % FUZZ_RAM_PAGES;
    if ( b < 0xe0 )
        return FUZZ_HOLE_GFN + b % 16;
    switch ( b % 8 )
    {
    case 0:
        return 0;
    case 1:
        return P2M_GFN_LIMIT - 1 + in8(in) % 2;
    case 2:
        return ~0UL >> in_below(in, 64);
    case 3:
        return in_bytes(in, 8);
    case 4:
        return 1UL << in_below(in, 64);
    default:
        return in_bytes(in, 2); /* scatters tables */
    }
}

static uint64_t gen_mfn(struct input *in)
{
    unsigned int b = in8(in);
    struct domain *d = fuzz_dom[b % 8 < FUZZ_NR ? b % 8 : FUZZ_DOM0].d;

    if ( d && d->translated )
        return mfn_x(p2m_lookup(d, _gfn(gen_gfn(in))).mfn);
    return b % 2 ? in_bytes(in, 2) % nr_frames : gen_gfn(in);
}

static uint64_t gen_dom(struct input *in)
{
    unsigned int b = in8(in);

    if ( b < 0xc0 )
        return fuzz_dom[b % 8 < FUZZ_NR ? b % 8 : FUZZ_GUEST].id;
    if ( b < 0xe0 )
        return DOMID_SELF;
    return b < 0xf0 ? in_bytes(in, 2) : b % 16;
}

static uint64_t gen_num(struct input *in)
{
    unsigned int b = in8(in);

    if ( b < 0xc0 )
        return b % 8;
    if ( b < 0xf0 )
        return b;
    return b < 0xf8 ? in_bytes(in, 2) : in_bytes(in, 8) >> in_below(in, 64);
}

static uint64_t gen_io(struct input *in)
{
    static const uint64_t base[8] = { 0x60,    0xcf8,       0xcfc,  0xa0000,
                                      0xbfff8, 0xfee00000, 0x40000, 0x300 };
    unsigned int b = in8(in);

    if ( b < 0xf0 )
        return base[b % 8] + b / 8 % 8 * (b & 1 ? 1 : 4);
    return b < 0xf8 ? ~0UL - b % 8 : in_bytes(in, 8);
}

static uint64_t seldom(struct input *in, uint64_t normal, unsigned int size)
{
    return in_rarely(in, 32) ? in_bytes(in, size) : normal;
}

uint64_t gen_value(struct input *in, enum kind kind, unsigned int size)
{
    switch ( kind )
    {
    case ZERO:
        return seldom(in, 0, size);
    case SMALL:
        return in_below(in, 8);
    case NUM:
        return gen_num(in);
    case BITS:
        return in8(in);
    case ODD:
        return in8(in) | 1;
    case ORDER:
        return in8(in) < 0xf0 ? in_below(in, 4) : in_below(in, 24);
    case DOM:
        return gen_dom(in);
    case VCPU:
        return seldom(in, in_below(in, 4), size);
    case GFN:
        return gen_gfn(in);
    case MFN:
        return gen_mfn(in);
    case ADDR:
        return gen_gfn(in) << PAGE_SHIFT;
    case IO:
        return gen_io(in);
    case PORT:
    case REF:
        return seldom(in, in_below(in, 16), size);
    case SERVER:
        return seldom(in, in_below(in, MAX_IOREQ_SERVERS), size);
    case TYPE:
        return seldom(in, in_below(in, 5), size);
    case IDX:
        return seldom(in, in_below(in, 10), size);
    case PTR:
        return gen_pointer(in);
    case GFNS:
        return list_of(in, GFN, fuzz_caller_32 ? 4 : 8);
    case PORTS:
        return list_of(in, PORT, 4);
    case BYTES:
        return list_of(in, RAW, 8);
    case STATE:
        return in_rarely(in, 16)
                   ? gen_pointer(in)
                   : (uintptr_t)(fuzz_arena + STATE_SLOT * FUZZ_SLOT);
    case START_CR0:
        return seldom(in, in_below(in, 2) ? 0x80000011 : 0x11, size);
    case START_CR4:
        return seldom(in, in_below(in, 4) ? 0x20 : 0, size);
    case START_EFER:
        return seldom(in, in_below(in, 4) ? 0x500 : 0, size);
    case START_AR:
        return seldom(in, in_below(in, 2) ? 0xc93 : 0xc9b, size);
    case START_TR:
        return seldom(in, 0x8b, size);
    case VERSION:
        return seldom(in, XEN_DOMCTL_INTERFACE_VERSION, size);
    case RAW:
        break;
    }
    return in_bytes(in, size < 8 ? size : 8);
}

void gen_struct(struct input *in, const struct shape *s, uint8_t *at)
{
    memset(at, 0, s->size);
    for ( unsigned int i = 0; i < GEN_FIELDS && s->field[i].size; i++ )
    {
        const struct field *f = &s->field[i];
        uint64_t v = gen_value(in, f->kind, f->size);

        memcpy(at + f->offset, &v, f->size < 8 ? f->size : 8);
    }
    if ( in_rarely(in, 16) && s->size )
        at[in8(in) % s->size] ^= in8(in);
}

const struct shape *gen_pick(struct input *in, const struct shape *table,
                             unsigned int n)
{
    return &table[in_below(in, n)];
}

/* ---- calls ---- */

static const struct gen_mix *mix_now;
static unsigned int mix_size;

static void call_one(struct input *in, void (*between)(struct input *in))
{
    const struct gen_mix *m = &mix_now[in_below(in, mix_size)];
    struct hypercall hc = { .nr = 0 };
    unsigned int b = in8(in), who = b % 8;

    m->family(in, &hc);
    if ( fuzz_caller_32 )
        gen_narrow(&hc);
    /* Somebody in the mask, but for a change anybody. */
    while ( b < 0xf0 && !(m->who >> who & 1) )
        who = (who + 1) % 8;
    if ( who < FUZZ_NR && fuzz_be(who, b / 8) )
        (void)fuzz_call(in, &hc, between);
    fuzz_look_for_dead();
}

/* The structures of the call that gave way are as they were, or are not. */
static void between(struct input *in)
{
    static uint8_t kept[LIST_SLOT * FUZZ_SLOT];
    bool keep = in8(in) & 3;

    if ( keep )
        memcpy(kept, fuzz_arena, sizeof(kept));
    fuzz_look_for_dead();
    call_one(in, NULL);
    if ( keep )
        memcpy(fuzz_arena, kept, sizeof(kept));
}

void gen_call(struct input *in, const struct gen_mix *mix, unsigned int n)
{
    mix_now = mix;
    mix_size = n;
    call_one(in, between);
}
