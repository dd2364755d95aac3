/* SPDX-License-Identifier: MIT */
/*
 * What dom0 starts with, put into its memory.
 *
 * Its memory is identity mapped and in the direct map, so writing it is
 * writing physical memory; lib/memory.c keeps the modules out of it.
 *
 *   low --- kernel, where it wants to be --- ... --- start info, initrd, ACPI
 *   tables --- end of the highest range below 4 GiB
 *
 * A kernel that is packed is unpacked into that memory first, as high as it
 * goes, and put in its place from there before anything else comes.
 */
#include <emul/elf-load.h>
#include <hv/domain.h>
#include <hv/heap.h>
#include <hv/lib.h>
#include <hv/timer.h>

#include <x86/boot.h>
#include <x86/dom0.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "dom0-private.h"
#include "unpack.h"

#define ACPI_BYTES (4 * PAGE_SIZE) /* 64 processors, 500 tables */
#define LIMIT_32BIT (1UL << 32)
/* Linux reads the memory map with page tables for just that much. */
#define LIMIT_EARLY (1UL << 30)
/* For the unpacker: xz's dictionary can be large, its other needs are not. */
#define MAX_SCRATCH (1UL << 30)
#define MIN_SCRATCH (64UL << 10)

/* All that hvm_start_info points to, in one piece. */
struct start_block {
    struct hvm_start_info info;
    struct hvm_modlist_entry module;
    struct hvm_memmap_table_entry memmap[MAX_MEMORY_MAP];
    char cmdline[DOM0_CMDLINE];
};

static uint64_t place(struct ram_map *ram, uint64_t size, uint64_t limit,
                      const char *what)
{
    uint64_t start = 0;

    if ( !ram_place(ram, size, limit, &start) )
        panic("dom0: no room for its %s, %lu KiB: give it more memory with "
              "dom0_mem=\n", what, (unsigned long)size >> 10);
    return start;
}

/* ---- kernel ---- */

/* What is left of ram, as one piece; 0: nothing of use. */
static uint64_t place_rest(struct ram_map *ram, uint64_t *start)
{
    uint64_t size = MAX_SCRATCH;

    while ( size >= MIN_SCRATCH && !ram_place(ram, size, ~0UL, start) )
        size = (size - size / 8) & PAGE_MASK;
    return size < MIN_SCRATCH ? 0 : size;
}

/*
 * Unpack it to the end of dom0's RAM, with the rest of that for the unpacker.
 * Nothing is there yet, and nothing has to be given back: l->ram stays as it
 * is, so the unpacked file is good until other things are put there.
 */
static void unpack_kernel(const struct dom0_layout *l,
                          const struct bzimage *bz, struct dom0_kernel *k)
{
    static struct ram_map ram;
    uint64_t to, scratch = 0, scratch_size, begin = now_ns();
    const char *why;

    ram = l->ram;
    to = place(&ram, bz->size, ~0UL, "kernel's unpacked file");
    scratch_size = place_rest(&ram, &scratch);
    library_enter(phys_to_virt(scratch), scratch_size);
    why = unpack(bz, phys_to_virt(to));
    library_leave();
    if ( why )
        panic("dom0: its kernel cannot be unpacked (%s): %s\n",
              bzimage_packer_name(bz->packer), why);
    printk(XENLOG_INFO, "dom0: kernel unpacked (%s), %u to %u KiB, in %lu ms\n",
           bzimage_packer_name(bz->packer), bz->packed_size >> 10,
           bz->size >> 10, (unsigned long)(now_ns() - begin) / 1000000);
    k->file = phys_to_virt(to);
    k->size = bz->size;
}

static void find_kernel(const struct dom0_layout *l, struct dom0_kernel *k)
{
    const struct boot_module *m = &boot_info.module[MODULE_KERNEL];
    struct bzimage bz;
    const char *why;

    if ( !boot_info.nr_modules )
        panic("dom0: no kernel: give one as the first module\n");
    k->file = phys_to_virt(m->start);
    k->size = m->size;
    if ( !bzimage_detect(k->file, k->size) )
        return;
    why = bzimage_check(k->file, k->size, &bz);
    if ( why )
        panic("dom0: the first module is no bzImage that can be unpacked: "
              "%s\n", why);
    if ( !unpack_knows(bz.packer) )
        panic("dom0: the first module is a bzImage packed with %s: give one "
              "packed with xz or gzip, or the vmlinux that is in it "
              "(extract-vmlinux of Linux takes it out)\n",
              bzimage_packer_name(bz.packer));
    unpack_kernel(l, &bz, k);
}

