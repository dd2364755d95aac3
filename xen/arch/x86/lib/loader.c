/* SPDX-License-Identifier: MIT */
/*
 * What the loader passed, in one of three forms: multiboot 1, multiboot 2,
 * PVH's start info.  All of it may lie where dom0's memory will be, so what
 * matters is copied: nothing but the modules themselves stays where it is.
 *
 * Runs on head.S's tables, which show the first 4 GiB; nothing beyond is
 * looked at, and nothing behind the length that a structure gives itself.
 */
#include <emul/ram-map.h>
#include <hv/lib.h>

#include <xen/arch-x86/hvm/start_info.h>

#include <x86/boot.h>

#define MB1_LOADER_MAGIC 0x2badb002
#define MB2_LOADER_MAGIC 0x36d76289

#define VISIBLE (1UL << 32)
#define TEXT_SIZE 8192
#define MAX_TEXT 2048
#define RSDP_SIZE 36
#define MB2_MAX_INFO (16UL << 20)
#define MAX_RAW 1024 /* entries of the loader's map: EFI has hundreds */

struct mb1_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper; /* KiB from 0; from 1 MiB */
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t nr_mods, mods;
    uint32_t symbols[4];
    uint32_t mmap_length, mmap;
    uint32_t drives_length, drives;
    uint32_t config_table;
    uint32_t loader_name;
};
#define MB1_MEMORY (1U << 0)
#define MB1_CMDLINE (1U << 2)
#define MB1_MODS (1U << 3)
#define MB1_MMAP (1U << 6)
#define MB1_LOADER_NAME (1U << 9)

struct mb1_module {
    uint32_t start, end, cmdline, reserved;
};

struct mb1_mmap {
    uint32_t size; /* of what follows */
    uint64_t addr, len;
    uint32_t type;
} __attribute__((packed));

struct mb2_tag {
    uint32_t type, size;
};
enum {
    MB2_END = 0,
    MB2_CMDLINE = 1,
    MB2_LOADER_NAME = 2,
    MB2_MODULE = 3,
    MB2_MEMORY = 4,
    MB2_MMAP = 6,
    MB2_RSDP_OLD = 14,
    MB2_RSDP_NEW = 15,
};

struct mb2_mmap {
    uint64_t addr, len;
    uint32_t type, reserved;
};

struct boot_info boot_info;

static struct e820entry raw[MAX_RAW];
static unsigned int nr_raw;
static char text[TEXT_SIZE];
static size_t text_used;
static uint8_t rsdp_copy[RSDP_SIZE];

/* ---- bounded reading ---- */

static const void *look_at(uint64_t phys, uint64_t bytes)
{
    if ( !phys || phys >= VISIBLE || bytes > VISIBLE - phys )
        return NULL;
    return phys_to_virt(phys);
}

/* Up to max bytes, kept for good; "" when there is no room. */
static const char *keep_text(const char *s, size_t max)
{
    char *copy = text + text_used;
    size_t n = 0;

    max = min(max, (size_t)MAX_TEXT);
    if ( !s || TEXT_SIZE - text_used <= max )
        return "";
    while ( n < max && s[n] )
        n++;
    memcpy(copy, s, n);
    copy[n] = '\0';
    text_used += n + 1;
    return copy;
}

static const char *keep_text_at(uint64_t phys)
{
    return keep_text(look_at(phys, MAX_TEXT), MAX_TEXT);
}

static const char *skip_word(const char *s)
{
    while ( *s && *s != ' ' )
        s++;
    while ( *s == ' ' )
        s++;
    return s;
}

static void add_memory(uint64_t addr, uint64_t size, uint32_t type)
{
    if ( nr_raw == MAX_RAW )
        boot_info.e820_ignored++;
    else
        raw[nr_raw++] = (struct e820entry){ addr, size, type };
}

static void add_module(uint64_t start, uint64_t end, const char *cmdline)
{
    if ( end > start && boot_info.nr_modules < MAX_MODULES )
        boot_info.module[boot_info.nr_modules++] =
            (struct boot_module){ start, end - start, cmdline };
}

/* Of BIOSes that know no map: what is below 640 KiB and from 1 MiB on. */
static void add_basic_memory(uint32_t lower_kib, uint32_t upper_kib)
{
    if ( nr_raw )
        return;
    add_memory(0, (uint64_t)lower_kib << 10, E820_RAM);
    add_memory(1UL << 20, (uint64_t)upper_kib << 10, E820_RAM);
}

/* ---- multiboot 1 ---- */

static void parse_mb1_mmap(const struct mb1_info *info)
{
    const char *map = look_at(info->mmap, info->mmap_length);
    uint32_t at = 0;

    while ( map && info->mmap_length - at >= sizeof(struct mb1_mmap) )
    {
        struct mb1_mmap m;

        memcpy(&m, map + at, sizeof(m));
        if ( m.size < sizeof(m) - sizeof(m.size) )
            break;
        add_memory(m.addr, m.len, m.type);
        if ( m.size > info->mmap_length - at - sizeof(m.size) )
            break;
        at += m.size + (uint32_t)sizeof(m.size);
    }
}

/*
 * GRUB 2 leaves the file's name out of the command lines, all others put it
 * first.
 */
static const char *mb1_text(uint32_t phys)
{
    const char *s = keep_text_at(phys);
    const char *loader = boot_info.loader;

    return strncmp(loader, "GRUB ", 5) || loader[5] == '0' ? skip_word(s) : s;
}

