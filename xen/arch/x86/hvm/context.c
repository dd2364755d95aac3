/* SPDX-License-Identifier: MIT */
/*
 * All registers of a vcpu from and to the domain builder's record.  The vendor
 * has most of them.  A vector in the record, of the type INTR, is one that the
 * 8259s gave the vcpu and that is not delivered yet; the local APIC's own record
 * has its interrupts.
 */
#include <hv/domain.h>

#include <x86/hvm.h>
#include <x86/hvm-vendor.h>

#include <xen/hvm/save.h>

#define TYPE_INTR 0

int hvm_set_context(struct vcpu *v, const struct hvm_hw_cpu *ctx)
{
    int rc = vendor->set_context(v, ctx);

    if ( rc )
        return rc;
    /* An operation that waited for a device model is dropped. */
    v->arch.hvm.io_completion = IO_COMPLETE_NOTHING;
    v->arch.hvm.event_source = EVENT_EXTINT;
    v->arch.hvm.extint = 0;
    if ( ctx->pending_valid && ctx->pending_type == TYPE_INTR )
        v->arch.hvm.extint = (uint16_t)(ctx->pending_vector + 1);
    emul_reset(&v->arch.hvm.emul);
    WRITE_ONCE(v->arch.hvm.waits_for_sipi, false);
    return 0;
}

void hvm_get_context(struct vcpu *v, struct hvm_hw_cpu *ctx)
{
    vendor->get_context(v, ctx);
    if ( v->arch.hvm.extint && !ctx->pending_valid )
    {
        ctx->pending_vector = (uint8_t)(v->arch.hvm.extint - 1);
        ctx->pending_valid = 1;
    }
}
