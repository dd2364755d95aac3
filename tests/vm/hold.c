/* SPDX-License-Identifier: MIT */
/*
 * hold DOMID: makes an ioreq server of the domain and maps its pages and the
 * domain's grant table.  Each line on stdin is answered by one: do the mappings
 * still show what is mapped anew, and what was written there?
 * hold DOMID counts: the domain's pages, its pages and its entries for populate
 * on demand.
 * hold DOMID limit: the KiB that the domain may have.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>
#include <xendevicemodel.h>
#include <xenforeignmemory.h>

#define PAGE 4096
#define MARK 0x4f7269656c4f726dUL
#define RING_MARK 3000 /* an offset in the ring's page: in slots to come */

static xenforeignmemory_handle *fmem;
static domid_t domid;

static void *map(unsigned int type, unsigned int id, unsigned long nr,
                 xenforeignmemory_resource_handle **res)
{
    void *addr = NULL;

    *res = xenforeignmemory_map_resource(fmem, domid, type, id, 0, nr, &addr,
                                         3 /* read and write */, 0);
    return *res ? addr : NULL;
}

/* Mapped again, the resource has the same content. */
static bool same(const void *now, unsigned int type, unsigned int id,
                 unsigned long nr)
{
    xenforeignmemory_resource_handle *res;
    void *again = map(type, id, nr, &res);
    bool ok = again && !memcmp(again, now, nr * PAGE);

    if ( again )
        xenforeignmemory_unmap_resource(fmem, res);
    return ok;
}

static int counts(xc_interface *xch)
{
    uint64_t tot, cache, entries;

    if ( xc_domain_get_pod_target(xch, domid, &tot, &cache, &entries) )
        return 1;
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", tot, cache, entries);
    return 0;
}

static int limit(xc_interface *xch)
{
    xc_dominfo_t info;

    if ( xc_domain_getinfo(xch, domid, 1, &info) != 1 || info.domid != domid )
        return 1;
    printf("%lu\n", info.max_memkb);
    return 0;
}

static int hold(void)
{
    xendevicemodel_handle *dm = xendevicemodel_open(NULL, 0);
    xenforeignmemory_resource_handle *res;
    uint64_t mark = MARK, seen;
    char line[16], *pages, *grants;
    ioservid_t id;

    if ( !dm || xendevicemodel_create_ioreq_server(dm, domid,
                                                   HVM_IOREQSRV_BUFIOREQ_ATOMIC,
                                                   &id) )
        return 1;
    pages = map(XENMEM_resource_ioreq_server, id, 2, &res);
    grants = map(XENMEM_resource_grant_table,
                 XENMEM_resource_grant_table_id_shared, 1, &res);
    if ( !pages || !grants )
        return 1;
    memcpy(pages + RING_MARK, &mark, sizeof(mark));
    printf("held\n");
    fflush(stdout);
    while ( fgets(line, sizeof(line), stdin) )
    {
        memcpy(&seen, pages + RING_MARK, sizeof(seen));
        printf("%s\n", seen == MARK &&
               same(pages, XENMEM_resource_ioreq_server, id, 2) &&
               same(grants, XENMEM_resource_grant_table,
                    XENMEM_resource_grant_table_id_shared, 1)
                   ? "same" : "different");
        fflush(stdout);
    }
    return xendevicemodel_destroy_ioreq_server(dm, domid, id) != 0;
}

int main(int argc, char **argv)
{
    xc_interface *xch = xc_interface_open(NULL, NULL, 0);
    int rc;

    fmem = xenforeignmemory_open(NULL, 0);
    if ( argc < 2 || !xch || !fmem )
        return 1;
    domid = (domid_t)strtoul(argv[1], NULL, 0);
    if ( argc == 2 )
        rc = hold();
    else
        rc = !strcmp(argv[2], "limit") ? limit(xch) : counts(xch);
    if ( rc )
        perror("hold");
    return rc;
}
