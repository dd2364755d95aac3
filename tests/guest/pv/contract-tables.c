/* SPDX-License-Identifier: MIT */
/* Page tables: types, entries, pins, roots, writes that are emulated. */
#include "contract.h"

#define NR(list) (sizeof(list) / sizeof((list)[0]))
#define UNMAPPED 0x8000000UL

static uint64_t *data = pool[10];
static uint64_t *table = pool[11];
static uint64_t *l1 = pool[12], *l2 = pool[13], *l3 = pool[14], *l4 = pool[15];

static void map(const char *what, const void *page, uint64_t flags)
{
    long rc = map_page(page, flags);

    if ( rc )
        say("map %s %lx: %ld\n", what, flags, rc);
}

static long pin(unsigned int level, const void *page)
{
    return mmuext(MMUEXT_PIN_L1_TABLE + level - 1, mfn_of(page), 0);
}

static long unpin(const void *page)
{
    return mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page), 0);
}

/* A table of that level with this entry alone. */
static void one_entry(const char *what, unsigned int level, unsigned int slot,
                      uint64_t entry)
{
    long rc;

    map("for writing", table, PAGE_RW);
    memset(table, 0, PAGE_SIZE);
    table[slot] = entry;
    map("read-only", table, PAGE_RO);
    rc = pin(level, table);
    say("L%u with %s: %ld", level, what, rc);
    if ( !rc && ((table[slot] ^ entry) & 0xfff) && (slot < 256 || slot > 271) )
        say(", it got bits %lx and lost %lx", table[slot] & ~entry & 0xfff,
            entry & ~table[slot] & 0xfff);
    if ( !rc )
        say(", unpin: %ld", unpin(table));
    say("\n");
}

static void leaf_entries(void)
{
    static const struct
    {
        const char *what;
        uint64_t flags;
    } flags[] = {
        { "P", P }, { "P RW", P | RW }, { "P US", P | US },
        { "PWT", PAGE_RW | PWT }, { "PCD", PAGE_RW | PCD },
        { "PCD PWT", PAGE_RW | PCD | PWT }, { "PAT", PAGE_RW | PSE },
        { "GLOBAL", PAGE_RW | GLOBAL }, { "NX", PAGE_RW | NX },
        { "bit 9", PAGE_RW | 1 << 9 }, { "bit 10", PAGE_RW | 1 << 10 },
        { "bit 11", PAGE_RW | 1 << 11 }, { "bit 52", PAGE_RW | 1UL << 52 },
        { "bit 58", PAGE_RW | 1UL << 58 }, { "bit 59", PAGE_RW | 1UL << 59 },
        { "bit 62", PAGE_RW | 1UL << 62 }, { "bit 51", PAGE_RW | 1UL << 51 },
        { "no P", RW | US }, { "no P, bit 62", 1UL << 62 },
    };
    static const char *const frames[] = { "frame of ones", "frame 1 << 38" };

    for ( unsigned int i = 0; i < NR(flags); i++ )
        one_entry(flags[i].what, 1, 0, pte_of(data, flags[i].flags));
    one_entry(frames[0], 1, 0, 0x000ffffffffff000UL | PAGE_RW);
    one_entry(frames[1], 1, 0, 1UL << 50 | PAGE_RW);
    one_entry("itself, read-only", 1, 0, pte_of(table, PAGE_RO));
    one_entry("itself, for writing", 1, 0, pte_of(table, PAGE_RW));
    one_entry("an L1 for writing", 1, 511, pte_of(table_of(data, 1), PAGE_RW));
    one_entry("the root, read-only", 1, 511,
              pte_of(table_of(data, 4), PAGE_RO));
    one_entry("shared info, for writing", 1, 3,
              start_info->shared_info | PAGE_RW);
}

