/* SPDX-License-Identifier: MIT */
/*
 * The hypercalls of PV guests about memory: rows of the hypercall table for
 * domains with page tables (d->pv); -ENOSYS for others.
 *
 * FD, the low 16 bits of `foreigndom`, is the domain whose pages are meant:
 * DOMID_SELF, another domain (not the caller by its number), DOMID_IO, or
 * DOMID_XEN, which owns nothing that can be mapped.  Errors of FD, in this
 * order: -ESRCH there is no such domain; -EPERM the caller may not act for it
 * (it is neither in control nor the domain's device model).
 */
#ifndef PV_MM_OPS_H
#define PV_MM_OPS_H

#include <hv/hypercall.h>

/*
 * mmu_update(list, count, pdone, foreigndom).  The high 16 bits of foreigndom
 * are PFD + 1, the domain whose tables are meant, or 0 for the caller.  In this
 * order: -ESRCH no domain PFD; -ESRCH FD; then for each element: -EFAULT;
 * -ENOSYS the command.  A page table entry: -EOPNOTSUPP PFD has no tables;
 * -EPERM FD (but DOMID_IO), then PFD; errors of pv_update().  A machine-to-
 * physical entry: -EPERM PFD is not the caller; -EINVAL FD is translated; -EPERM
 * FD; -EINVAL the frame is not in FD's reservation.
 *
 * Of this call and mmuext_op: *pdone, unless pdone is 0 or cannot be written,
 * becomes the number of elements done.
 */
long do_mmu_update(struct hypercall *hc);

/*
 * update_va_mapping(va, value, flags), and _otherdomain(va, value, flags, FD):
 * errors of FD, and of pv_update_va(); then, with the entry written, -EFAULT
 * the set of vcpus in `flags` cannot be read.
 */
long do_update_va_mapping(struct hypercall *hc);
long do_update_va_mapping_otherdomain(struct hypercall *hc);

/*
 * mmuext_op(list, count, pdone, FD).  -ESRCH; -EINVAL FD is not PV; -EPERM; then
 * for each element: -EFAULT; -ENOSYS the command; -EOPNOTSUPP superpages; -EPERM
 * what a vcpu can only do for itself, for FD; errors of pv_pin(), pv_unpin(),
 * pv_set_root(), pv_set_ldt(); -EINVAL a set of vcpus cannot be read, or a page
 * to be cleared, copied or written is not FD's, or cannot be written; -EACCES
 * the caller may not flush caches.  An address that is not the guest's needs no
 * flush: 0.
 */
long do_mmuext_op(struct hypercall *hc);

/* set_gdt(frames, entries): -EINVAL too many; -EFAULT; errors of pv_set_gdt(). */
long do_set_gdt(struct hypercall *hc);
/* update_descriptor(machine address, descriptor). */
long do_update_descriptor(struct hypercall *hc);

/* ---- instructions that write to page tables ---- */

struct vcpu;

struct pv_regs {
    uint64_t gpr[16]; /* rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 ... r15 */
    uint64_t rip, rflags;
    uint8_t changed; /* OUT: the register that the instruction wrote, or ... */
};
#define PV_NO_REG 16

enum pv_pt_write {
    PV_PT_DONE,  /* *regs is what it is after the instruction; a trap by TF */
                 /* is the caller's                                         */
    PV_PT_RETRY, /* enter the guest: it executes the instruction again      */
    PV_PT_FAULT, /* nothing happened: the guest gets its page fault         */
};

/*
 * The current vcpu's kernel, in 64-bit mode, wrote to va, which is mapped: a
 * page fault with the error code's bits P, W and U alone.  If the page there is
 * an L1 table that is mapped read-only, and the instruction one of those that
 * kernels use for entries (pt-write.c), the write is done as mmu_update would.
 */
enum pv_pt_write pv_emulate_pt_write(struct vcpu *v, struct pv_regs *regs,
                                     uint64_t va);

#endif
