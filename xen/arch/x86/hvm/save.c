/* SPDX-License-Identifier: MIT */
/*
 * The records of a guest's saved state that are about devices which the
 * hypervisor emulates for the guest, and about MSRs: hv/hvm-save.h.
 *
 * A device that a domain does not have has no record, and -EINVAL is the answer
 * to one that is loaded; of interrupt controllers -ENODEV, as in Xen.
 */
#include <hv/domain.h>
#include <hv/hvm-save.h>
#include <hv/lib.h>

#include <emul/control-regs.h>
#include <emul/rules.h>
#include <x86/hvm.h>
#include <x86/hvm-vendor.h>
#include <x86/processor.h>

#include <xen/errno.h>
#include <xen/hvm/save.h>

#include "save-xsave.h"

/* ---- clocks ---- */

/* save_NAME() and load_NAME() of a device with NAME_save() and NAME_load(). */
#define DEVICE(name, flag, type)                                             \
    static uint32_t save_##name(struct domain *d, unsigned int instance,     \
                                void *data)                                  \
    {                                                                        \
        (void)instance;                                                      \
        if ( data && hvm_has(d, flag) )                                      \
            name##_save(&d->arch.hvm.name, data);                            \
        return hvm_has(d, flag) ? sizeof(type) : 0;                          \
    }                                                                        \
    static long load_##name(struct domain *d, unsigned int instance,         \
                            const void *data)                                \
    {                                                                        \
        (void)instance;                                                      \
        return hvm_has(d, flag) ? name##_load(&d->arch.hvm.name, data)       \
                                : -EINVAL;                                   \
    }

DEVICE(vpit, XEN_X86_EMU_PIT, struct hvm_hw_pit)
DEVICE(vpmtimer, XEN_X86_EMU_PM, struct hvm_hw_pmtimer)
DEVICE(vhpet, XEN_X86_EMU_HPET, struct hvm_hw_hpet)

static uint32_t save_rtc(struct domain *d, unsigned int instance, void *data)
{
    struct hvm_hw_rtc *hw = data;

    (void)instance;
    if ( !hvm_has(d, XEN_X86_EMU_RTC) )
        return 0;
    if ( hw )
    {
        vrtc_save(&d->arch.hvm.vrtc, hw);
        hw->rtc_offset = (int64_t)READ_ONCE(d->utc_offset);
    }
    return sizeof(*hw);
}

/* The offset is the toolstack's, if it has set one. */
static long load_rtc(struct domain *d, unsigned int instance, const void *data)
{
    const struct hvm_hw_rtc *hw = data;
    int rc = -EINVAL;

    (void)instance;
    if ( hvm_has(d, XEN_X86_EMU_RTC) )
        rc = vrtc_load(&d->arch.hvm.vrtc, hw);
    if ( !rc && !READ_ONCE(d->utc_offset_set) )
        domain_set_utc_offset(d, hw->rtc_offset);
    return rc;
}

/* ---- MSRs ---- */

static uint32_t save_mtrr(struct domain *d, unsigned int instance, void *data)
{
    struct vcpu *v = domain_vcpu(d, instance);
    struct hvm_hw_mtrr *hw = data;

    if ( hw )
    {
        vmtrr_save(&v->arch.hvm.mtrr, hw);
        (void)vendor->rdmsr(v, MSR_PAT, &hw->msr_pat_cr);
    }
    return sizeof(*hw);
}

static long load_mtrr(struct domain *d, unsigned int instance,
                      const void *data)
{
    struct vcpu *v = domain_vcpu(d, instance);
    const struct hvm_hw_mtrr *hw = data;
    int rc;

    if ( !pat_legal(hw->msr_pat_cr) )
        return -EINVAL;
    rc = vmtrr_load(&v->arch.hvm.mtrr, hw, physical_bits(v));
    if ( !rc )
        (void)vendor->wrmsr(v, MSR_PAT, hw->msr_pat_cr);
    return rc;
}

#define MACHINE_CHECK_BANKS 2UL

/* Two banks, in which nothing is ever. */
static uint32_t save_vmce(struct domain *d, unsigned int instance, void *data)
{
    struct hvm_vmce_vcpu *hw = data;

    (void)d, (void)instance;
    if ( hw )
        hw->caps = MACHINE_CHECK_BANKS;
    return sizeof(*hw);
}

static long load_vmce(struct domain *d, unsigned int instance,
                      const void *data)
{
    const struct hvm_vmce_vcpu *hw = data;

    (void)d, (void)instance;
    return hw->caps == MACHINE_CHECK_BANKS && !hw->mci_ctl2_bank0 &&
           !hw->mci_ctl2_bank1 && !hw->mcg_ext_ctl ? 0 : -EINVAL;
}