static void parse_mb1(uint64_t phys)
{
    const struct mb1_info *info = look_at(phys, sizeof(*info));
    const struct mb1_module *mod;

    if ( !info )
        return;
    boot_info.loader = "multiboot";
    if ( info->flags & MB1_LOADER_NAME )
        boot_info.loader = keep_text_at(info->loader_name);
    if ( info->flags & MB1_CMDLINE )
        boot_info.cmdline = mb1_text(info->cmdline);
    if ( info->flags & MB1_MMAP )
        parse_mb1_mmap(info);
    if ( info->flags & MB1_MEMORY )
        add_basic_memory(info->mem_lower, info->mem_upper);

    if ( !(info->flags & MB1_MODS) )
        return;
    mod = look_at(info->mods, (uint64_t)info->nr_mods * sizeof(*mod));
    for ( uint32_t i = 0; mod && i < min(info->nr_mods, 4U * MAX_MODULES); i++ )
        add_module(mod[i].start, mod[i].end, mb1_text(mod[i].cmdline));
}

/* ---- multiboot 2 ---- */

static void parse_mb2_mmap(const char *p, uint32_t size)
{
    uint32_t entry;

    if ( size < 8 )
        return;
    memcpy(&entry, p, sizeof(entry));
    if ( entry < sizeof(struct mb2_mmap) )
        return;
    for ( uint32_t at = 8; size - at >= entry; at += entry )
    {
        struct mb2_mmap m;

        memcpy(&m, p + at, sizeof(m));
        add_memory(m.addr, m.len, m.type);
    }
}

/* p: what follows the tag's header, size bytes of it. */
static void parse_mb2_tag(uint32_t type, const char *p, uint32_t size)
{
    uint32_t word[2] = { 0, 0 };

    memcpy(word, p, min(size, (uint32_t)sizeof(word)));
    switch ( type )
    {
    case MB2_CMDLINE:
        boot_info.cmdline = keep_text(p, size);
        break;
    case MB2_LOADER_NAME:
        boot_info.loader = keep_text(p, size);
        break;
    case MB2_MODULE:
        if ( size >= sizeof(word) )
            add_module(word[0], word[1],
                       keep_text(p + sizeof(word), size - sizeof(word)));
        break;
    case MB2_MEMORY:
        add_basic_memory(word[0], word[1]);
        break;
    case MB2_MMAP:
        parse_mb2_mmap(p, size);
        break;
    case MB2_RSDP_OLD:
    case MB2_RSDP_NEW:
        /* A copy; the new form is the better one. */
        if ( boot_info.rsdp && type == MB2_RSDP_OLD )
            break;
        memset(rsdp_copy, 0, sizeof(rsdp_copy));
        memcpy(rsdp_copy, p, min(size, (uint32_t)sizeof(rsdp_copy)));
        boot_info.rsdp = virt_to_phys(rsdp_copy);
        break;
    }
}

static void parse_mb2(uint64_t phys)
{
    const uint32_t *total = look_at(phys, 8);
    const char *info;
    uint32_t size, at = 8;
    struct mb2_tag tag;

    if ( !total || *total > MB2_MAX_INFO || !(info = look_at(phys, *total)) )
        return;
    size = *total;
    boot_info.loader = "multiboot2";
    while ( at < size && size - at >= sizeof(tag) )
    {
        memcpy(&tag, info + at, sizeof(tag));
        if ( tag.type == MB2_END || tag.size < sizeof(tag) ||
             tag.size > size - at )
            break;
        parse_mb2_tag(tag.type, info + at + sizeof(tag),
                      tag.size - (uint32_t)sizeof(tag));
        at += (tag.size + 7) & ~7U;
    }
}

/* ---- PVH ---- */

static void parse_pvh(uint64_t phys)
{
    const struct hvm_start_info *info = look_at(phys, sizeof(*info));
    const struct hvm_memmap_table_entry *map = NULL;
    const struct hvm_modlist_entry *mod;

    if ( !info || info->magic != XEN_HVM_START_MAGIC_VALUE )
        return;
    boot_info.loader = "PVH";
    boot_info.cmdline = keep_text_at(info->cmdline_paddr);
    boot_info.rsdp = info->rsdp_paddr;
    if ( info->version >= 1 )
        map = look_at(info->memmap_paddr,
                      (uint64_t)info->memmap_entries * sizeof(*map));
    for ( uint32_t i = 0; map && i < min(info->memmap_entries, MAX_RAW * 2U);
          i++ )
        add_memory(map[i].addr, map[i].size, map[i].type);
    mod = look_at(info->modlist_paddr,
                  (uint64_t)info->nr_modules * sizeof(*mod));
    for ( uint32_t i = 0; mod && i < min(info->nr_modules, MAX_MODULES * 1U);
          i++ )
        if ( mod[i].size <= VISIBLE )
            add_module(mod[i].paddr, mod[i].paddr + mod[i].size,
                       keep_text_at(mod[i].cmdline_paddr));
}

void loader_parse(uint32_t magic, uint64_t info)
{
    boot_info.loader = "";
    boot_info.cmdline = "";
    switch ( magic )
    {
    case MB1_LOADER_MAGIC:
        parse_mb1(info);
        break;
    case MB2_LOADER_MAGIC:
        parse_mb2(info);
        break;
    case XEN_HVM_START_MAGIC_VALUE:
        parse_pvh(info);
        break;
    }
    boot_info.nr_e820 = e820_tidy(raw, nr_raw, boot_info.e820, MAX_E820,
                                  &boot_info.e820_lost);
}
