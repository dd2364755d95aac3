/* SPDX-License-Identifier: MIT */
/* What a vcpu of a PV guest does, made from input bytes: see fuzz-pv.c. */
#include "fuzz-pv.h"

#include <hv/hypercall.h>

#define LIST 4 /* elements of a call */
#define MAX_RESTARTS 100000

/* ---- values ---- */

static struct pv_actor *self(void)
{
    return &pv_actor[pv_current()];
}

uint64_t pv_mfn(struct input *in)
{
    unsigned int b = in8(in);

    if ( b < 0xe0 )
        return self()->frame[b % PV_KNOWN];
    if ( b < 0xf4 )
        return pv_actor[b % PV_WHO].frame[in_below(in, PV_KNOWN)];
    if ( b < 0xf8 )
        return pv_io_frame;
    if ( b == 0xf8 )
        return pv_io_other;
    return in_bytes(in, 2) % (pv_nr_frames + 8);
}

/* Few slots, so that they are used again; some of the hypervisor's. */
static unsigned int index_of(struct input *in)
{
    unsigned int b = in8(in);

    return b < 0xf0 ? b % 8 : 248 + (b & 15) * 2;
}

static uint64_t entry(struct input *in)
{
    unsigned int b = in8(in);
    uint64_t e = pv_mfn(in) << PAGE_SHIFT;

    if ( b >= 0xf8 ) /* a gfn of the translated domain's */
        e = (uint64_t)(0x40 + in_below(in, PV_KNOWN)) << PAGE_SHIFT;
    if ( b & 7 )
        e |= PTE_P;
    if ( b & 8 )
        e |= PTE_RW;
    if ( b & 16 )
        e |= PTE_US | PTE_A;
    if ( in_rarely(in, 24) )
        e |= 1UL << in_below(in, 64);
    return e;
}

static uint64_t descriptor(struct input *in)
{
    static const uint8_t access[] = { 0xfb, 0x9b, 0xf3, 0x93, 0x00, 0x1b,
                                      0x80, 0x0c };
    unsigned int b = in8(in);

    if ( b >= 0xf0 )
        return in_bytes(in, 8);
    return 0x00af00000000ffffUL | (uint64_t)access[b % 8] << 40;
}

static domid_t domain_of(struct input *in)
{
    static const domid_t special[] = { DOMID_IO, DOMID_XEN, DOMID_SELF,
                                       DOMID_INVALID };
    unsigned int b = in8(in);
    const struct domain *d = pv_actor[b % PV_WHO].d;

    if ( b < 0xa0 )
        return DOMID_SELF;
    return b >= 0xf0 || !d ? special[b % 4] : d->domain_id;
}

/* Mostly one that write_tree() mapped. */
static uint64_t address(struct input *in)
{
    unsigned int b = in8(in), l4 = 1, l3 = 1, l2 = 1;

    if ( b >= 0xe0 )
    {
        l4 = in_below(in, 4);
        l3 = in_below(in, 4);
        l2 = in_below(in, 4);
    }
    return (uint64_t)l4 << 39 | (uint64_t)l3 << 30 | (uint64_t)l2 << 21 |
           (uint64_t)in_below(in, 3) << 12 | 8 * index_of(in);
}

/* ---- calls ---- */

/* Others between two parts of a call; a call may have no more parts. */
static void call(struct input *in, long (*op)(struct hypercall *hc),
                 struct hypercall hc)
{
    static const unsigned int every[8] = { 0, 0, 0, 0, 1, 1, 2, 3 };
    static unsigned int depth;
    struct vcpu *v = current;
    unsigned int how = in8(in), restarts = 0;
    long rc;

    hosted_preempt_every(every[how % 8]);
    while ( (rc = op(&hc)) == -ERESTART )
    {
        if ( ++restarts > MAX_RESTARTS )
            fuzz_fail("a call does not end\n");
        if ( how >= 0xc0 && restarts > how % 16 )
            break;
        if ( how >= 0x80 && !depth )
        {
            depth++;
            hosted_enter((struct hosted_context){
                .v = domain_vcpu(pv_actor[in_below(in, 3)].d, in_below(in, 2)),
                .access = ACCESS_LOCAL });
            pv_operation(in);
            hosted_enter((struct hosted_context){ .v = v,
                                                  .access = ACCESS_LOCAL });
            hosted_preempt_every(every[how % 8]);
            fuzz_nested++;
            depth--;
        }
    }
    hosted_preempt_every(0);
    if ( rc < -140 || rc > 0 )
        fuzz_fail("a call returned %ld\n", rc);
}

