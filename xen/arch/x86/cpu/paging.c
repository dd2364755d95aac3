/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own address space: the same on all CPUs, of supervisor
 * pages but for one table, and with no page that is both writable and executable.
 *
 *   M2P_MAP      the machine-to-physical table of PV guests, which ring 3 reads
 *   CPU_MAP      each CPU's descriptor tables of the PV vcpu that is on it
 *   FRAME_MAP, PV_FRAME_MAP, M2P_RW_MAP
 *                tables with an entry for each frame: RW where there is RAM, R
 *                and one page where there is none
 *   MMIO_MAP     devices' registers (uncached) and tables of the firmware
 *                (read-only), as they are asked for
 *   ORIEL_VIRT   the image: code RX, constants R, data RW
 *   DIRECT_MAP   all RAM, RW; the image's code and constants: R
 *
 * It changes at boot only, on the boot CPU: hence no lock.  Later changes
 * only take pages away from a CPU that is not up yet (its stack's guard), so
 * no other CPU has to be told.
 */
#include <hv/heap.h>
#include <hv/lib.h>
#include <hv/page.h>

#include <x86/boot.h>
#include <x86/cpu.h>

#define CODE (PTE_P | PTE_A)
#define CONSTANT (PTE_P | PTE_A | nx)
#define DATA (PTE_P | PTE_RW | PTE_A | PTE_D | nx)
#define REGISTERS (DATA | PTE_PCD | PTE_PWT)

#define ROOT_LEVEL 4
#define LEVEL_SHIFT(l) (PAGE_SHIFT + 9 * ((l) - 1))
#define LEVEL_SIZE(l) (1UL << LEVEL_SHIFT(l))

/*
 * Enough for the image, the window and 90 GiB of RAM without 1 GiB pages; and
 * each range of RAM may need two more at both of its ends, and the frame table
 * one there.
 */
#define POOL_TABLES (128 + 6 * MAX_E820)

#define WINDOW_SIZE (32UL << 20)
#define MAX_VIEWS 256

uint64_t paging_cr3;

extern uint8_t image_start[], rodata_start[], data_start[], image_end[];

static uint64_t root[512] __attribute__((aligned(4096)));
static uint64_t pool[POOL_TABLES][512] __attribute__((aligned(4096)));
static unsigned int pool_used;
static uint64_t nx;         /* PTE_NX where the CPU has it */
static unsigned int top_leaf; /* the level of the largest pages */

/* What was mapped in the window: asking again gives the same. */
static struct view {
    uint64_t phys, size, va, flags;
} views[MAX_VIEWS];
static unsigned int nr_views;
static uint64_t window_used;

static uint64_t new_table(void)
{
    void *table;

    if ( pool_used < POOL_TABLES )
        return virt_to_phys(pool[pool_used++]);
    table = nr_frames ? hv_zalloc(PAGE_SIZE) : NULL;
    if ( !table )
        panic("no memory for page tables\n");
    return virt_to_phys(table);
}

/* A large page becomes a table of the next smaller ones. */
static void split(uint64_t *e, unsigned int level)
{
    uint64_t phys = new_table(), *table = phys_to_virt(phys);
    uint64_t leaf = level == 2 ? *e & ~PTE_PS : *e;

    for ( unsigned int i = 0; i < 512; i++ )
        table[i] = leaf + i * LEVEL_SIZE(level - 1);
    *e = phys | PTE_P | PTE_RW | PTE_A;
}

/* The entry for va at this level, with all tables above it. */
static uint64_t *entry_at(uint64_t va, unsigned int level)
{
    uint64_t *table = root;

    for ( unsigned int l = ROOT_LEVEL; ; l-- )
    {
        uint64_t *e = &table[(va >> LEVEL_SHIFT(l)) & 511];

        if ( l == level )
            return e;
        if ( !(*e & PTE_P) )
            *e = new_table() | PTE_P | PTE_RW | PTE_A;
        else if ( *e & PTE_PS )
            split(e, l);
        table = phys_to_virt(*e & PTE_ADDRESS);
    }
}

static void map(uint64_t va, uint64_t phys, uint64_t size, uint64_t flags)
{
    while ( size )
    {
        unsigned int l = top_leaf;

        while ( l > 1 && (((va | phys) & (LEVEL_SIZE(l) - 1)) ||
                          size < LEVEL_SIZE(l)) )
            l--;
        *entry_at(va, l) = phys | flags | (l > 1 ? PTE_PS : 0);
        va += LEVEL_SIZE(l);
        phys += LEVEL_SIZE(l);
        size -= LEVEL_SIZE(l);
    }
}

static void map_image(const uint8_t *from, const uint8_t *to, uint64_t flags)
{
    map((uint64_t)from, virt_to_phys(from), (uint64_t)(to - from), flags);
}

static void map_ram(void)
{
    uint64_t start, end;

    for ( unsigned int i = 0; memory_ram_range(i, &start, &end); i++ )
        map(DIRECT_MAP + start, start, end - start, DATA);
    map(DIRECT_MAP + virt_to_phys(image_start), virt_to_phys(image_start),
        (uint64_t)(data_start - image_start), CONSTANT);
}

void paging_init(void)
{
    uint32_t a, b, c, d;

    cpuid(0x80000001, 0, &a, &b, &c, &d);
    nx = d & CPUID_E1D_NX ? PTE_NX : 0;
    top_leaf = d & CPUID_E1D_PAGE1GB ? 3 : 2;

    map_image(image_start, rodata_start, CODE);
    map_image(rodata_start, data_start, CONSTANT);
    map_image(data_start, image_end, DATA);
    map_ram();
    unmap_guard((char *)this_cpu()->stack + STACK_GUARD * PAGE_SIZE);
    /* The window's tables: later there might be no memory for them. */
    for ( uint64_t at = 0; at < WINDOW_SIZE; at += LEVEL_SIZE(2) )
        entry_at(MMIO_MAP + at, 1);

    paging_cr3 = virt_to_phys(root);
    write_cr3(paging_cr3);
}

/* ---- the window ---- */

/* NULL: no such address, or no room. */
static void *view_of(uint64_t phys, size_t bytes, uint64_t flags)
{
    uint64_t first = phys & PAGE_MASK;
    uint64_t size = ((phys + bytes + PAGE_SIZE - 1) & PAGE_MASK) - first;
    struct view *v;

    for ( v = views; v < views + nr_views; v++ )
        if ( v->flags == flags && first >= v->phys &&
             first + size <= v->phys + v->size )
            return (void *)(v->va + (phys - v->phys));

    if ( first >= memory_limit() || size > memory_limit() - first )
    {
        printk(XENLOG_ERR,
               "%#lx is beyond this processor's physical addresses\n", phys);
        return NULL;
    }
    if ( nr_views == MAX_VIEWS || size > WINDOW_SIZE - window_used )
    {
        printk(XENLOG_ERR, "no room to map %#lx\n", phys);
        return NULL;
    }
    *v = (struct view){ first, size, MMIO_MAP + window_used, flags };
    nr_views++;
    window_used += size;
    for ( uint64_t at = 0; at < size; at += PAGE_SIZE )
        *entry_at(v->va + at, 1) = (first + at) | flags;
    return (void *)(v->va + (phys - first));
}

void *map_mmio(uint64_t phys, size_t bytes)
{
    void *regs = view_of(phys, bytes, REGISTERS);

    if ( !regs )
        panic("registers at %#lx cannot be mapped\n", phys);
    return regs;
}

const void *map_phys(uint64_t phys, size_t bytes)
{
    if ( memory_is_ram(phys, phys + bytes) )
        return phys_to_virt(phys);
    return view_of(phys, bytes, CONSTANT);
}

void *map_phys_rw(uint64_t phys, size_t bytes)
{
    if ( memory_is_ram(phys, phys + bytes) )
        return phys_to_virt(phys);
    return view_of(phys, bytes, DATA);
}

/* ---- tables of frames ---- */

struct frames {
    uint64_t va;
    uint8_t fill;
    uint64_t (*place)(uint64_t bytes);
    uint64_t hole, hole_table; /* what is mapped where no RAM is */
};

static uint64_t placed(const struct frames *f, uint64_t bytes)
{
    uint64_t phys = f->place(bytes);

    if ( f->fill )
        memset(phys_to_virt(phys), f->fill, bytes);
    return phys;
}

static void map_part(void *data, uint64_t offset, uint64_t bytes, bool of_ram)
{
    const struct frames *f = data;
    uint64_t va = f->va + offset;

    if ( bytes == PAGE_SIZE )
        *entry_at(va, 1) = of_ram ? placed(f, bytes) | DATA : f->hole;
    else
        *entry_at(va, 2) = of_ram ? placed(f, bytes) | DATA | PTE_PS
                                  : f->hole_table | PTE_P | PTE_RW | PTE_A;
}

void paging_frames(uint64_t va, unsigned int entry, uint8_t fill,
                   uint64_t (*place)(uint64_t bytes))
{
    struct frames f = { .va = va, .fill = fill, .place = place,
                        .hole_table = new_table() };
    uint64_t *table = phys_to_virt(f.hole_table);

    f.hole = placed(&f, PAGE_SIZE) | CONSTANT;
    for ( unsigned int i = 0; i < 512; i++ )
        table[i] = f.hole;
    memory_frame_table(entry, map_part, &f);
}

void paging_show(uint64_t va, uint64_t shown, unsigned int entry)
{
    uint64_t end = (memory_end() >> PAGE_SHIFT) * entry;

    for ( uint64_t at = 0; at < end; at += PAGE_SIZE )
    {
        uint64_t *e = entry_at(va + at, 2), phys;

        phys = *e & PTE_PS ? (*e & PTE_ADDRESS) + at % LEVEL_SIZE(2)
                           : *entry_at(va + at, 1) & PTE_ADDRESS;
        *entry_at(shown + at, 1) = phys | CONSTANT | PTE_US;
        for ( unsigned int l = 2; l <= ROOT_LEVEL; l++ )
            *entry_at(shown + at, l) |= PTE_US;
    }
}

void paging_release(void)
{
    page_heap_add(virt_to_phys(pool[pool_used]) >> PAGE_SHIFT,
                  POOL_TABLES - pool_used);
    pool_used = POOL_TABLES;
}

uint64_t *paging_area(uint64_t va)
{
    return entry_at(va, 1);
}

void unmap_guard(void *page)
{
    *entry_at((uint64_t)page, 1) = 0;
    __asm__ volatile ( "invlpg (%0)" :: "r" (page) : "memory" );
}

void *arch_mfn_to_virt(mfn_t mfn)
{
    return phys_to_virt(mfn_x(mfn) << PAGE_SHIFT);
}
