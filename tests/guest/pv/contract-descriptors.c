/* SPDX-License-Identifier: MIT */
/* Descriptor tables: set_gdt, update_descriptor, MMUEXT_SET_LDT, selectors. */
#include "contract.h"

#define DATA 0x00cff3000000ffffUL /* of level 3 */
#define DATA_OF_LEVEL(n) ((DATA & ~(3UL << 45)) | (n##UL << 45))
#define CODE64 0x00affb000000ffffUL
#define NR(list) (sizeof(list) / sizeof((list)[0]))
#define UNMAPPED 0x8000000UL

static uint64_t *gdt = pool[0];

static long set_gdt(const uint64_t *frames, unsigned long entries)
{
    return hypercall2(__HYPERVISOR_set_gdt, ADDRESS(frames), entries);
}

static long update_descriptor(const void *at, uint64_t value)
{
    return hypercall2(__HYPERVISOR_update_descriptor,
                      mfn_of(at) * PAGE_SIZE + (ADDRESS(at) & 4095), value);
}

static void gdt_calls(void)
{
    uint64_t frames[16];

    line("set_gdt: none", set_gdt(frames, 0));
    frames[0] = ~0UL;
    line("set_gdt: no such frame", set_gdt(frames, 1));
    line("set_gdt: list unmapped", set_gdt((void *)UNMAPPED, 1));
    line("set_gdt: too many", set_gdt(frames, 14 * 512 + 1));
    frames[0] = mfn_of(gdt);
    line("set_gdt: mapped for writing", set_gdt(frames, 1));
    frames[0] = mfn_of(table_of(gdt, 1));
    line("set_gdt: a page table", set_gdt(frames, 1));
    memset(gdt, 0, PAGE_SIZE);
    gdt[1] = DATA;
    gdt[2] = DATA & ~(3UL << 45); /* level 0 */
    gdt[3] = CODE64;
    gdt[4] = DATA & ~(1UL << 47); /* not present */
    line("map the GDT read-only", map_page(gdt, PAGE_RO));
    frames[0] = mfn_of(gdt);
    line("set_gdt: with one of level 0", set_gdt(frames, 512));
    say("it is now %lx\n", gdt[2]);
    line("set_gdt: again", set_gdt(frames, 1));
    line("set_gdt: 512", set_gdt(frames, 512));
    frames[1] = ~0UL;
    line("set_gdt: second frame is none", set_gdt(frames, 513));
    frames[1] = mfn_of(gdt);
    line("set_gdt: the same twice", set_gdt(frames, 1024));
    line("map the GDT for writing", map_page(gdt, PAGE_RW));
    line("set_gdt: 512", set_gdt(frames, 512));
}

static void descriptors(void)
{
    static const uint64_t values[] = {
        0, DATA, DATA & ~(3UL << 45), DATA_OF_LEVEL(1),
        DATA_OF_LEVEL(2), CODE64, CODE64 & ~(3UL << 45),
        CODE64 | 4UL << 40,             /* conforming */
        0x00eff3000000ffffUL,           /* data with L */
        0x00effb000000ffffUL,           /* code with L and D */
        0x00cff30000000000UL, 0x0000f30000000fffUL, 0x008f9b000000ffffUL,
        0x0000e20000000fffUL,           /* LDT */
        0x0000890000000fffUL,           /* TSS */
        0x0000ec0000000000UL,           /* call gate */
        0x0000ec000008ffffUL, 0x0000ec00e030ffffUL, 0x0000ec0000330000UL,
        0x0000ee0000000000UL,           /* interrupt gate */
        0x0000e50000000000UL,           /* task gate */
        0x0000000000000001UL, 0x0000600000000000UL, 0x00000c0000000000UL,
        ~0UL, 0x0000f7000000ffffUL,     /* expands down */
    };

    for ( unsigned int i = 0; i < NR(values); i++ )
    {
        long rc = update_descriptor(&gdt[8], values[i]);

        say("update_descriptor: %lx: %ld", values[i], rc);
        if ( !rc )
            say(", it is %lx", gdt[8]);
        say("\n");
    }
    line("update_descriptor: not aligned",
         update_descriptor((char *)&gdt[8] + 4, 0));
    line("update_descriptor: a page for data",
         update_descriptor(pool[1], DATA));
    say("it is %lx\n", pool[1][0]);
    line("update_descriptor: a page table",
         update_descriptor(table_of(gdt, 1), 0));
    line("update_descriptor: no such frame",
         hypercall2(__HYPERVISOR_update_descriptor, ~0xfffUL, DATA));
}

