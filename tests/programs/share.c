/* SPDX-License-Identifier: MIT */
/*
 * What a guest does with its shared pages, done for a paused guest of oriel's.
 *
 *   share DOMID grants         makes grants 8, of a page that is then mapped, 9, of
 *                              a frame that is not there, and 10, to a domain that
 *                              is not there; ends at the end of standard input
 *   share DOMID console TEXT   prints TEXT on its console
 *   share DOMID typed          what was typed there and it has not read
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#include <xen/grant_table.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/memory.h>

#define GOOD_FRAME 0x100U
#define NO_FRAME 0xffffffU
#define NOBODY 4000U

static xenforeignmemory_handle *memory;
static domid_t guest;

static void *map(xen_pfn_t gfn)
{
    void *p = xenforeignmemory_map(memory, guest, PROT_READ | PROT_WRITE, 1,
                                   &gfn, NULL);

    if ( !p )
        err(1, "map frame %#lx", (unsigned long)gfn);
    return p;
}

static void grants(void)
{
    void *table = NULL;
    grant_entry_v1_t *entry;
    xengnttab_handle *mapper = xengnttab_open(NULL, 0);
    char byte;

    if ( !xenforeignmemory_map_resource(memory, guest, XENMEM_resource_grant_table,
                                        XENMEM_resource_grant_table_id_shared, 0,
                                        1, &table, PROT_READ | PROT_WRITE, 0) )
        err(1, "map the grant table");
    entry = table;
    entry[8].frame = GOOD_FRAME;
    entry[9].frame = NO_FRAME;
    entry[10].frame = GOOD_FRAME;
    entry[10].domid = NOBODY;
    for ( unsigned int i = 8; i < 11; i++ )
        entry[i].flags = GTF_permit_access;
    if ( !mapper || !xengnttab_map_grant_ref(mapper, guest, 8, PROT_READ) )
        err(1, "map grant 8");
    puts("mapped");
    fflush(stdout);
    while ( read(STDIN_FILENO, &byte, 1) > 0 )
        ;
}

static struct xencons_interface *console(void)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    uint64_t gfn;

    if ( !xch || xc_hvm_param_get(xch, guest, HVM_PARAM_CONSOLE_PFN, &gfn) )
        err(1, "ask for the console");
    return map(gfn);
}

static void print(const char *text)
{
    struct xencons_interface *page = console();

    for ( ; *text; text++ )
        page->out[MASK_XENCONS_IDX(page->out_prod++, page->out)] = *text;
}

static void typed(void)
{
    const struct xencons_interface *page = console();

    for ( XENCONS_RING_IDX i = page->in_cons; i != page->in_prod; i++ )
        putchar(page->in[MASK_XENCONS_IDX(i, page->in)]);
}

int main(int argc, char **argv)
{
    memory = xenforeignmemory_open(NULL, 0);
    if ( argc < 3 || !memory )
        errx(2, "usage: share DOMID grants | share DOMID console TEXT");
    guest = (domid_t)atoi(argv[1]);
    if ( !strcmp(argv[2], "grants") )
        grants();
    else if ( !strcmp(argv[2], "typed") )
        typed();
    else if ( argc > 3 )
        print(argv[3]);
    return 0;
}
