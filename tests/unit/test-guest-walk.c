/* SPDX-License-Identifier: MIT */
/* guest_walk(): every paging mode, page size, permission and kind of fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <emul/guest-walk.h>

#include <x86/defns.h>

#define PG CR0_PG
#define WP CR0_WP
#define PSE CR4_PSE
#define PAE CR4_PAE
#define LMA EFER_LMA
#define NXE EFER_NX
#define NX PTE_NX
#define P PTE_P
#define RW (PTE_P | PTE_RW)
#define US (PTE_P | PTE_US)
#define ALL (PTE_P | PTE_RW | PTE_US)
#define PS PTE_PS

#define W WALK_WRITE
#define U WALK_USER
#define X WALK_FETCH
#define PR WALK_PRESENT
#define RSV WALK_RESERVED

static uint8_t memory[8 * 4096]; /* tables at 0x1000, 0x2000, 0x3000, 0x4000 */
static unsigned int reads;

static bool read_memory(void *arg, uint64_t gpa, void *buf, unsigned int bytes)
{
    (void)arg;
    reads++;
    if ( gpa > sizeof(memory) - bytes )
        return false;
    memcpy(buf, memory + gpa, bytes);
    return true;
}

/* A walk of va: entries from the top level down, in tables 1, 2, ... */
struct walk {
    const char *what;
    struct guest_paging paging;
    uint64_t va;
    uint64_t entry[4];
    unsigned int access;
    bool ok;
    uint64_t gpa;       /* when ok */
    unsigned int error; /* when not */
};

#define LONG { PG | WP, 0x1000, PAE, LMA | NXE }
#define LONG_NO_WP { PG, 0x1000, PAE, LMA | NXE }
#define LONG_NO_NX { PG | WP, 0x1000, PAE, LMA }
#define PAE32 { PG | WP, 0x1000, PAE, NXE }
#define FLAT32 { PG | WP, 0x1000, PSE, 0 }
#define FLAT32_NO_PSE { PG | WP, 0x1000, 0, 0 }
#define T(n) ((n) * 0x1000UL)
#define CHAIN(flags) T(2) | (flags), T(3) | (flags), T(4) | (flags)

