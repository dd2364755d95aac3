/* SPDX-License-Identifier: MIT */
/* A guest's memory, by physical address and through its page tables. */
#include <hv/domain.h>
#include <hv/guest-access.h>
#include <hv/guest-walk.h>
#include <hv/lib.h>

#include <x86/hvm.h>
#include <x86/vendor.h>

/* A piece within one page. */
static bool phys_piece(struct domain *d, uint64_t gpa, void *buf,
                       unsigned int bytes, bool write)
{
    enum p2m_type type;
    struct page *pg = p2m_get_page(d, _gfn(gpa >> PAGE_SHIFT), &type);
    bool ok = pg && (!write || (p2m_is_writable(type) && type != P2M_IOREQ));
    char *p;

    if ( ok )
    {
        p = (char *)page_to_virt(pg) + (gpa & ~PAGE_MASK);
        if ( write )
            memcpy(p, buf, bytes);
        else
            memcpy(buf, p, bytes);
    }
    if ( pg )
        page_put(pg);
    return ok;
}

static bool phys_copy(struct domain *d, uint64_t gpa, void *buf,
                      unsigned int bytes, bool write)
{
    while ( bytes )
    {
        unsigned int n = (unsigned int)min((uint64_t)bytes,
                                           PAGE_SIZE - (gpa & ~PAGE_MASK));

        if ( !phys_piece(d, gpa, buf, n, write) )
            return false;
        gpa += n;
        buf = (char *)buf + n;
        bytes -= n;
    }
    return true;
}

bool guest_read_phys(void *vcpu, uint64_t gpa, void *buf, unsigned int bytes)
{
    struct vcpu *v = vcpu;

    return phys_copy(v->domain, gpa, buf, bytes, false);
}

bool guest_write_phys(void *vcpu, uint64_t gpa, const void *buf,
                      unsigned int bytes)
{
    struct vcpu *v = vcpu;

    return phys_copy(v->domain, gpa, (void *)(uintptr_t)buf, bytes, true);
}

/*
 * Hypercalls come from the kernel, but name its programs' memory too: no
 * check of the user bit, as with AC set around such calls.
 */
static int virt_copy(uint64_t va, void *buf, size_t bytes, bool write)
{
    struct vcpu *v = current;
    struct guest_paging paging;

    vendor->paging(v, &paging);
    while ( bytes )
    {
        unsigned int n = (unsigned int)min(bytes,
                                           PAGE_SIZE - (va & ~PAGE_MASK));
        unsigned int error;
        uint64_t gpa;

        if ( !guest_walk(&paging, va, write ? WALK_WRITE : 0, guest_read_phys,
                         v, &gpa, &error) ||
             !phys_piece(v->domain, gpa, buf, n, write) )
            return -EFAULT;
        va += n;
        buf = (char *)buf + n;
        bytes -= n;
    }
    return 0;
}

int arch_guest_copy_in(void *dst, uint64_t src, size_t bytes)
{
    return virt_copy(src, dst, bytes, false);
}

int arch_guest_copy_out(uint64_t dst, const void *src, size_t bytes)
{
    return virt_copy(dst, (void *)(uintptr_t)src, bytes, true);
}
