/* SPDX-License-Identifier: MIT */
/* The guest's memory layout; see the picture in the header. */
#include "layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xen/arch-x86/hvm/start_info.h>

static uint64_t page_up(uint64_t value)
{
    return (value + LAYOUT_PAGE - 1) & ~(LAYOUT_PAGE - 1);
}

void layout_ram(struct layout *l, uint64_t memory_mib)
{
    uint64_t bytes = memory_mib << 20;
    uint64_t low = bytes < LAYOUT_HOLE ? bytes : LAYOUT_HOLE;

    memset(l, 0, sizeof(*l));
    l->ram[0] = (struct elf_range){ 0, LAYOUT_WINDOW };
    l->ram[1] = (struct elf_range){ LAYOUT_WINDOW_END, low };
    l->nr_ram = 2;
    if ( bytes > low )
        l->ram[l->nr_ram++] = (struct elf_range){
            LAYOUT_HOLE_END, LAYOUT_HOLE_END + bytes - low };
}

int layout_place(struct layout *l, const struct elf_image *kernel,
                 uint64_t ramdisk_size, uint64_t start_info_size,
                 char why[ELF_WHY_MAX])
{
    const struct elf_range *main_ram = &l->ram[1];
    uint64_t at = page_up(kernel->end);

    if ( at < main_ram->start )
        at = main_ram->start;
    l->ramdisk = ramdisk_size ? at : 0;
    l->ramdisk_size = ramdisk_size;
    if ( ramdisk_size > main_ram->end )
        at = main_ram->end;
    else
        at += page_up(ramdisk_size);
    l->start_info = at;
    l->start_info_size = start_info_size;
    if ( at + start_info_size <= main_ram->end )
        return 0;
    snprintf(why, ELF_WHY_MAX, "kernel up to %#llx, ramdisk of %#llx and start "
             "info of %#llx bytes do not fit below %#llx",
             (unsigned long long)kernel->end, (unsigned long long)ramdisk_size,
             (unsigned long long)start_info_size,
             (unsigned long long)main_ram->end);
    return -ENOSPC;
}

size_t layout_start_info(const struct layout *l, const char *cmdline,
                         void *out)
{
    /* RAM, then the special pages: as many entries as that can be. */
    struct {
        struct hvm_start_info info;
        struct hvm_modlist_entry module;
        struct hvm_memmap_table_entry map[4];
    } block = { 0 };
    size_t len = strlen(cmdline) + 1;
    uint64_t at = l->start_info;
    unsigned int nr = 0;

    if ( !out )
        return sizeof(block) + len;

    for ( ; nr < l->nr_ram; nr++ )
        block.map[nr] = (struct hvm_memmap_table_entry){
            .addr = l->ram[nr].start,
            .size = l->ram[nr].end - l->ram[nr].start,
            .type = XEN_HVM_MEMMAP_TYPE_RAM,
        };
    block.map[nr++] = (struct hvm_memmap_table_entry){
        .addr = LAYOUT_SPECIAL_GFN * LAYOUT_PAGE,
        .size = LAYOUT_NR_RESERVED * LAYOUT_PAGE,
        .type = XEN_HVM_MEMMAP_TYPE_RESERVED,
    };
    block.info = (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .cmdline_paddr = at + sizeof(block),
        .memmap_paddr = at + offsetof(typeof(block), map),
        .memmap_entries = nr,
    };
    if ( l->ramdisk_size )
    {
        block.info.nr_modules = 1;
        block.info.modlist_paddr = at + offsetof(typeof(block), module);
        block.module = (struct hvm_modlist_entry){
            .paddr = l->ramdisk, .size = l->ramdisk_size };
    }
    memcpy(out, &block, sizeof(block));
    memcpy((char *)out + sizeof(block), cmdline, len);
    return sizeof(block) + len;
}
