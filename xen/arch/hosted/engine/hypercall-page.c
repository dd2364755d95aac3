/* SPDX-License-Identifier: MIT */
/*
 * The hypercall page.  A guest asks CPUID for an MSR, and writes to it the address
 * of a frame of its own, which the hypervisor fills with a stub for each hypercall.
 *
 * The engine does not report WRMSR, but it keeps the value of MSR_VM_HSAVE_PA,
 * which has no effect in it: this is the MSR that CPUID names here.  From the CPUID
 * instruction on each block of code begins with a look at it.  The guest calls a
 * stub by a branch, so the look comes before the stub.
 */
#include <errno.h>
#include <string.h>

#include "engine-private.h"

#include <hv/domain.h>
#include <hv/p2m.h>

#include <xen/xen.h>

#define PAGE_MSR MSR_VM_HSAVE_PA
#define STUB_BYTES 32

void hypercall_page_offer(struct hosted_vcpu *h, uint32_t *msr)
{
    *msr = PAGE_MSR;
    h->offered_page = true;
}

bool hypercall_page_wanted(struct hosted_vcpu *h)
{
    return engine_msr(h, PAGE_MSR);
}

/* mov $nr, %eax; vmmcall; ret.  iret is none of a translated guest's. */
static void fill(uint8_t *page)
{
    static const uint8_t stub[] = { 0xb8, 0, 0, 0, 0, 0x0f, 0x01, 0xd9, 0xc3 };
    static const uint8_t none[] = { 0x0f, 0x0b };

    memset(page, 0xcc, PAGE_SIZE);
    for ( uint32_t nr = 0; nr < PAGE_SIZE / STUB_BYTES; nr++ )
    {
        memcpy(page + nr * STUB_BYTES, stub, sizeof(stub));
        memcpy(page + nr * STUB_BYTES + 1, &nr, sizeof(nr));
    }
    memcpy(page + __HYPERVISOR_iret * STUB_BYTES, none, sizeof(none));
}

static int write_page(struct hosted_vcpu *h, uint64_t gpa)
{
    struct domain *d = h->v->domain;
    struct page *pg;

    if ( gpa & (PAGE_SIZE - 1) )
        return -EINVAL;
    pg = p2m_get_own_page(d, gpa >> PAGE_SHIFT);
    if ( !pg )
        return -EINVAL;
    domain_latch_layout(d, !guest_is_64bit(h));
    fill(page_to_virt(pg));
    log_dirty_mark(d, gpa >> PAGE_SHIFT);
    p2m_put_own_page(pg);
    return 0;
}

void hypercall_page_make(struct hosted_vcpu *h)
{
    uint64_t gpa = engine_msr(h, PAGE_MSR);

    engine_set_msr(h, PAGE_MSR, 0);
    h->offered_page = false;
    /* A new engine, without mappings, has not translated what the page had. */
    h->generation = 0;
    if ( write_page(h, gpa) )
        inject_exception(h, VECTOR_GP);
    else if ( !engine_renew(h) )
        domain_crash(h->v->domain, "vcpu %u: no memory for its engine",
                     h->v->vcpu_id);
}