/* Guests have no MSR to adjust the time stamp counter. */
static uint32_t save_tsc_adjust(struct domain *d, unsigned int instance,
                                void *data)
{
    (void)d, (void)instance, (void)data;
    return sizeof(struct hvm_tsc_adjust);
}

static long load_tsc_adjust(struct domain *d, unsigned int instance,
                            const void *data)
{
    const struct hvm_tsc_adjust *hw = data;

    (void)d, (void)instance;
    return hw->tsc_adjust ? -EINVAL : 0;
}

static const uint32_t saved_msrs[] = { MSR_MISC_FEATURES, MSR_TSC_AUX };

#define MSR_RECORD_BYTES(nr)                                                 \
    (offsetof(struct hvm_msr, msr) + (nr) * sizeof(struct hvm_one_msr))

/* A record of those that are not 0, if there are any. */
static uint32_t save_msrs(struct domain *d, unsigned int instance, void *data)
{
    struct vcpu *v = domain_vcpu(d, instance);
    struct hvm_msr *hw = data;
    uint32_t nr = 0;

    for ( unsigned int i = 0; i < ARRAY_SIZE(saved_msrs); i++ )
    {
        uint64_t value;

        if ( !guest_rdmsr(v, saved_msrs[i], &value) || !value )
            continue;
        if ( hw )
            hw->msr[nr] = (struct hvm_one_msr){ saved_msrs[i], 0, value };
        nr++;
    }
    if ( hw )
        hw->count = nr;
    return nr ? (uint32_t)MSR_RECORD_BYTES(nr) : 0;
}

static bool is_saved_msr(uint32_t msr)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(saved_msrs); i++ )
        if ( saved_msrs[i] == msr )
            return true;
    return false;
}

/* Errors are Xen's: -ENXIO, not such an MSR, or not such a value. */
static long load_msrs(struct domain *d, unsigned int instance,
                      const void *data)
{
    struct vcpu *v = domain_vcpu(d, instance);
    const struct hvm_msr *hw = data;
    uint64_t old[ARRAY_SIZE(saved_msrs)];

    if ( hw->count > ARRAY_SIZE(saved_msrs) )
        return -EOPNOTSUPP;
    for ( unsigned int i = 0; i < hw->count; i++ )
        if ( hw->msr[i]._rsvd )
            return -EOPNOTSUPP;
    for ( unsigned int i = 0; i < hw->count; i++ )
        if ( !is_saved_msr(hw->msr[i].index) )
            return -ENXIO;
    for ( unsigned int i = 0; i < hw->count; i++ )
    {
        if ( guest_rdmsr(v, hw->msr[i].index, &old[i]) &&
             guest_wrmsr(v, hw->msr[i].index, hw->msr[i].val) )
            continue;
        while ( i-- )
            (void)guest_wrmsr(v, hw->msr[i].index, old[i]);
        return -ENXIO;
    }
    return 0;
}

/* ---- 8259s ---- */

static uint32_t save_pic(struct domain *d, unsigned int chip, void *data)
{
    if ( !hvm_has(d, XEN_X86_EMU_PIC) )
        return 0;
    if ( data )
        vpic_save(&d->arch.hvm.pic, chip, data);
    return HVM_SAVE_LENGTH(PIC);
}

static long load_pic(struct domain *d, unsigned int chip, const void *data)
{
    return hvm_has(d, XEN_X86_EMU_PIC) ? vpic_load(&d->arch.hvm.pic, chip, data)
                                   : -ENODEV;
}

/* ---- I/O APIC ---- */

static uint32_t save_ioapic(struct domain *d, unsigned int nr, void *data)
{
    if ( !hvm_has(d, XEN_X86_EMU_IOAPIC) )
        return 0;
    if ( data )
        vioapic_save(&d->arch.hvm.vioapic[nr], data);
    return HVM_SAVE_LENGTH(IOAPIC);
}

static long load_ioapic(struct domain *d, unsigned int nr, const void *data)
{
    return hvm_has(d, XEN_X86_EMU_IOAPIC)
               ? vioapic_load(&d->arch.hvm.vioapic[nr], data) : -ENODEV;
}

/* ---- local APICs ---- */

static struct vlapic *lapic(struct domain *d, unsigned int id)
{
    return &domain_vcpu(d, id)->arch.hvm.vlapic;
}

static uint32_t save_lapic(struct domain *d, unsigned int id, void *data)
{
    if ( data )
        vlapic_save(lapic(d, id), data);
    return HVM_SAVE_LENGTH(LAPIC);
}

static long load_lapic(struct domain *d, unsigned int id, const void *data)
{
    return vlapic_load(lapic(d, id), data);
}