static const struct walk walks[] = {
    { "no paging", { 0, 0, 0, 0 }, 0x12345678, { 0 }, W, true, 0x12345678, 0 },
    { "no paging, 32 bits", { 0, 0, 0, 0 }, 0x512345678, { 0 }, 0, true,
      0x12345678, 0 },
    { "4 KiB", LONG, 0x7fffdeadbeef, { CHAIN(ALL), 0xabc000 | ALL }, W | U,
      true, 0xabceef, 0 },
    { "upper half", LONG, 0xffff800000001234,
      { CHAIN(ALL), 0xabc000 | ALL }, 0, true, 0xabc234, 0 },
    { "2 MiB", LONG, 0x2123456, { T(2) | ALL, T(3) | ALL, 0x600000 | ALL | PS },
      W, true, 0x723456, 0 },
    { "2 MiB, PAT", LONG, 0x2123456,
      { T(2) | ALL, T(3) | ALL, 0x601000 | ALL | PS }, 0, true, 0x723456, 0 },
    { "1 GiB", LONG, 0x52123456, { T(2) | ALL, 0x80000000 | ALL | PS }, W,
      true, 0x92123456, 0 },
    { "not canonical", LONG, 0x800000000000, { CHAIN(ALL), ALL }, W, false, 0,
      W },
    { "no top entry", LONG, 0x1000, { 0 }, U, false, 0, U },
    { "no last entry", LONG, 0x1000, { CHAIN(ALL), 0 }, W, false, 0, W },
    { "table in no memory", LONG, 0x1000, { 0x70000000 | ALL }, 0, false, 0,
      0 },
    { "write, read-only page", LONG, 0, { CHAIN(ALL), US }, W, false, 0,
      W | PR },
    { "write, read-only table", LONG, 0,
      { T(2) | US, T(3) | ALL, T(4) | ALL, ALL }, W, false, 0, W | PR },
    { "the same without WP", LONG_NO_WP, 0, { CHAIN(ALL), US }, W, true, 0, 0 },
    { "by a user, without WP", LONG_NO_WP, 0, { CHAIN(ALL), US }, W | U, false,
      0, W | U | PR },
    { "user, supervisor page", LONG, 0, { CHAIN(ALL), RW }, U, false, 0,
      U | PR },
    { "fetch, NX page", LONG, 0, { CHAIN(ALL), ALL | NX }, X, false, 0,
      X | PR },
    { "fetch, NX table", LONG, 0,
      { T(2) | ALL | NX, T(3) | ALL, T(4) | ALL, ALL }, X, false, 0, X | PR },
    { "read, NX page", LONG, 0, { CHAIN(ALL), 0x5000 | ALL | NX }, 0, true,
      0x5000, 0 },
    { "NX bit, not enabled", LONG_NO_NX, 0, { CHAIN(ALL), ALL | NX }, 0, false,
      0, PR | RSV },
    { "fetch is not told without NX", LONG_NO_NX, 0, { 0 }, X, false, 0, 0 },
    { "PS in the top entry", LONG, 0, { T(2) | ALL | PS }, 0, false, 0,
      PR | RSV },
    { "2 MiB, not aligned", LONG, 0,
      { T(2) | ALL, T(3) | ALL, 0x102000 | ALL | PS }, 0, false, 0, PR | RSV },
    { "PAE, 4 KiB", PAE32, 0xc0123456, { T(2) | P, T(3) | ALL, 0xabc000 | ALL },
      W | U, true, 0xabc456, 0 },
    { "PAE, 2 MiB", PAE32, 0xc0123456, { T(2) | P, 0x600000 | ALL | PS }, 0,
      true, 0x723456, 0 },
    { "PAE, read-only", PAE32, 0, { T(2) | P, T(3) | ALL, US }, W, false, 0,
      W | PR },
    { "32-bit, 4 KiB", FLAT32, 0xc0123456, { T(2) | ALL, 0xabc000 | ALL },
      W | U, true, 0xabc456, 0 },
    { "32-bit, 4 MiB", FLAT32, 0xc0123456, { 0x800000 | ALL | PS }, W, true,
      0x923456, 0 },
    { "32-bit, 4 MiB above 4 GiB", FLAT32, 0x123456,
      { 0x800000 | 0x2000 | ALL | PS }, 0, true, 0x100923456, 0 },
    { "32-bit, PS without PSE", FLAT32_NO_PSE, 0x1000,
      { T(2) | ALL | PS, 0x3000 | ALL }, 0, true, 0x3000, 0 },
};

static void put_entries(const struct walk *w)
{
    bool wide = w->paging.cr4 & PAE;
    unsigned int levels = w->paging.efer & LMA ? 4 : wide ? 3 : 2;

    memset(memory, 0, sizeof(memory));
    for ( unsigned int i = 0; i < levels; i++ )
    {
        unsigned int bits = wide ? 9 : 10;
        unsigned int shift = 12 + (levels - 1 - i) * bits;
        uint64_t index = (w->va >> shift) & ((1U << bits) - 1);

        if ( levels == 3 && i == 0 )
            index &= 3;
        memcpy(memory + T(i + 1) + index * (wide ? 8 : 4), &w->entry[i],
               wide ? 8 : 4);
    }
}

static void test_every_mode(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < sizeof(walks) / sizeof(*walks); i++ )
    {
        const struct walk *w = &walks[i];
        unsigned int error = 0;
        uint64_t gpa = 0;
        bool ok;

        put_entries(w);
        ok = guest_walk(&w->paging, w->va, w->access, read_memory, NULL, &gpa,
                        &error);
        if ( ok != w->ok || (ok ? gpa != w->gpa : error != w->error) )
            fail_msg("%s: %s, gpa %lx, error %x", w->what, ok ? "ok" : "fault",
                     (unsigned long)gpa, error);
    }
}

/* ---- accessed and dirty bits ---- */

#define A 0x20UL
#define D 0x40UL

static uint64_t read_only; /* a table there cannot be written */
static unsigned int changes; /* so many entries change before they are */