static void upper_entries(void)
{
    static const struct
    {
        const char *what;
        uint64_t flags;
    } flags[] = {
        { "P", P }, { "P RW", P | RW }, { "RO", PAGE_RO }, { "PCD", PAGE_RW | PCD },
        { "PSE", PAGE_RW | PSE }, { "GLOBAL", PAGE_RW | GLOBAL },
        { "NX", PAGE_RW | NX }, { "bit 11", PAGE_RW | 1 << 11 },
        { "bit 52", PAGE_RW | 1UL << 52 }, { "bit 62", PAGE_RW | 1UL << 62 },
        { "no P", RW | US },
    };

    for ( unsigned int level = 2; level <= 4; level++ )
    {
        const void *below = table_of(data, level - 1);

        for ( unsigned int i = 0; i < NR(flags); i++ )
            one_entry(flags[i].what, level, 3, pte_of(below, flags[i].flags));
        one_entry("a page for data", level, 3, pte_of(data, PAGE_RW));
        one_entry("a table of its level", level, 3,
                  pte_of(table_of(data, level), PAGE_RW));
        one_entry("a table of its level, read-only", level, 3,
                  pte_of(table_of(data, level), PAGE_RO));
        one_entry("itself", level, 3, pte_of(table, PAGE_RW));
        one_entry("itself, read-only", level, 3, pte_of(table, PAGE_RO));
        if ( level > 2 )
            one_entry("a table two below", level, 3,
                      pte_of(table_of(data, level - 2), PAGE_RW));
        if ( level < 4 )
            one_entry("a table above", level, 3,
                      pte_of(table_of(data, level + 1), PAGE_RW));
        one_entry("frame of ones", level, 3, 0x000ffffffffff000UL | PAGE_RW);
    }
    one_entry("an entry in slot 256", 4, 256,
              pte_of(table_of(data, 3), PAGE_RW));
    one_entry("a bad entry in slot 271", 4, 271, ~0UL);
    one_entry("an entry in slot 272", 4, 272,
              pte_of(table_of(data, 3), PAGE_RW));
    one_entry("an entry in slot 511", 4, 511,
              pte_of(table_of(data, 3), PAGE_RW));
    map("for writing", table, PAGE_RW);
}

static void pins(void)
{
    memset(table, 0, PAGE_SIZE);
    line("pin what is mapped for writing", pin(1, table));
    map("read-only", table, PAGE_RO);
    line("unpin what is not pinned", unpin(table));
    line("pin", pin(1, table));
    line("pin again", pin(1, table));
    line("pin as an L2", pin(2, table));
    line("map for writing while pinned", map_page(table, PAGE_RW));
    line("unpin", unpin(table));
    line("unpin again", unpin(table));
    line("map for writing", map_page(table, PAGE_RW));
    line("pin no such frame", mmuext(MMUEXT_PIN_L1_TABLE, ~0UL, 0));
    line("unpin no such frame", mmuext(MMUEXT_UNPIN_TABLE, ~0UL, 0));
    line("pin the root as an L3", pin(3, table_of(data, 4)));
    line("pin the root again", pin(4, table_of(data, 4)));
    line("pin an L1 of it", pin(1, table_of(data, 1)));
    line("unpin that", unpin(table_of(data, 1)));
    line("pin shared info", mmuext(MMUEXT_PIN_L1_TABLE,
                                   start_info->shared_info >> 12, 0));
    line("root: an L3", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(table_of(data, 3)), 0));
    line("root: data", mmuext(MMUEXT_NEW_BASEPTR, mfn_of(data), 0));
    line("root: no such frame", mmuext(MMUEXT_NEW_BASEPTR, ~0UL, 0));
    line("root: the same",
         mmuext(MMUEXT_NEW_BASEPTR, mfn_of(table_of(data, 4)), 0));
}

/* A branch of its own at 1 << 39: l3, l2, l1, which maps data. */
static void *branch(void)
{
    uint64_t *va = (void *)(1UL << 39);

    memset(l1, 0, PAGE_SIZE), memset(l2, 0, PAGE_SIZE);
    memset(l3, 0, PAGE_SIZE), memset(l4, 0, PAGE_SIZE);
    l1[0] = pte_of(data, PAGE_RW);
    l2[0] = pte_of(l1, PAGE_RW);
    l3[0] = pte_of(l2, PAGE_RW);
    map("an L1", l1, PAGE_RO), map("an L2", l2, PAGE_RO);
    map("an L3", l3, PAGE_RO);
    line("branch: into the root",
         mmu_update(mfn_of(table_of(data, 4)) * PAGE_SIZE + 8,
                    pte_of(l3, PAGE_RW)));
    return va;
}

static void written(const char *what, const void *code, const void *at,
                    uint64_t value)
{
    try((code_t)code, ADDRESS(at), value);
    told(what, code);
}