static uint32_t save_lapic_regs(struct domain *d, unsigned int id, void *data)
{
    if ( data )
        vlapic_save_regs(lapic(d, id), data);
    return HVM_SAVE_LENGTH(LAPIC_REGS);
}

static long load_lapic_regs(struct domain *d, unsigned int id,
                            const void *data)
{
    return vlapic_load_regs(lapic(d, id), data);
}

/* ---- lines ---- */

static uint32_t save_pci_irq(struct domain *d, unsigned int nr, void *data)
{
    struct hvm_hw_pci_irqs *r = data;

    (void)nr;
    if ( r )
        irq_lines_get_intx(&d->arch.hvm.irq_lines, r->pad);
    return sizeof(*r);
}

static long load_pci_irq(struct domain *d, unsigned int nr, const void *data)
{
    const struct hvm_hw_pci_irqs *r = data;

    (void)nr;
    irq_lines_load_intx(&d->arch.hvm.irq_lines, r->pad);
    hvm_irq_lines_loaded(d);
    return 0;
}

static uint32_t save_isa_irq(struct domain *d, unsigned int nr, void *data)
{
    struct hvm_hw_isa_irqs *r = data;

    (void)nr;
    if ( r )
        r->pad[0] = irq_lines_get_isa(&d->arch.hvm.irq_lines);
    return sizeof(*r);
}

static long load_isa_irq(struct domain *d, unsigned int nr, const void *data)
{
    const struct hvm_hw_isa_irqs *r = data;

    (void)nr;
    if ( r->pad[0] >> IRQ_LINES_ISA )
        return -EINVAL;
    irq_lines_load_isa(&d->arch.hvm.irq_lines, (uint16_t)r->pad[0]);
    hvm_irq_lines_loaded(d);
    return 0;
}

static uint32_t save_pci_link(struct domain *d, unsigned int nr, void *data)
{
    struct hvm_hw_pci_link *r = data;

    (void)nr;
    if ( r )
        irq_lines_get_links(&d->arch.hvm.irq_lines, r->route);
    return sizeof(*r);
}

static long load_pci_link(struct domain *d, unsigned int nr, const void *data)
{
    const struct hvm_hw_pci_link *r = data;

    (void)nr;
    for ( unsigned int i = 0; i < IRQ_LINES_LINKS; i++ )
        if ( r->route[i] >= IRQ_LINES_ISA || r->pad0[i] )
            return -EINVAL;
    irq_lines_load_links(&d->arch.hvm.irq_lines, r->route);
    hvm_irq_lines_loaded(d);
    return 0;
}

#define RECORD(name, nr, save_fn, load_fn)                                   \
    { .code = HVM_SAVE_CODE(name), .instances = (nr),                        \
      .size = HVM_SAVE_LENGTH(name), .save = (save_fn), .load = (load_fn) }

static const struct hvm_record records[] = {
    RECORD(PIC, 2, save_pic, load_pic),
    RECORD(IOAPIC, 1, save_ioapic, load_ioapic),
    RECORD(LAPIC, RECORD_PER_VCPU, save_lapic, load_lapic),
    RECORD(LAPIC_REGS, RECORD_PER_VCPU, save_lapic_regs, load_lapic_regs),
    RECORD(PCI_IRQ, 1, save_pci_irq, load_pci_irq),
    RECORD(ISA_IRQ, 1, save_isa_irq, load_isa_irq),
    RECORD(PCI_LINK, 1, save_pci_link, load_pci_link),
    RECORD(PIT, 1, save_vpit, load_vpit),
    RECORD(RTC, 1, save_rtc, load_rtc),
    RECORD(HPET, 1, save_vhpet, load_vhpet),
    RECORD(PMTIMER, 1, save_vpmtimer, load_vpmtimer),
    RECORD(MTRR, RECORD_PER_VCPU, save_mtrr, load_mtrr),
    { .code = CPU_XSAVE_CODE, .instances = RECORD_PER_VCPU,
      .size = XSAVE_RECORD_MOST, .least = XSAVE_RECORD_LEAST,
      .save = save_xsave, .load = load_xsave },
    RECORD(VMCE_VCPU, RECORD_PER_VCPU, save_vmce, load_vmce),
    RECORD(TSC_ADJUST, RECORD_PER_VCPU, save_tsc_adjust, load_tsc_adjust),
    { .code = CPU_MSR_CODE, .instances = RECORD_PER_VCPU,
      .size = MSR_RECORD_BYTES(ARRAY_SIZE(saved_msrs)),
      .least = MSR_RECORD_BYTES(0), .save = save_msrs, .load = load_msrs },
};

const struct hvm_record *arch_hvm_records(unsigned int *nr)
{
    *nr = ARRAY_SIZE(records);
    return records;
}