static void mmu_update(struct input *in)
{
    static const uint8_t cmds[] = { 0, 0, 0, 1, 2, 3, 3, 4 };
    struct mmu_update *u = (struct mmu_update *)fuzz_arena;
    unsigned int nr = 1 + in_below(in, LIST);
    uint32_t fd;

    for ( unsigned int i = 0; i < nr; i++ )
    {
        u[i].ptr = (pv_mfn(in) << PAGE_SHIFT) + 8 * index_of(in) +
                   cmds[in_below(in, 8)];
        u[i].val = entry(in);
    }
    fd = domain_of(in);
    if ( in_rarely(in, 8) )
        fd |= (domain_of(in) + 1U) << 16;
    call(in, do_mmu_update, (struct hypercall){ 0, {
        (uintptr_t)u, nr | (in_rarely(in, 32) ? 1U << 31 : 0),
        (uintptr_t)(fuzz_arena + 512), fd } });
}

static void update_va(struct input *in)
{
    struct hypercall hc = { 0, { address(in), entry(in), in_below(in, 8) } };

    if ( in_rarely(in, 8) )
        hc.a[2] |= (uintptr_t)(fuzz_arena + 1024);
    if ( in_below(in, 2) )
        hc.a[3] = domain_of(in);
    call(in, hc.a[3] ? do_update_va_mapping_otherdomain : do_update_va_mapping,
         hc);
}

static void fill_ext(struct input *in, struct mmuext_op *op)
{
    static const uint8_t often[] = {
        MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
        MMUEXT_PIN_L4_TABLE, MMUEXT_PIN_L4_TABLE, MMUEXT_UNPIN_TABLE,
        MMUEXT_UNPIN_TABLE, MMUEXT_NEW_BASEPTR, MMUEXT_NEW_BASEPTR,
        MMUEXT_NEW_USER_BASEPTR, MMUEXT_CLEAR_PAGE, MMUEXT_COPY_PAGE,
        MMUEXT_SET_LDT,
    };
    unsigned int b = in8(in);

    op->cmd = b < 0xe0 ? often[b % sizeof(often)] : in_below(in, 24);
    op->arg1.mfn = in_rarely(in, 32) ? 0 : pv_mfn(in);
    op->arg2.src_mfn = pv_mfn(in);
    if ( op->cmd == MMUEXT_SET_LDT )
    {
        op->arg1.linear_addr = address(in) & PAGE_MASK;
        op->arg2.nr_ents = 1 + in_below(in, 32) * 32;
    }
    if ( op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_INVLPG_MULTI )
        op->arg2.src_mfn = (uintptr_t)(fuzz_arena + 1024 * in_below(in, 33));
}

static void mmuext(struct input *in)
{
    struct mmuext_op *op = (struct mmuext_op *)fuzz_arena;
    unsigned int nr = 1 + in_below(in, LIST);

    for ( unsigned int i = 0; i < nr; i++ )
        fill_ext(in, &op[i]);
    call(in, do_mmuext_op, (struct hypercall){ 0, {
        (uintptr_t)op, nr, (uintptr_t)(fuzz_arena + 512), domain_of(in) } });
}

static void set_gdt(struct input *in)
{
    uint64_t *frame = (uint64_t *)fuzz_arena;

    for ( unsigned int i = 0; i < 3; i++ )
        frame[i] = pv_mfn(in);
    call(in, do_set_gdt, (struct hypercall){ 0, {
        (uintptr_t)frame, in_rarely(in, 4) ? 0 : in8(in) * 6U } });
}

static void update_descriptor(struct input *in)
{
    call(in, do_update_descriptor, (struct hypercall){ 0, {
        (pv_mfn(in) << PAGE_SHIFT) + 8 * index_of(in), descriptor(in) } });
}

/* An instruction with the operand (%rdi) and the register rax or an immediate. */
static void write_table(struct input *in)
{
    static const char code[][8] = {
        "\x48\x89\x07", "\x48\x87\x07", "\xf0\x80\x27\xfd", "\xf0\x80\x0f\x02",
        "\xf0\x48\x0f\xba\x37\x05", "\xf0\x48\x0f\xba\x2f\x01",
        "\xf0\x48\x0f\xb1\x0f", "\x48\xc7\x07\0\0\0",
    };
    struct pv_regs r = { .rip = (uintptr_t)fuzz_arena };
    uint64_t va = address(in);

    memcpy(fuzz_arena, code[in_below(in, 8)], sizeof(code[0]));
    r.gpr[7] = va;
    r.gpr[0] = r.gpr[1] = entry(in);
    if ( in_below(in, 2) )
        r.gpr[0] = 0;
    hosted_preempt_every(in_rarely(in, 4));
    (void)pv_emulate_pt_write(current, &r, va);
    hosted_preempt_every(0);
}

/* ---- what is no hypercall of this kind ---- */

