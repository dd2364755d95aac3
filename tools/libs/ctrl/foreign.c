/* SPDX-License-Identifier: MIT */
/*
 * Foreign memory by the old names: mapping, filling and clearing pages of
 * another domain.  Mappings are libxenforeignmemory's and end by munmap().
 */
#define XC_BUILDING_COMPAT_MAP_FOREIGN_API
#include "private.h"

void *xc_map_foreign_pages(xc_interface *xch, uint32_t dom, int prot,
                           const xen_pfn_t *arr, int num)
{
    if ( num < 0 )
    {
        errno = EINVAL;
        return NULL;
    }

    return xenforeignmemory_map(xch->fmem, dom, prot, num, arr, NULL);
}

void *xc_map_foreign_bulk(xc_interface *xch, uint32_t dom, int prot,
                          const xen_pfn_t *arr, int *err, unsigned int num)
{
    return xenforeignmemory_map(xch->fmem, dom, prot, num, arr, err);
}

/* nr frames from mfn on. */
static void *map_run(xc_interface *xch, uint32_t dom, int prot,
                     unsigned long mfn, size_t nr)
{
    xen_pfn_t *frames = calloc(nr ?: 1, sizeof(*frames));
    void *addr;

    if ( !frames )
        return NULL;
    for ( size_t i = 0; i < nr; i++ )
        frames[i] = mfn + i;

    addr = xenforeignmemory_map(xch->fmem, dom, prot, nr, frames, NULL);
    free(frames);

    return addr;
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t dom, int size, int prot,
                           unsigned long mfn)
{
    return map_run(xch, dom, prot, mfn,
                   ((size_t)size + XC_PAGE_SIZE - 1) >> XC_PAGE_SHIFT);
}

int xc_copy_to_domain_page(xc_interface *xch, uint32_t domid,
                           unsigned long dst_pfn, const char *src_page)
{
    xen_pfn_t frame = dst_pfn;
    void *page =
        xenforeignmemory_map(xch->fmem, domid, PROT_WRITE, 1, &frame, NULL);

    if ( !page )
        return -1;
    memcpy(page, src_page, XC_PAGE_SIZE);
    xenforeignmemory_unmap(xch->fmem, page, 1);

    return xc_domain_cacheflush(xch, domid, dst_pfn, 1);
}

int xc_clear_domain_pages(xc_interface *xch, uint32_t domid,
                          unsigned long dst_pfn, int num)
{
    void *pages;

    if ( num < 0 )
        return fail(EINVAL);
    pages = map_run(xch, domid, PROT_WRITE, dst_pfn, num);
    if ( !pages )
        return -1;
    memset(pages, 0, num * XC_PAGE_SIZE);
    xenforeignmemory_unmap(xch->fmem, pages, num);

    return xc_domain_cacheflush(xch, domid, dst_pfn, num);
}

/* x86 keeps caches coherent: no hypercall is needed. */
int xc_domain_cacheflush(xc_interface *xch, uint32_t domid, xen_pfn_t start_pfn,
                         xen_pfn_t nr_pfns)
{
    (void)xch;
    (void)domid;
    (void)start_pfn;
    (void)nr_pfns;

    return 0;
}
