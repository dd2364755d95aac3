/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into oriel: calls of libxenctrl that fail.
 *
 *   REFUSE_INFO    N: xc_domain_getinfo() from the Nth call on, with EIO
 *   REFUSE_GRANTS  DOMID: xc_gnttab_query_size() of it, with ESRCH, as when the
 *                  domain was destroyed meanwhile
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include <xenctrl.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid,
                      unsigned int max_doms, xc_dominfo_t *info)
{
    static long calls;
    const char *from = getenv("REFUSE_INFO");

    if ( from && ++calls >= atol(from) )
    {
        errno = EIO;
        return -1;
    }
    return NEXT(xc_domain_getinfo)(xch, first_domid, max_doms, info);
}

int xc_gnttab_query_size(xc_interface *xch, struct gnttab_query_size *query)
{
    const char *domid = getenv("REFUSE_GRANTS");

    if ( domid && query->dom == atol(domid) )
    {
        errno = ESRCH;
        return -1;
    }
    return NEXT(xc_gnttab_query_size)(xch, query);
}
