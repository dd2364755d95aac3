/* SPDX-License-Identifier: MIT */
/* VCPUOP_initialise and VCPUOP_up. */
#include "bring-up.h"

#include <x86/defns.h>

bool bring_up(unsigned int vcpu, void *stack_end, void (*fn)(void))
{
    static struct vcpu_hvm_context context = { .mode = VCPU_HVM_MODE_64B };
    xen_vcpu_hvm_x86_64_t *r = &context.cpu_regs.x86_64;

    r->rsp = ADDRESS(stack_end);
    r->rdi = ADDRESS(fn);
    r->rip = ADDRESS(start_vcpu);
    r->cr0 = CR0_PG | CR0_PE;
    r->cr3 = ADDRESS(pml4);
    r->cr4 = CR4_PAE | CR4_OSFXSR;
    r->efer = EFER_LMA | EFER_LME;
    return !hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_initialise, vcpu,
                       ADDRESS(&context), 0, 0) &&
           !hypercall5(__HYPERVISOR_vcpu_op, VCPUOP_up, vcpu, 0, 0, 0);
}