static void writes(uint64_t *va)
{
    uint64_t entry = pte_of(data, PAGE_RW);

    data[0] = 0x77;
    say("branch: reads %lx\n", va[0]);
    written("write to an L1, no assist: an entry", insn_store, &l1[1], entry);
    line("vm_assist: writable page tables",
         hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
                    VMASST_TYPE_writable_pagetables));
    written("write to an L1: an entry", insn_store, &l1[1], entry);
    try((code_t)insn_load, ADDRESS(&va[512]), 0);
    told("load by it", insn_load);
    written("write to an L1: xchg", insn_xchg, &l1[1], entry | 1UL << 9);
    written("write to an L1: lock andb", insn_and_locked, &l1[1], 0);
    say("entry's flags %lx\n", l1[1] & 0xfff);
    written("write to an L1: 0 to a byte", insn_store8, &l1[1], 0);
    say("entry's flags %lx\n", l1[1] & 0xfff);
    written("write to an L1: a byte", insn_store8, &l1[1], 0x67);
    written("write to an L1: 4 bytes", insn_store32, &l1[1], (uint32_t)entry);
    written("write to an L1: add", insn_add, &l1[1], 0x200);
    say("entry's flags %lx\n", l1[1] & 0xfff);
    written("write to an L1: not aligned", insn_store,
            (char *)&l1[1] + 4, 0);
    written("write to an L1: a table for writing", insn_store, &l1[1],
            pte_of(l1, PAGE_RW));
    written("write to an L1: no such frame", insn_store, &l1[1],
            0x000ffffffffff000UL | PAGE_RW);
    written("write to an L1: 0", insn_store, &l1[1], 0);
    written("write to an L2: the same", insn_store, &l2[0], l2[0]);
    written("write to an L3: 0", insn_store, &l3[1], 0);
    written("write to the root: 0", insn_store, &table_of(data, 4)[2], 0);
}

static void updates(uint64_t *va)
{
    uint64_t at = mfn_of(l1) * PAGE_SIZE + 16;

    line("mmu_update: an entry", mmu_update(at, pte_of(data, PAGE_RW)));
    line("mmu_update: RO", mmu_update(at, pte_of(data, PAGE_RO)));
    line("mmu_update: no US, RW", mmu_update(at, pte_of(data, P | RW)));
    say("entry's flags %lx\n", l1[2] & 0xfff);
    try((code_t)insn_load, ADDRESS(&va[1024]), 0);
    line("mmu_update: keep A and D", mmu_update(at | 2, pte_of(data, P | RW)));
    say("entry's flags %lx\n", l1[2] & 0xfff);
    line("mmu_update: a table for writing", mmu_update(at, pte_of(l2, PAGE_RW)));
    line("mmu_update: not aligned", mmu_update(at + 4, 0));
    line("mmu_update: not translated", mmu_update(at | 3, 0));
    line("mmu_update: an L2's entry, PSE",
         mmu_update(mfn_of(l2) * PAGE_SIZE + 8, pte_of(data, PAGE_RW | PSE)));
    line("mmu_update: an L2's entry, the same L1 again",
         mmu_update(mfn_of(l2) * PAGE_SIZE + 8, pte_of(l1, PAGE_RW)));
    line("mmu_update: and away", mmu_update(mfn_of(l2) * PAGE_SIZE + 8, 0));
    line("mmu_update: to data", mmu_update(mfn_of(data) * PAGE_SIZE, 0x99));
    say("data %lx\n", data[0]);
    line("mmu_update: to shared info",
         mmu_update(start_info->shared_info + 4088, 0));
    line("mmu_update: the root's slot 256",
         mmu_update(mfn_of(table_of(data, 4)) * PAGE_SIZE + 256 * 8, 0));
    line("mmu_update: the root's slot 271, bad",
         mmu_update(mfn_of(table_of(data, 4)) * PAGE_SIZE + 271 * 8, 0));
    line("mmu_update: no such frame", mmu_update(~0xfffUL, 0));
}

void contract_tables(void)
{
    uint64_t *va;

    pins();
    leaf_entries();
    upper_entries();
    va = branch();
    writes(va);
    updates(va);
    line("branch: map its L1 for writing", map_page(l1, PAGE_RW));
    line("branch: out of the root",
         mmu_update(mfn_of(table_of(data, 4)) * PAGE_SIZE + 8, 0));
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    try((code_t)insn_load, ADDRESS(va), 0);
    told("branch: load", insn_load);
    line("branch: map its L1 for writing", map_page(l1, PAGE_RW));
    line("branch: map its L2 for writing", map_page(l2, PAGE_RW));
    line("branch: map its L3 for writing", map_page(l3, PAGE_RW));
}
