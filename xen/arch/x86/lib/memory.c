/* SPDX-License-Identifier: MIT */
/*
 * Who gets which RAM.
 *
 *   [0, 1 MiB)       dom0
 *   [1 MiB, 16 MiB)  Oriel: its image, then heap
 *   [16 MiB, x)      dom0, as much as dom0_mem= says
 *   [x, ...)         Oriel: frame table, modules that had to move, heap
 *
 * Loaders put modules where dom0's memory is going to be; those are copied up
 * to Oriel's part.  What modules need is heap once dom0 is built.
 *
 * Options: dom0_mem=[min:A,][max:B,]SIZE, a negative size being all but that.
 */
#include <hv/heap.h>
#include <hv/lib.h>
#include <hv/memory.h>
#include <hv/page.h>

#include <x86/boot.h>
#include <x86/processor.h>

#define MIB (1UL << 20)
#define LARGE_PAGE (2 * MIB) /* dom0's part ends with a whole one */
#define LOW_END (1 * MIB)
#define IMAGE_AREA_END (16 * MIB)
#define MIN_HEAP (32 * MIB)
#define MIN_RESERVE (128 * MIB)
#define MIN_DOM0 (64 * MIB)
#define RETRY_STEP (32 * MIB)

/* Cutting leaves at most one range more: for all that is ever cut. */
#define MAX_RANGES (MAX_E820 + 3 * MAX_MODULES + 8)

struct range {
    uint64_t start, end;
};

struct ranges {
    unsigned int nr;
    struct range r[MAX_RANGES]; /* ascending */
};

extern uint8_t image_start[], image_end[];

static struct ranges ram;   /* whole pages of it      */
static struct ranges dom0_part;
static struct ranges own;   /* all the rest           */
static struct ranges heap;  /* own, and free          */
static struct ranges later; /* own: held by modules   */
static struct range table;  /* the frame table        */
static uint64_t module_to[MAX_MODULES]; /* 0: stays where it is */

/* ---- sets of ranges ---- */

static void add_range(struct ranges *s, uint64_t start, uint64_t end)
{
    if ( start >= end )
        return;
    if ( s->nr && s->r[s->nr - 1].end == start )
        s->r[s->nr - 1].end = end;
    else if ( s->nr < MAX_RANGES )
        s->r[s->nr++] = (struct range){ start, end };
}

static void cut(struct ranges *s, uint64_t start, uint64_t end)
{
    static struct ranges old;

    old = *s;
    s->nr = 0;
    for ( unsigned int i = 0; i < old.nr; i++ )
    {
        add_range(s, old.r[i].start, min(old.r[i].end, start));
        add_range(s, max(old.r[i].start, end), old.r[i].end);
    }
}

static uint64_t size_of(const struct ranges *s)
{
    uint64_t size = 0;

    for ( unsigned int i = 0; i < s->nr; i++ )
        size += s->r[i].end - s->r[i].start;
    return size;
}

static bool overlaps(const struct ranges *s, uint64_t start, uint64_t end)
{
    for ( unsigned int i = 0; i < s->nr; i++ )
        if ( start < s->r[i].end && end > s->r[i].start )
            return true;
    return false;
}

static uint64_t page_up(uint64_t v)
{
    return (v + PAGE_SIZE - 1) & PAGE_MASK;
}

/*
 * Take whole pages out of s, as far up as there is room, from a multiple of
 * `align` on; 0: nowhere.
 */
static uint64_t take(struct ranges *s, uint64_t bytes, uint64_t align)
{
    uint64_t size = page_up(bytes);

    for ( unsigned int i = s->nr; i-- > 0; )
    {
        uint64_t start = s->r[i].start, end = s->r[i].end;
        uint64_t at = (end - size) & -align;

        if ( end - start >= size && at >= start )
        {
            cut(s, at, at + size);
            return at;
        }
    }
    return 0;
}

static void cut_module(struct ranges *s, uint64_t start, uint64_t size)
{
    cut(s, start & PAGE_MASK, page_up(start + size));
}

/* ---- the plan ---- */

uint64_t memory_limit(void)
{
    uint32_t a, b, c, d;

    cpuid(0x80000000, 0, &a, &b, &c, &d);
    if ( a < 0x80000008 )
        return 1UL << 36;
    cpuid(0x80000008, 0, &a, &b, &c, &d);
    return 1UL << min(a & 0xff, 52U);
}