void dom0_find_kernel(const struct dom0_layout *l, struct dom0_kernel *k)
{
    const char *why;

    find_kernel(l, k);
    why = elf_load_check(k->file, k->size, &k->img);
    if ( why )
        panic("dom0: the first module is no kernel that can be started: %s\n",
              why);
}

static void check_kernel(const struct dom0_layout *l, struct dom0_kernel *k)
{
    uint64_t from = virt_to_phys(k->file);

    if ( !ram_contains(&l->ram, k->img.low, k->img.high) )
        panic("dom0: its kernel wants memory from %lx to %lx, which is not "
              "its own: give it more with dom0_mem=\n",
              (unsigned long)k->img.low, (unsigned long)k->img.high);
    if ( k->img.low < from + k->size && from < k->img.high )
        panic("dom0: no room to unpack its kernel beside the place where it "
              "belongs: give it more memory with dom0_mem=\n");
}

static void load_kernel(struct dom0_layout *l)
{
    struct dom0_kernel k;

    dom0_find_kernel(l, &k);
    check_kernel(l, &k);
    elf_load(k.file, k.size, &k.img, phys_to_virt(k.img.low));
    ram_take(&l->ram, k.img.low & PAGE_MASK, k.img.high);
    l->entry = k.img.entry;
    printk(XENLOG_INFO,
           "dom0: kernel %lx-%lx, entry %lx\n", (unsigned long)k.img.low,
           (unsigned long)k.img.high, (unsigned long)k.img.entry);
}

/* ---- everything else ---- */

static struct hvm_modlist_entry load_initrd(struct dom0_layout *l)
{
    const struct boot_module *m = &boot_info.module[MODULE_INITRD];
    struct hvm_modlist_entry e = { 0 };

    if ( boot_info.nr_modules <= MODULE_INITRD || !m->size )
        return e;
    e.paddr = place(&l->ram, m->size, LIMIT_32BIT, "initrd");
    e.size = m->size;
    memcpy(phys_to_virt(e.paddr), phys_to_virt(m->start), m->size);
    printk(XENLOG_INFO, "dom0: initrd %lx-%lx\n", (unsigned long)e.paddr,
           (unsigned long)(e.paddr + e.size));
    return e;
}

static void set_memory_map(struct domain *d, const struct dom0_layout *l)
{
    struct e820entry *map = new_array(struct e820entry, MAX_MEMORY_MAP);

    if ( !map )
        panic("dom0: no memory for its memory map\n");
    d->nr_memory_map = ram_e820(&l->ram, boot_info.e820, boot_info.nr_e820,
                                l->acpi, map, MAX_MEMORY_MAP);
    if ( d->nr_memory_map == MAX_MEMORY_MAP )
        printk(XENLOG_WARNING,
               "dom0: the machine's memory map is too long: its end is "
               "missing\n");
    d->memory_map = map;
}

static void write_start_block(const struct domain *d, struct dom0_layout *l,
                              const struct hvm_modlist_entry *initrd,
                              uint64_t rsdp)
{
    uint64_t at = place(&l->ram, sizeof(struct start_block), LIMIT_EARLY,
                        "start info");
    struct start_block *b = phys_to_virt(at);

    memset(b, 0, sizeof(*b));
    b->info = (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .flags = SIF_PRIVILEGED | SIF_INITDOMAIN,
        .nr_modules = initrd->size != 0,
        .modlist_paddr = initrd->size
                             ? at + offsetof(struct start_block, module) : 0,
        .cmdline_paddr = at + offsetof(struct start_block, cmdline),
        .rsdp_paddr = rsdp,
        .memmap_paddr = at + offsetof(struct start_block, memmap),
        .memmap_entries = d->nr_memory_map,
    };
    b->module = *initrd;
    for ( unsigned int i = 0; i < d->nr_memory_map; i++ )
        b->memmap[i] = (struct hvm_memmap_table_entry){
            .addr = d->memory_map[i].addr,
            .size = d->memory_map[i].size,
            .type = d->memory_map[i].type,
        };
    hv_snprintf(b->cmdline, sizeof(b->cmdline), "%s",
                boot_info.module[MODULE_KERNEL].cmdline);
    l->start_info = at;
}

void dom0_load(struct domain *d, struct dom0_layout *l)
{
    struct hvm_modlist_entry initrd;
    uint64_t rsdp;

    load_kernel(l); /* first: what is unpacked lies where the others go */
    l->acpi.start = place(&l->ram, ACPI_BYTES, LIMIT_32BIT, "ACPI tables");
    l->acpi.end = l->acpi.start + ACPI_BYTES;
    initrd = load_initrd(l);
    rsdp = dom0_acpi_build(l->acpi.start, ACPI_BYTES, d->max_vcpus);
    set_memory_map(d, l);
    write_start_block(d, l, &initrd, rsdp);
}
