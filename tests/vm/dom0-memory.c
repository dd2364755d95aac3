/* SPDX-License-Identifier: MIT */
/*
 * In dom0 of a machine: the gfns at which dom0 has other domains' pages.  TAP.
 *
 * Devices use dom0's addresses as the machine's.  So the ranges that Linux uses
 * for such pages ("Xen scratch" in /proc/iomem), and the gfns that the
 * hypervisor lists while pages of each kind are mapped, must hold none of the
 * machine's RAM; and what the balloon gave must come back to its own address.
 *
 * And what the hypervisor keeps of the machine's RAM: 32 bytes for each frame of it,
 * not for addresses where there is none, and a constant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <xengnttab.h>

#include "../contract/ct.h"

#define MAX_MAP 512
#define GRANTS 32U
#define RAM 1
#define TARGET "/sys/devices/system/xen_memory/xen_memory0/target_kb"
#define CURRENT "/sys/devices/system/xen_memory/xen_memory0/info/current_kb"
#define BALLOON_KB 65536UL

struct e820 {
    uint64_t addr, size;
    uint32_t type;
} __attribute__((packed));

static struct e820 map[MAX_MAP];
static unsigned int nr_map;
static unsigned long in_ram, moved, others; /* the hypervisor's counts */

static void read_machine_map(void)
{
    struct xen_memory_map m = { .nr_entries = MAX_MAP };
    void *buf = xencall_alloc_buffer(ct.call, sizeof(map));

    if ( !buf )
        ct_bail("no hypercall buffer");
    set_xen_guest_handle_raw(m.buffer, buf);
    if ( ct_hypercall(__HYPERVISOR_memory_op, XENMEM_machine_memory_map, &m,
                      sizeof(m)) )
        ct_bail("no map of the machine's memory: %s", strerror(errno));
    nr_map = m.nr_entries;
    memcpy(map, buf, nr_map * sizeof(*map));
    xencall_free_buffer(ct.call, buf);
}

static bool meets_ram(uint64_t start, uint64_t end)
{
    for ( unsigned int i = 0; i < nr_map; i++ )
        if ( map[i].type == RAM && start < map[i].addr + map[i].size &&
             end > map[i].addr )
        {
            ct_diag("%#lx-%#lx meets RAM at %#lx-%#lx", (unsigned long)start,
                    (unsigned long)end, (unsigned long)map[i].addr,
                    (unsigned long)(map[i].addr + map[i].size));
            return true;
        }
    return false;
}

/* Presses a debug key and takes in what the hypervisor says to it. */
static const char *press(const char *key)
{
    static char text[65536];
    uint32_t index = 0;
    unsigned int n;

    do
    {
        n = sizeof(text) - 1;
        if ( xc_readconsolering(ct.xch, text, &n, 0, 1, &index) )
            ct_bail("the console cannot be read");
    } while ( n );
    if ( xc_send_debug_keys(ct.xch, key) )
        ct_bail("debug key %s: %s", key, strerror(errno));
    n = sizeof(text) - 1;
    if ( xc_readconsolering(ct.xch, text, &n, 0, 1, &index) )
        ct_bail("the console cannot be read");
    text[n] = '\0';
    return text;
}

/* Ranges of others' pages that meet RAM. */
static unsigned int look_at_gfns(void)
{
    const char *p = press("F");
    unsigned int bad = 0;
    unsigned long a, b;

    in_ram = moved = others = ~0UL;
    for ( ; (p = strstr(p, "gfns: ")) != NULL; p++ )
        if ( sscanf(p, "gfns: %lx-%lx are of", &a, &b) == 2 )
            bad += meets_ram(a * CT_PAGE, (b + 1) * CT_PAGE);
        else
            sscanf(p, "gfns: %lu of other domains, %lu of these where the "
                      "machine has RAM; %lu", &others, &in_ram, &moved);
    return bad;
}