static bool cmpxchg_memory(void *arg, uint64_t gpa, uint64_t *old,
                           uint64_t new, unsigned int bytes)
{
    uint64_t seen = 0;

    (void)arg;
    assert_in_range(gpa, 0, sizeof(memory) - bytes);
    if ( (gpa & ~0xfffUL) == read_only )
        return false;
    memcpy(&seen, memory + gpa, bytes);
    if ( changes )
    {
        changes--;
        seen ^= 0x200; /* one of the guest's own bits */
        memcpy(memory + gpa, &seen, bytes);
    }
    if ( seen == *old )
        memcpy(memory + gpa, &new, bytes);
    *old = seen;
    return true;
}

static enum walk_result mark(const struct walk *w)
{
    unsigned int error;
    uint64_t gpa;

    return guest_walk_marking(&w->paging, w->va, w->access, read_memory,
                              cmpxchg_memory, NULL, &gpa, &error);
}

/* Entry i of the walk, as it is now. */
static uint64_t entry_of(const struct walk *w, unsigned int i)
{
    bool wide = w->paging.cr4 & PAE;
    unsigned int levels = w->paging.efer & LMA ? 4 : wide ? 3 : 2;
    unsigned int bits = wide ? 9 : 10;
    uint64_t index = (w->va >> (12 + (levels - 1 - i) * bits)) &
                     ((1U << bits) - 1), value = 0;

    if ( levels == 3 && i == 0 )
        index &= 3;
    memcpy(&value, memory + T(i + 1) + index * (wide ? 8 : 4), wide ? 8 : 4);
    return value;
}

static void test_bits_in_every_mode(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < sizeof(walks) / sizeof(*walks); i++ )
    {
        const struct walk *w = &walks[i];
        bool wide = w->paging.cr4 & PAE, pae = wide && !(w->paging.efer & LMA);
        unsigned int n = 0;

        put_entries(w);
        assert_int_equal(mark(w), w->ok ? WALK_DONE : WALK_FAULT);
        while ( n < 4 && w->entry[n] && (w->paging.cr0 & PG) )
            n++;
        for ( unsigned int k = 0; k < n; k++ )
        {
            uint64_t due = w->entry[k];

            if ( w->ok && !(pae && k == 0) )
                due |= A;
            if ( w->ok && k == n - 1 && (w->access & W) )
                due |= D;
            if ( entry_of(w, k) != due )
                fail_msg("%s: entry %u is %lx", w->what, k,
                         (unsigned long)entry_of(w, k));
        }
    }
}

static void test_bits_that_cannot_be_set(void **state)
{
    const struct walk *w = &walks[2]; /* 4 KiB, written */

    (void)state;
    put_entries(w);
    read_only = T(4);
    assert_int_equal(mark(w), WALK_READ_ONLY);
    read_only = 0;
    assert_int_equal(mark(w), WALK_DONE);
    read_only = T(4);
    assert_int_equal(mark(w), WALK_DONE); /* nothing is due any more */
    read_only = 0;

    put_entries(w);
    changes = 1;
    assert_int_equal(mark(w), WALK_CHANGED);
    assert_int_equal(entry_of(w, 0), w->entry[0] ^ 0x200);
    assert_int_equal(mark(w), WALK_DONE);
}

/* Tables that point to themselves, and noise: four reads at most. */
static void test_walk_ends(void **state)
{
    struct guest_paging paging = LONG;
    uint64_t seed = 1, gpa;
    unsigned int error;

    (void)state;
    for ( unsigned int i = 0; i < 100000; i++ )
    {
        uint64_t entry = T(1) | ALL;

        seed = seed * 6364136223846793005UL + 1442695040888963407UL;
        if ( i % 2 )
            entry = ((seed >> 20) & 0x7000) | (seed & 0xfff) | P;
        memcpy(memory + (seed >> 50) % (sizeof(memory) / 8) * 8, &entry, 8);
        reads = 0;
        guest_walk(&paging, (uint64_t)((int64_t)(seed << 8) >> 16),
                   (unsigned int)(seed >> 60) << 1, read_memory, NULL, &gpa,
                   &error);
        assert_in_range(reads, 0, 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mode),
        cmocka_unit_test(test_walk_ends),
        cmocka_unit_test(test_bits_in_every_mode),
        cmocka_unit_test(test_bits_that_cannot_be_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
