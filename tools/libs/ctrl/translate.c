/* SPDX-License-Identifier: MIT */
/*
 * From a vcpu's virtual address to a frame, by the vcpu's page tables.
 */
#include "private.h"

#include <xen/hvm/save.h>

#define CR0_PG (1UL << 31)
#define CR4_PAE (1UL << 5)
#define EFER_LMA (1UL << 10)
#define PTE_PRESENT 1UL
#define PTE_LARGE 0x80UL
#define ADDRESS_MASK 0x000ffffffffff000UL

/* How a vcpu translates. */
struct paging {
    unsigned int levels; /* 0: not at all */
    uint64_t cr3; /* address of the top table */
};

static int hvm_paging(xc_interface *xch, uint32_t domid, int vcpu,
                      struct paging *p)
{
    struct hvm_hw_cpu cpu;

    if ( xc_domain_hvm_getcontext_partial(xch, domid, HVM_SAVE_CODE(CPU), vcpu,
                                          &cpu, sizeof(cpu)) )
        return -1;

    p->levels = !(cpu.cr0 & CR0_PG)    ? 0
                : !(cpu.cr4 & CR4_PAE) ? 2
                : cpu.msr_efer & EFER_LMA ? 4
                                          : 3;
    p->cr3 = cpu.cr3;

    return 0;
}

static int pv_paging(xc_interface *xch, uint32_t domid, int vcpu,
                     struct paging *p)
{
    vcpu_guest_context_any_t ctxt;
    unsigned int width;

    if ( xc_vcpu_getcontext(xch, domid, vcpu, &ctxt) ||
         xc_domain_get_guest_width(xch, domid, &width) )
        return -1;

    p->levels = width == 8 ? 4 : 3;
    p->cr3 = width == 8 ? ctxt.x64.ctrlreg[3]
                        : (uint64_t)xen_cr3_to_pfn_x86_32(ctxt.x32.ctrlreg[3])
                              << XC_PAGE_SHIFT;

    return 0;
}

/* One entry of a table; -1 when the table is not the domain's. */
static int read_entry(xc_interface *xch, uint32_t dom, uint64_t addr,
                      size_t size, uint64_t *entry)
{
    xen_pfn_t frame = addr >> XC_PAGE_SHIFT;
    char *page = xenforeignmemory_map(xch->fmem, dom, PROT_READ, 1, &frame,
                                      NULL);

    if ( !page )
        return -1;
    *entry = 0;
    memcpy(entry, page + (addr & ~XC_PAGE_MASK), size);
    xenforeignmemory_unmap(xch->fmem, page, 1);

    return 0;
}

static unsigned long walk(xc_interface *xch, uint32_t dom,
                          const struct paging *p, uint64_t virt)
{
    size_t size = p->levels == 2 ? 4 : 8;
    unsigned int bits = p->levels == 2 ? 10 : 9;
    /* A top table of three levels is 32 bytes, anywhere in its page. */
    uint64_t table = p->cr3 & (p->levels == 3 ? ~0x1fUL : XC_PAGE_MASK);

    for ( unsigned int level = p->levels; level; level-- )
    {
        unsigned int shift = XC_PAGE_SHIFT + (level - 1) * bits;
        uint64_t index = virt >> shift & ((1UL << bits) - 1), entry;

        if ( read_entry(xch, dom, table + index * size, size, &entry) )
            return 0;
        if ( !(entry & PTE_PRESENT) )
        {
            errno = EADDRNOTAVAIL;
            return 0;
        }
        table = entry & ADDRESS_MASK;
        if ( level == 1 || (level < 4 && (entry & PTE_LARGE)) )
        {
            uint64_t offset = virt & ((1UL << shift) - 1);

            return (((table >> shift) << shift) | offset) >> XC_PAGE_SHIFT;
        }
    }

    return 0;
}

unsigned long xc_translate_foreign_address(xc_interface *xch, uint32_t dom,
                                           int vcpu, unsigned long long virt)
{
    struct paging p;
    xc_dominfo_t info;

    if ( xc_domain_getinfo(xch, dom, 1, &info) != 1 || info.domid != dom )
        return 0;
    if ( info.hvm ? hvm_paging(xch, dom, vcpu, &p)
                  : pv_paging(xch, dom, vcpu, &p) )
        return 0;

    return p.levels ? walk(xch, dom, &p, virt) : virt >> XC_PAGE_SHIFT;
}
