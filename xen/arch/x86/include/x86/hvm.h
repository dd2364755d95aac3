/* SPDX-License-Identifier: MIT */
/* Between the files of hvm/: guests' memory, events, I/O. */
#ifndef X86_HVM_H
#define X86_HVM_H

#include <hv/domain.h>
#include <hv/ioreq.h>
#include <hv/types.h>

struct cpu;

/* Was d created with this device, XEN_X86_EMU_*? */
static inline bool hvm_has(const struct domain *d, uint32_t flag)
{
    return d->config.arch.emulation_flags & flag;
}

/*
 * vendor.c: hvm_find_vendor() first, once, on the boot CPU; it panics if the
 * processor cannot run guests.  hvm_cpu_lacks(), on another CPU: NULL if it can
 * run them as the boot CPU does, or why not.  hvm_cpu_up(): each CPU, before it
 * runs any.
 */
void hvm_find_vendor(void);
const char *hvm_cpu_lacks(void);
void hvm_cpu_up(struct cpu *c);
/* domain.c: once, at boot: there are HVM and PVH guests. */
void hvm_init(void);

/* copy.c: v's physical memory; false: there is none at gpa. */
bool guest_read_phys(void *vcpu, uint64_t gpa, void *buf, unsigned int bytes);
bool guest_write_phys(void *vcpu, uint64_t gpa, const void *buf,
                      unsigned int bytes);
/* Through v's page tables: as x86/guest.h says. */
int hvm_copy_in(struct vcpu *v, void *dst, uint64_t src, size_t bytes);
int hvm_copy_out(struct vcpu *v, uint64_t dst, const void *src, size_t bytes);

/* io.c: before v runs. */
void io_vcpu_init(struct vcpu *v);

/*
 * platform.c: v's access to a device that the hypervisor emulates.  False: it is
 * for device models.  True: *result is IO_DONE, and p->data has what was read;
 * or IO_UNHANDLED for several elements at once, which such a device takes one by
 * one.
 */
bool platform_port(struct vcpu *v, ioreq_t *p, enum io_result *result);
bool platform_memory(struct vcpu *v, ioreq_t *p, enum io_result *result);
/*
 * d's devices, as after power-on.  platform_stop(): they raise no interrupts any
 * more; platform_resume(): a vcpu enters the guest, and arch.hvm.clocks_rest is
 * set; platform_destroy(): after that, when nothing uses d.
 */
void platform_init(struct domain *d);
void platform_stop(struct domain *d);
void platform_resume(struct domain *d);
void platform_destroy(struct domain *d);

/*
 * irq.c: the interrupt controllers of d's.  -ENOMEM.  hvm_pic_reaches(): do the
 * 8259s have an interrupt, and does v take it?  hvm_irq_lines_loaded(): the
 * lines were loaded from a record.  hvm_intr_moved(): another vcpu of d's may take
 * what the 8259s have.
 */
int hvm_irq_create(struct domain *d);
void hvm_irq_destroy(struct domain *d);
bool hvm_pic_reaches(const struct vcpu *v);
void hvm_irq_lines_loaded(struct domain *d);
void hvm_intr_moved(struct domain *d);

/* context.c: as of struct guest_ops. */
struct hvm_hw_cpu;
int hvm_set_context(struct vcpu *v, const struct hvm_hw_cpu *ctx) must_check;
void hvm_get_context(struct vcpu *v, struct hvm_hw_cpu *ctx);

/* msr.c: false: #GP. */
bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value);
bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value);

#endif
