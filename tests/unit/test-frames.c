/* SPDX-License-Identifier: MIT */
/* lib/frames.c: which parts of a table of frames take memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../xen/arch/x86/lib/frames.c"

#define MIB (1UL << 20)
#define GIB (1UL << 30)

/* Where RAM is, as memory.c knows it: whole pages, ascending, not adjacent. */
struct ram {
    uint64_t start, end;
};
static const struct ram *ram;
static unsigned int nr_ram;

bool memory_ram_range(unsigned int i, uint64_t *start, uint64_t *end)
{
    if ( i >= nr_ram )
        return false;
    *start = ram[i].start;
    *end = ram[i].end;
    return true;
}

uint64_t memory_end(void)
{
    return ram[nr_ram - 1].end;
}

bool memory_is_ram(uint64_t start, uint64_t end)
{
    for ( unsigned int i = 0; i < nr_ram; i++ )
        if ( start >= ram[i].start && end <= ram[i].end && start < end )
            return true;
    return false;
}

/* What was said about a table so far. */
struct seen {
    unsigned int entry;
    uint64_t next, of_ram; /* bytes of the table */
};

static uint64_t ram_in(uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;

    for ( unsigned int i = 0; i < nr_ram; i++ )
        if ( start < ram[i].end && end > ram[i].start )
            bytes += (end < ram[i].end ? end : ram[i].end) -
                     (start > ram[i].start ? start : ram[i].start);
    return bytes;
}

/* Parts follow each other, and each says of its frames what is so. */
static void see(void *data, uint64_t offset, uint64_t bytes, bool of_ram)
{
    struct seen *s = data;
    uint64_t first = offset / s->entry, behind = (offset + bytes) / s->entry;
    uint64_t described = (behind - first) << PAGE_SHIFT;
    uint64_t found = ram_in(first << PAGE_SHIFT, behind << PAGE_SHIFT);

    assert_int_equal(offset, s->next);
    assert_true(bytes == PAGE_SIZE || bytes == FRAMES_LARGE);
    assert_int_equal(offset % bytes, 0);
    assert_int_equal(of_ram, found != 0);
    if ( bytes == FRAMES_LARGE )
        assert_true(!found || found == described);
    s->next += bytes;
    s->of_ram += of_ram ? bytes : 0;
}

static uint64_t look(const struct ram *map, unsigned int nr, unsigned int entry)
{
    struct seen s = { .entry = entry };

    ram = map;
    nr_ram = nr;
    memory_frame_table(entry, see, &s);
    assert_true(s.next >= (memory_end() >> PAGE_SHIFT) * entry);
    assert_int_equal(memory_frame_table_bytes(entry), s.of_ram + PAGE_SIZE);
    return s.of_ram;
}

/* A PC with 3 GiB: memory for 3 GiB's entries, not for 5. */
static void test_hole(void **state)
{
    static const struct ram map[] = {
        { 0, 0x9f000 }, { MIB, 2 * GIB - 0x21000 }, { 4 * GIB, 5 * GIB },
    };
    uint64_t exact = 3 * GIB / PAGE_SIZE * 32;

    (void)state;
    assert_in_range(look(map, 3, 32), exact - PAGE_SIZE, exact);
    assert_in_range(look(map, 3, 8), exact / 4 - PAGE_SIZE, exact / 4);
    assert_int_equal(look(map, 3, 4096), (3 * GIB - 0x21000 - 0x61000));
}

/* Each second page is RAM; one page far up; one range, whole. */
static void test_ragged(void **state)
{
    static struct ram map[300];

    (void)state;
    for ( unsigned int i = 0; i < 300; i++ )
        map[i] = (struct ram){ i * 2 * PAGE_SIZE, (i * 2 + 1) * PAGE_SIZE };
    for ( unsigned int entry = 8; entry <= PAGE_SIZE; entry *= 2 )
        look(map, 300, entry);
    map[0] = (struct ram){ 0, PAGE_SIZE };
    map[1] = (struct ram){ 64 * GIB, 64 * GIB + PAGE_SIZE };
    assert_int_equal(look(map, 2, 32), 2 * PAGE_SIZE);
    map[0] = (struct ram){ 0, 64 * GIB };
    assert_int_equal(look(map, 1, 32), 64 * GIB / PAGE_SIZE * 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_ragged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