static void find_ram(void)
{
    uint64_t limit = min(memory_limit(), DIRECT_MAP_SIZE);

    printk(XENLOG_INFO, "Memory, as %s found it:\n", boot_info.loader);
    for ( unsigned int i = 0; i < boot_info.nr_e820; i++ )
    {
        const struct e820entry *e = &boot_info.e820[i];
        uint64_t end = e->addr + e->size;

        printk(XENLOG_INFO,
               "  %016lx - %016lx type %u\n", e->addr, end - 1, e->type);
        if ( e->type == E820_RAM )
            add_range(&ram, page_up(e->addr), min(end, limit) & PAGE_MASK);
    }
    if ( boot_info.e820_ignored )
        printk(XENLOG_WARNING,
               "  %u entries more were too many: they are not used\n",
               boot_info.e820_ignored);
    if ( boot_info.e820_lost )
        printk(XENLOG_WARNING, "  %lu KiB in small pieces are not used\n",
               boot_info.e820_lost >> 10);
    if ( !ram.nr )
        panic("the loader did not say where memory is\n");
}

/* `reserve` bytes, and everything from 1 to 16 MiB, stay with Oriel. */
static uint64_t dom0_wants(uint64_t total, uint64_t reserve)
{
    uint64_t want = total - reserve, low = 0, high = ~0UL;
    char value[96];
    const char *p = value;

    if ( !option_get("dom0_mem", value, sizeof(value)) )
        return want;
    while ( *p )
    {
        bool is_min = !strncmp(p, "min:", 4), is_max = !strncmp(p, "max:", 4);
        bool negative;
        uint64_t size;

        p += is_min || is_max ? 4 : 0;
        negative = *p == '-';
        size = parse_size(p + negative, &p);
        if ( negative )
            size = total - min(size, total);
        if ( is_min )
            low = size;
        else if ( is_max )
            high = size;
        else if ( size )
            want = size;
        p = strchr(p, ',');
        if ( !p++ )
            break;
    }
    return min(min(max(want, low), high), total - reserve);
}

static void divide(uint64_t want)
{
    dom0_part.nr = own.nr = 0;
    for ( unsigned int i = 0; i < ram.nr; i++ )
    {
        uint64_t start = ram.r[i].start, end = ram.r[i].end;
        uint64_t low_end = min(end, LOW_END), top = max(start, IMAGE_AREA_END);
        uint64_t got, split;

        add_range(&dom0_part, start, low_end);
        add_range(&own, max(start, LOW_END), min(end, IMAGE_AREA_END));
        if ( top >= end )
            continue;
        got = size_of(&dom0_part);
        split = got >= want ? top : (top + want - got) & ~(LARGE_PAGE - 1);
        split = min(max(split, top), end);
        add_range(&dom0_part, top, split);
        add_range(&own, split, end);
    }
}

/* Frame table and modules need contiguous room. */
static bool place(uint64_t table_bytes)
{
    heap = own;
    cut(&heap, virt_to_phys(image_start), virt_to_phys(image_end));
    for ( unsigned int i = 0; i < boot_info.nr_modules; i++ )
        cut_module(&heap, boot_info.module[i].start, boot_info.module[i].size);

    table.start = take(&heap, table_bytes, FRAMES_LARGE);
    table.end = table.start + table_bytes;
    if ( !table.start )
        return false;
    for ( unsigned int i = 0; i < boot_info.nr_modules; i++ )
    {
        const struct boot_module *m = &boot_info.module[i];

        module_to[i] = 0;
        if ( overlaps(&dom0_part, m->start, m->start + m->size) &&
             !(module_to[i] = take(&heap, m->size, PAGE_SIZE)) )
            return false;
    }
    return true;
}