static void load(const char *what, uint64_t selector)
{
    say("%s: ", what);
    try((code_t)insn_load_ds, selector, 0);
    say("ds %lx: ", selector);
    told("load", insn_load_ds);
    say("%s: ", what);
    try((code_t)insn_load_gs, selector, 0);
    say("gs %lx: ", selector);
    told("load", insn_load_gs);
}

static void selectors(void)
{
    static const uint16_t known[] = {
        0, 1, 3, 0xe008, 0xe00b, 0xe010, 0xe013, 0xe018, 0xe01b, 0xe020, 0xe023,
        0xe028, 0xe02a, 0xe02b, 0xe030, 0xe033, 0xe038, 0xe03b, 0xe040, 0xe043,
        0xe048, 0xe04b, 0xe050, 0xe053, 0xe058, 0xe05b, 0xe06b, 0xeffb, 0xf003,
        0xfffb, 0xe000, 0xdffb,
    };
    static const uint16_t own[] = { 8, 11, 16, 19, 24, 27, 32, 35, 40, 0xff8,
                                    0x1000, 0x1003 };

    for ( unsigned int i = 0; i < NR(known); i++ )
        load("reserved", known[i]);
    update_descriptor(&gdt[8], 0);
    for ( unsigned int i = 0; i < NR(own); i++ )
        load("own GDT", own[i]);
    line("update_descriptor: fs' one goes", update_descriptor(&gdt[1], 0));
    load("gone", 11);
    line("set_gdt: none", set_gdt(NULL, 0));
    load("no GDT", 11);
    line("map the GDT for writing", map_page(gdt, PAGE_RW));
}

static void ldt_calls(void)
{
    uint64_t *ldt = pool[2];

    memset(ldt, 0, 2 * PAGE_SIZE);
    ldt[0] = DATA;
    ldt[1] = DATA & ~(3UL << 45);
    ldt[512] = DATA;
    ldt[513] = 0x0000890000000fffUL; /* TSS */
    line("set_ldt: none", mmuext(MMUEXT_SET_LDT, 0, 0));
    line("set_ldt: not aligned",
         mmuext(MMUEXT_SET_LDT, ADDRESS(ldt) + 8, 512));
    line("set_ldt: too many", mmuext(MMUEXT_SET_LDT, ADDRESS(ldt), 8193));
    line("set_ldt: none, not aligned", mmuext(MMUEXT_SET_LDT, 8, 0));
    line("set_ldt: not canonical", mmuext(MMUEXT_SET_LDT, 1UL << 63, 512));
    line("set_ldt: the hypervisor's",
         mmuext(MMUEXT_SET_LDT, 0xffff830000000000UL, 512));
    line("set_ldt: unmapped", mmuext(MMUEXT_SET_LDT, UNMAPPED, 512));
    load("unmapped LDT", 7);
    line("set_ldt: mapped for writing",
         mmuext(MMUEXT_SET_LDT, ADDRESS(ldt), 1024));
    load("writable LDT", 7);
    map_page(ldt, PAGE_RO);
    map_page(ldt + 512, PAGE_RO);
    load("LDT", 7);
    load("LDT", 4);
    load("LDT, of level 0", 15);
    say("it is %lx\n", ldt[1]);
    load("LDT, empty", 23);
    load("LDT, second page is bad", 512 * 8 + 7);
    load("LDT, behind its end", 1024 * 8 + 7);
    line("map the LDT for writing", map_page(ldt, PAGE_RW));
    line("map the LDT's bad page for writing", map_page(ldt + 512, PAGE_RW));
    line("set_ldt: none", mmuext(MMUEXT_SET_LDT, 0, 0));
    line("map the LDT for writing", map_page(ldt, PAGE_RW));
    load("no LDT", 7);
}

void contract_descriptors(void)
{
    gdt_calls();
    descriptors();
    selectors();
    ldt_calls();
}