static void check_scratch(void)
{
    FILE *f = fopen("/proc/iomem", "r");
    unsigned int found = 0, bad = 0;
    unsigned long a, b;
    char line[256];

    while ( f && fgets(line, sizeof(line), f) )
        if ( strstr(line, "Xen scratch") &&
             sscanf(line, " %lx-%lx", &a, &b) == 2 && b )
        {
            ct_diag("%.*s", (int)strcspn(line, "\n"), line);
            found++;
            bad += meets_ram(a, b + 1);
        }
    if ( f )
        fclose(f);
    ct_ok(found, "Linux has scratch addresses");
    ct_equal(bad, 0, "no scratch range meets RAM of the machine");
}

static void check_mapped(void)
{
    uint32_t domid = ct_create(&(struct ct_config){ .pages = 700 });
    xengnttab_handle *gnt = xengnttab_open(NULL, 0);
    void *foreign = ct_map_foreign(domid, 0, 600), *granted[GRANTS];
    unsigned int n = 0;
    grant_entry_v1_t *e;
    struct ct_map table;

    ct_ok(foreign != NULL, "map 600 foreign pages");
    ct_expect(0, ct_map_resource(&table, domid, XENMEM_resource_grant_table, 0,
                                 0, 1), "map a grant table");
    e = table.addr;
    for ( uint32_t i = 0; i < GRANTS; i++ )
    {
        e[8 + i].domid = 0;
        e[8 + i].frame = 600 + i;
        e[8 + i].flags = GTF_permit_access;
        granted[n] = xengnttab_map_grant_ref(gnt, domid, 8 + i, CT_RW);
        n += granted[n] != NULL;
    }
    ct_equal(n, GRANTS, "map grants");
    ct_equal(look_at_gfns(), 0, "no range of gfns meets RAM of the machine");
    ct_ok(others >= 601 + GRANTS && others != ~0UL, "all are listed");
    ct_equal(in_ram, 0, "nor does the hypervisor count one that does");
    check_scratch();
    while ( n )
        xengnttab_unmap(gnt, granted[--n], 1);
    xengnttab_close(gnt);
    munmap(foreign, 600 * CT_PAGE);
    ct_expect(0, ct_unmap_resource(&table), "unmap the table");
    ct_destroy(domid);
}

/* ---- what the hypervisor keeps ---- */

#define FRAME_BYTES 32UL
#define KEPT_PAGES (10UL << 8) /* 10 MiB: image, dom0's paging pool, heap */

static void check_kept(void)
{
    unsigned long ram = 0, kept;
    xc_dominfo_t dom0;

    for ( unsigned int i = 0; i < nr_map; i++ )
        if ( map[i].type == RAM )
            ram += map[i].size / CT_PAGE;
    ct_ok(xc_domain_getinfo(ct.xch, 0, 1, &dom0) == 1, "dom0's pages");
    kept = ram - ct_free_pages() - dom0.nr_pages;
    ct_diag("of %lu pages the hypervisor keeps %lu", ram, kept);
    ct_ok(kept <= ram * FRAME_BYTES / CT_PAGE + KEPT_PAGES,
          "the hypervisor keeps little memory");
}

/* ---- the balloon ---- */

static unsigned long read_kb(const char *path)
{
    FILE *f = fopen(path, "r");
    unsigned long kb = 0;

    if ( f && fscanf(f, "%lu", &kb) != 1 )
        kb = 0;
    if ( f )
        fclose(f);
    return kb;
}

static bool set_target(unsigned long kb)
{
    FILE *f = fopen(TARGET, "w");
    bool ok = f && fprintf(f, "%lu\n", kb) > 0;

    return f && !fclose(f) && ok;
}

/* Linux says when it is done in no other way. */
static bool reaches(unsigned long kb)
{
    return ct_eventually(read_kb(CURRENT) == kb);
}

static void check_balloon(void)
{
    unsigned long before = read_kb(CURRENT), pages = 0;

    ct_ok(before && set_target(before - BALLOON_KB), "balloon: to give memory");
    ct_ok(reaches(before - BALLOON_KB), "it does");
    pages = ct_free_pages();
    ct_ok(set_target(before), "to take it back");
    ct_ok(reaches(before), "it does");
    ct_ok(ct_free_pages() < pages, "it has it from the hypervisor");
    look_at_gfns();
    ct_equal(moved, 0, "each page has come back to its own address");
}

int main(void)
{
    ct_begin();
    read_machine_map();
    check_kept();
    check_mapped();
    check_balloon();
    return ct_end();
}
