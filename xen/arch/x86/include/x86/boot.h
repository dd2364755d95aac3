/* SPDX-License-Identifier: MIT */
/*
 * From power on to the first guest.
 *
 *   head.S (multiboot 1, multiboot 2 or PVH; 32-bit) -> long mode, tables
 *   boot_main(): what the loader said -> console -> memory -> CPU -> ACPI
 *     -> interrupts, time -> other CPUs -> dom0 -> run loop
 */
#ifndef X86_BOOT_H
#define X86_BOOT_H

#define ORIEL_VIRT 0xffff82d080000000 /* the image, at its address + this */
#define DIRECT_MAP 0xffff830000000000 /* all RAM, at its address + this   */
#define DIRECT_MAP_SIZE (1UL << 46)

#ifndef __ASSEMBLY__

#include <hv/memory.h>
#include <hv/types.h>

#define MAX_MODULES 4
#define MAX_E820 112 /* with what dom0's has more, Linux takes 128 */

struct boot_module {
    uint64_t start, size; /* physical */
    const char *cmdline;  /* without the file's name; "": none */
};

struct boot_info {
    const char *loader;
    const char *cmdline; /* without the image's name */
    unsigned int nr_modules;
    struct boot_module module[MAX_MODULES];
    unsigned int nr_e820;
    struct e820entry e820[MAX_E820]; /* as e820_tidy() leaves them */
    uint64_t e820_lost;        /* bytes that it gave up          */
    unsigned int e820_ignored; /* entries that were too many     */
    uint64_t rsdp; /* 0: to be searched for */
};

extern struct boot_info boot_info;

/*
 * lib/loader.c: fill boot_info from what the loader passed, all of it copied
 * but the modules themselves.
 */
void loader_parse(uint32_t magic, uint64_t info);

/*
 * lib/options.c: "name=value" words of the command line.  The value ends at a
 * space; true when the option is there (value "" without "=").  Of several
 * the last one counts.
 */
bool option_get(const char *name, char *value, size_t size);
/*
 * A number with suffix B, K, M, G, T (none: KiB, as Xen), in bytes; *end (may
 * be NULL) is where it stops: s when there is none.
 */
uint64_t parse_size(const char *s, const char **end);
/* An option of that form, or dflt. */
uint64_t option_size(const char *name, uint64_t dflt);
unsigned int option_uint(const char *name, unsigned int dflt);
/* False: no, off, false or 0; any other value, or none, is true. */
bool option_bool(const char *name, bool dflt);
/*
 * Does the machine start again after a crash, its own or dom0's?  As `noreboot`
 * says, else as `reboot` does, else when somebody can read why it crashed.
 */
bool option_reboots(bool has_console);

/*
 * lib/memory.c: who gets which RAM.  memory_init() decides; memory_start(), after
 * paging_init() and with the frame table at FRAME_MAP, moves modules out of
 * dom0's way and brings up the heap.  RAM that dom0 gets (identity mapped) and
 * modules stay out of the heap until they are given away.
 */
void memory_init(void); /* panics when there is not enough of it */
void memory_start(void);
/* For paging_frames(), before memory_start(): room for the frame table. */
uint64_t memory_place_table(uint64_t bytes);
/* Physical addresses of this processor are below this. */
uint64_t memory_limit(void);
/* The last byte of RAM + 1. */
uint64_t memory_end(void);
/* The i-th range of RAM, whole pages, in order; false: no more. */
bool memory_ram_range(unsigned int i, uint64_t *start, uint64_t *end);
/* Is [start, end) RAM in the firmware's map? */
bool memory_is_ram(uint64_t start, uint64_t end);
/*
 * lib/frames.c: a table with `entry` bytes (a power of two) for each frame up to
 * the last one of RAM, in parts.  One of FRAMES_LARGE has entries of RAM only, or
 * none; one of a page has some, or none.
 */
#define FRAMES_LARGE (2UL << 20)
void memory_frame_table(unsigned int entry,
                        void (*part)(void *data, uint64_t offset,
                                     uint64_t bytes, bool of_ram),
                        void *data);
/* What its parts of RAM take, and one page for all others. */
uint64_t memory_frame_table_bytes(unsigned int entry);

/*
 * Ranges of RAM for dom0: not in the heap, not the hypervisor's.  Called
 * after memory_init(), in order of address; false: no more.
 */
bool memory_dom0_range(unsigned int i, uint64_t *start, uint64_t *end);
/* The modules were copied: their memory goes to the heap. */
void memory_release_modules(void);

/*
 * ---- cpu/paging.c: the hypervisor's address space ----
 *
 * The same on all CPUs.  It changes at boot only, by the boot CPU.
 */

#define M2P_MAP 0xffff800000000000UL    /* ring 3 reads it: PV guests' m2p  */
#define CPU_MAP 0xffff820000000000UL    /* an area for each CPU             */
#define CPU_MAP_BYTES (2UL << 20)
/* Tables with an entry for each frame: paging_frames(). */
#define FRAME_MAP 0xffff821000000000UL  /* the frame table                  */
#define PV_FRAME_MAP 0xffff822000000000UL /* frames' types, for PV guests   */
#define M2P_RW_MAP 0xffff823000000000UL /* M2P_MAP, which ring 3 reads      */
#define MMIO_MAP 0xffff828000000000UL   /* devices' registers, ACPI tables */

void paging_init(void); /* W^X image, direct map, no identity map */
/* CR3 for every CPU, from paging_init() on. */
extern uint64_t paging_cr3;
/*
 * head.S: the tables that it came up with, all below 4 GiB: identity mapped,
 * the direct map and the image.  For CPUs on their way to paging_cr3.
 */
extern uint64_t boot_pml4[512];
/* Device registers, uncached; panics when that cannot be. */
void *map_mmio(uint64_t phys, size_t bytes);
/*
 * ACPI tables and the like: view of any physical memory, the first read-only.
 * NULL, and a message: the processor has no such address, or no room is left.
 */
const void *map_phys(uint64_t phys, size_t bytes);
void *map_phys_rw(uint64_t phys, size_t bytes);
/*
 * A table at va with `entry` bytes (a power of two) for each frame up to the last
 * one of RAM, all of them `fill`.  Entries of RAM are writable.  The others are
 * constants, and together they take one page.  place() finds zeroed room for
 * `bytes` of the table, a page or FRAMES_LARGE, aligned to its size.
 */
void paging_frames(uint64_t va, unsigned int entry, uint8_t fill,
                   uint64_t (*place)(uint64_t bytes));
/* Ring 3 may read the table of va at `shown`, too. */
void paging_show(uint64_t va, uint64_t shown, unsigned int entry);
/* The heap has frames: unused tables of the image are given to it. */
void paging_release(void);
/* The 512 entries for the 2 MiB at va, none present. */
uint64_t *paging_area(uint64_t va);
/* The page becomes unreachable: a stack's guard. */
void unmap_guard(void *page);

static inline void *phys_to_virt(uint64_t phys)
{
    return (void *)(DIRECT_MAP + phys);
}

static inline uint64_t virt_to_phys(const void *p)
{
    uint64_t va = (uint64_t)(uintptr_t)p;

    return va >= DIRECT_MAP ? va - DIRECT_MAP : va - ORIEL_VIRT;
}

/* boot/main.c: from head.S, on the boot CPU's stack; info is physical. */
void boot_main(uint32_t magic, uint64_t info) noreturn_fn;

#endif
#endif
