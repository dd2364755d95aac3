/* SPDX-License-Identifier: MIT */
/*
 * The toolstack's memory layout: where RAM is, whether a kernel fits, where the
 * ramdisk and the start info go and what the start info says.  Pure, so the
 * sources themselves are included.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/oriel/elf.c"
#include "../../tools/oriel/layout.c"

#include <xen/arch-x86/hvm/start_info.h>

#define MIB (1ULL << 20)

static void test_fit(void **state)
{
    struct layout l;
    struct elf_image image = { .nr_segments = 1 };
    char why[ELF_WHY_MAX];

    (void)state;
    layout_ram(&l, 16);
    image.segment[0] = (struct elf_segment){ .paddr = MIB, .memsz = 15 * MIB };
    assert_int_equal(elf_check_fit(&image, l.ram, l.nr_ram, why), 0);
    image.segment[0].memsz++;
    assert_int_equal(elf_check_fit(&image, l.ram, l.nr_ram, why), -ENOSPC);
    assert_string_equal(why, "segment at 0x100000-0x1000000 is not in RAM, "
                             "which is 0-0x9ffff 0x100000-0xffffff");
    /* Across the window that is no RAM. */
    image.segment[0] = (struct elf_segment){ .paddr = 0x9f000, .memsz = MIB };
    assert_int_equal(elf_check_fit(&image, l.ram, l.nr_ram, why), -ENOSPC);
    image.segment[0].memsz = 0x1000;
    assert_int_equal(elf_check_fit(&image, l.ram, l.nr_ram, why), 0);
}

static void test_ram(void **state)
{
    struct layout l;

    (void)state;
    layout_ram(&l, 3840);
    assert_int_equal(l.nr_ram, 2);
    assert_int_equal(l.ram[1].end, LAYOUT_HOLE);
    layout_ram(&l, 5120);
    assert_int_equal(l.nr_ram, 3);
    assert_int_equal(l.ram[1].end, LAYOUT_HOLE);
    assert_int_equal(l.ram[2].start, LAYOUT_HOLE_END);
    assert_int_equal(l.ram[2].end, LAYOUT_HOLE_END + 5120 * MIB - LAYOUT_HOLE);
}

static void test_place(void **state)
{
    struct layout l;
    struct elf_image image = { .end = MIB + 0x1234 };
    char why[ELF_WHY_MAX];

    (void)state;
    layout_ram(&l, 2);
    assert_int_equal(layout_place(&l, &image, 0x1001, 100, why), 0);
    assert_int_equal(l.ramdisk, MIB + 0x2000);
    assert_int_equal(l.start_info, MIB + 0x4000);
    assert_int_equal(layout_place(&l, &image, 0, 100, why), 0);
    assert_int_equal(l.ramdisk, 0);
    assert_int_equal(l.start_info, MIB + 0x2000);
    assert_int_equal(layout_place(&l, &image, MIB - 0x3000, 0x1000, why), 0);
    assert_int_equal(layout_place(&l, &image, MIB - 0x3000, 0x1001, why),
                     -ENOSPC);
    assert_int_equal(layout_place(&l, &image, ~0ULL, 1, why), -ENOSPC);
    assert_non_null(strstr(why, "do not fit below 0x200000"));
    /* A kernel below 1 MiB: the window and what is behind it stay free. */
    image.end = 0x8000;
    assert_int_equal(layout_place(&l, &image, 0, 100, why), 0);
    assert_int_equal(l.start_info, MIB);
}

static void test_start_info(void **state)
{
    struct layout l;
    struct elf_image image = { .end = MIB };
    const char *cmdline = "a=1 b";
    char why[ELF_WHY_MAX], *block;
    struct hvm_start_info *info;
    struct hvm_modlist_entry *module;
    struct hvm_memmap_table_entry *map;
    size_t size;

    (void)state;
    layout_ram(&l, 16);
    size = layout_start_info(&l, cmdline, NULL);
    assert_int_equal(layout_place(&l, &image, 0x1000, size, why), 0);
    block = malloc(size);
    assert_non_null(block);
    assert_int_equal(layout_start_info(&l, cmdline, block), size);
    info = (void *)block;
    assert_int_equal(info->magic, XEN_HVM_START_MAGIC_VALUE);
    assert_int_equal(info->version, 1);
    assert_string_equal(block + (info->cmdline_paddr - l.start_info), cmdline);
    assert_int_equal(info->nr_modules, 1);
    module = (void *)(block + (info->modlist_paddr - l.start_info));
    assert_int_equal(module->paddr, MIB);
    assert_int_equal(module->size, 0x1000);
    assert_int_equal(info->memmap_entries, 3);
    map = (void *)(block + (info->memmap_paddr - l.start_info));
    assert_int_equal(map[1].addr, MIB);
    assert_int_equal(map[1].size, 15 * MIB);
    assert_int_equal(map[1].type, XEN_HVM_MEMMAP_TYPE_RAM);
    assert_int_equal(map[2].addr, LAYOUT_SPECIAL_GFN * LAYOUT_PAGE);
    assert_int_equal(map[2].type, XEN_HVM_MEMMAP_TYPE_RESERVED);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit),   cmocka_unit_test(test_ram),
        cmocka_unit_test(test_place), cmocka_unit_test(test_start_info),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