/* The guest writes a page itself, where that may be mapped writable. */
static void write_raw(struct input *in)
{
    uint64_t mfn = self()->frame[in_below(in, PV_KNOWN)];
    bool descriptors = in_rarely(in, 8);
    struct page *pg = mfn_to_page(_mfn(mfn));
    uint64_t *word;

    if ( !page_get(pg, current_domain) )
        return;
    if ( pv_get_writable(pg) )
    {
        word = page_to_virt(pg);
        if ( in_rarely(in, 8) )
            memset(word, 0, PAGE_SIZE);
        for ( unsigned int i = in_below(in, 4); i; i-- )
            word[index_of(in)] = descriptors ? descriptor(in) : entry(in);
        pv_put_writable(pg);
    }
    page_put(pg);
}

/* The frame becomes a table with the entry `below`, if it may be written. */
static void write_table_page(struct input *in, struct page *pg,
                             unsigned int level, uint64_t below)
{
    uint64_t *word = page_to_virt(pg), rw = in_rarely(in, 4) ? 0 : PTE_RW;

    if ( !pv_get_writable(pg) )
        return;
    memset(word, 0, PAGE_SIZE);
    word[1] = below << PAGE_SHIFT | PTE_P | rw;
    if ( level == 1 )
        word[2] = mfn_x(page_to_mfn(pg)) << PAGE_SHIFT | PTE_P;
    pv_put_writable(pg);
}

/*
 * Tables that belong together, mostly, as the root of the vcpu; the L1 maps
 * itself read-only, so that its entries can be written by instructions.
 */
static void write_tree(struct input *in)
{
    struct pv_actor *a = self();
    unsigned int at = in_below(in, PV_KNOWN);
    uint64_t below = pv_mfn(in);

    for ( unsigned int level = 1; level <= 4; level++ )
    {
        uint64_t mfn = a->frame[(at + level) % PV_KNOWN];
        struct page *pg = mfn_to_page(_mfn(mfn));

        if ( page_get(pg, a->d) )
        {
            write_table_page(in, pg, level, below);
            page_put(pg);
        }
        below = mfn;
    }
    if ( in_below(in, 2) )
    {
        struct mmuext_op *op = (struct mmuext_op *)fuzz_arena;

        *op = (struct mmuext_op){ .cmd = MMUEXT_NEW_BASEPTR,
                                  .arg1.mfn = below };
        call(in, do_mmuext_op, (struct hypercall){ 0, {
            (uintptr_t)op, 1, 0, DOMID_SELF } });
    }
}

static void release(struct input *in)
{
    struct pv_actor *a = self();
    uint64_t *f = &a->frame[in_below(in, PV_KNOWN)];
    struct page *pg;
    bool gone;

    hosted_preempt_every(in_rarely(in, 4));
    (void)!pv_release(a->d, _mfn(*f), &gone);
    hosted_preempt_every(0);
    if ( !gone )
        return;
    hosted_fail_alloc(in_rarely(in, 8));
    pg = pv_alloc_below(a->d, 0, in_below(in, 2) * 22);
    hosted_fail_alloc(0);
    if ( pg )
        *f = mfn_x(page_to_mfn(pg));
}

static void exchange(struct input *in)
{
    struct pv_actor *a = self();
    uint64_t old[4], out[4];
    unsigned int at = in_below(in, PV_KNOWN), order = in_below(in, 3), rc;

    for ( unsigned int i = 0; i < 4; i++ )
        old[i] = in_rarely(in, 16) ? pv_mfn(in) : a->frame[(at + i) % PV_KNOWN];
    hosted_fail_alloc(in_rarely(in, 8) ? 1 + in_below(in, 4) : 0);
    rc = (unsigned int)pv_exchange(a->d, old, 4, order, in_below(in, 2) * 22, out);
    hosted_fail_alloc(0);
    for ( unsigned int i = 0; !rc && i < 4; i++ )
        a->frame[(at + i) % PV_KNOWN] =
            out[i >> order] + (i & ((1U << order) - 1));
}

void pv_operation(struct input *in)
{
    switch ( in8(in) % 20 )
    {
    case 0 ... 3:
        mmu_update(in);
        break;
    case 4:
    case 5:
        update_va(in);
        break;
    case 6 ... 9:
        mmuext(in);
        break;
    case 10:
        set_gdt(in);
        break;
    case 11:
        update_descriptor(in);
        break;
    case 12:
    case 13:
        write_table(in);
        break;
    case 14:
        (void)!pv_map_ldt(current, in_rarely(in, 4) ? in_below(in, 18) : 0);
        break;
    case 15:
        release(in);
        break;
    case 16:
        exchange(in);
        break;
    case 17:
        write_raw(in);
        break;
    default:
        write_tree(in);
        break;
    }
}