void memory_init(void)
{
    uint64_t total, reserve, table_bytes, modules = 0;

    find_ram();
    total = size_of(&ram);
    for ( unsigned int i = 0; i < boot_info.nr_modules; i++ )
    {
        const struct boot_module *m = &boot_info.module[i];

        if ( !memory_is_ram(m->start, m->start + m->size) )
            panic("module %u is not in memory\n", i);
        modules += page_up(m->size) + PAGE_SIZE;
    }
    table_bytes = memory_frame_table_bytes(sizeof(struct page));

    reserve = table_bytes + modules + MIN_HEAP;
    if ( !option_get("dom0_mem", (char[2]){ 0 }, 2) )
        reserve = max(reserve, max(total / 16, MIN_RESERVE));
    for ( ;; reserve += RETRY_STEP )
    {
        if ( total < reserve + MIN_DOM0 )
            panic("%lu MiB of memory are not enough\n", total >> 20);
        divide(dom0_wants(total, reserve));
        if ( place(table_bytes) )
            break;
    }
    printk(XENLOG_INFO,
           "dom0 has %lu MiB, Oriel %lu MiB\n", size_of(&dom0_part) >> 20,
           size_of(&own) >> 20);
}

/* ---- and its execution, on the final tables ---- */

static void move_modules(void)
{
    for ( unsigned int i = 0; i < boot_info.nr_modules; i++ )
    {
        struct boot_module *m = &boot_info.module[i];

        printk(XENLOG_INFO,
               "Module %u: %016lx, %lu KiB", i, m->start, m->size >> 10);
        if ( module_to[i] )
        {
            printk(XENLOG_INFO, ", moved to %016lx", module_to[i]);
            memcpy(phys_to_virt(module_to[i]), phys_to_virt(m->start), m->size);
            m->start = module_to[i];
        }
        printk(XENLOG_INFO, "\n");
    }
}

static void give_to_heap(const struct range *r)
{
    page_heap_add(r->start >> PAGE_SHIFT, (r->end - r->start) >> PAGE_SHIFT);
}

/* Large ones from the start of its room, the others from the end. */
uint64_t memory_place_table(uint64_t bytes)
{
    static struct range left;

    if ( !left.end )
    {
        left = table;
        memset(phys_to_virt(left.start), 0, left.end - left.start);
    }
    BUG_ON(left.end - left.start < bytes);
    if ( bytes == PAGE_SIZE )
        return left.end -= bytes;
    left.start += bytes;
    return left.start - bytes;
}

void memory_start(void)
{
    move_modules();
    page_heap_init((struct page *)FRAME_MAP, memory_end() >> PAGE_SHIFT);

    /* Where modules were is free now; where they are is not yet. */
    later = own;
    cut(&later, virt_to_phys(image_start), virt_to_phys(image_end));
    cut(&later, table.start, table.end);
    heap = later;
    for ( unsigned int i = 0; i < boot_info.nr_modules; i++ )
        cut_module(&heap, boot_info.module[i].start, boot_info.module[i].size);
    for ( unsigned int i = 0; i < heap.nr; i++ )
    {
        give_to_heap(&heap.r[i]);
        cut(&later, heap.r[i].start, heap.r[i].end);
    }
    heap_init();
}

void memory_release_modules(void)
{
    for ( unsigned int i = 0; i < later.nr; i++ )
        give_to_heap(&later.r[i]);
    later.nr = 0;
    boot_info.nr_modules = 0;
}

/* ---- questions ---- */

static bool range_at(const struct ranges *s, unsigned int i, uint64_t *start,
                     uint64_t *end)
{
    if ( i >= s->nr )
        return false;
    *start = s->r[i].start;
    *end = s->r[i].end;
    return true;
}

bool memory_ram_range(unsigned int i, uint64_t *start, uint64_t *end)
{
    return range_at(&ram, i, start, end);
}

bool memory_dom0_range(unsigned int i, uint64_t *start, uint64_t *end)
{
    return range_at(&dom0_part, i, start, end);
}

uint64_t memory_end(void)
{
    return ram.nr ? ram.r[ram.nr - 1].end : 0;
}

bool memory_is_ram(uint64_t start, uint64_t end)
{
    for ( unsigned int i = 0; i < ram.nr; i++ )
        if ( start >= ram.r[i].start && end <= ram.r[i].end && start < end )
            return true;
    return false;
}

unsigned int arch_host_e820(const struct e820entry **map)
{
    *map = boot_info.e820;
    return boot_info.nr_e820;
}

bool arch_alloc_fails(void)
{
    return false; /* when there is no memory, and only then */
}
