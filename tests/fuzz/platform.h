/* SPDX-License-Identifier: MIT */
/*
 * For fuzz-platform.c: a guest of four vcpus whose interrupt lines, interrupt
 * controllers and clocks are the bare machine's files, and a model of what its
 * interrupt lines, 8259s and I/O APIC must do.
 *
 * Those files are a part of this program, compiled with the calls between the
 * devices replaced by functions of the model, which look at each call and make
 * it.
 */
#ifndef TESTS_FUZZ_PLATFORM_H
#define TESTS_FUZZ_PLATFORM_H

/* Not the hosted machine's; what comes before `arch` in a domain is the same. */
#include "../../xen/arch/x86/include/asm/domain.h"

#include "fuzz.h"

#include <hv/domain.h>
#include <x86/hvm.h>

#define PLATFORM_VCPUS 4

extern struct domain platform;
extern struct vcpu platform_vcpu[PLATFORM_VCPUS];

static inline struct vlapic *platform_lapic(unsigned int i)
{
    return &platform_vcpu[i].arch.hvm.vlapic;
}

/* ---- the machine: platform-machine.c ---- */

/* All as after power-on, with these devices. */
void platform_begin(uint32_t flags);
void platform_end(void);
struct vlapic *lapic_of(struct vcpu *v);
/* v has entered the guest: no clock rests. */
void platform_check_timers(const struct vcpu *v);
/*
 * Time passes, and timers run, each no more often than its bound and each
 * platform_accessed() since the last time allow.
 */
void platform_pass(uint64_t ns);
void platform_accessed(void);
/* What device models and the toolstack do: hv/hvm-irq.h, hv/hvm-save.h. */
struct hvm_record;
int platform_set_isa_irq(struct domain *d, unsigned int irq, bool asserted);
int platform_set_pci_intx(struct domain *d, unsigned int device,
                          unsigned int intx, bool asserted);
int platform_set_pci_link(struct domain *d, unsigned int link,
                          unsigned int irq);
int platform_send_nmi(struct vcpu *v);
int platform_press_button(struct domain *d, bool sleep);
int platform_inject_msi(struct domain *d, uint64_t address, uint32_t data);
const struct hvm_record *platform_records(unsigned int *nr);

/*
 * One operation, between looks of the model, within the step budget; timed: it lets
 * time pass, and timers count for themselves.
 */
void platform_operation(void (*operation)(struct input *in), bool timed,
                        struct input *in);

/* ---- the processor: platform-cpu.c ---- */

void platform_cpu_begin(struct vcpu *v);
void platform_cpu_end(struct vcpu *v);
/* v sets XCR0, an MSR, a register of AVX: its context has records for them. */
void platform_cpu_write(struct vcpu *v, struct input *in);
/* Would a processor take v's registers?  If not it is a finding. */
void platform_cpu_check(const struct vcpu *v);
uint64_t *platform_pat(const struct vcpu *v);
uint32_t *platform_tsc_aux(const struct vcpu *v);

/* ---- single records: platform-record.c ---- */

/*
 * Save a record, mostly damage it, load it.  One that is refused changes nothing;
 * one that loads is saved as what loads again.  Its vcpu is to be woken.
 */
void platform_record(struct input *in);
/* A record with this code was damaged, left out or repeated, and loaded: rc. */
void platform_count_load(unsigned int code, long rc);
void platform_print_loads(void);

/* ---- whole contexts: platform-context.c ---- */

void platform_context_begin(void);
/*
 * Save a context, mostly change it, load it.  One that is accepted has what was
 * loaded, and loads again; no vcpu is left with registers that a processor
 * would not take.
 */
void platform_context(struct input *in);

/* ---- the model: platform-model.c ---- */

/* The devices are new. */
void model_begin(void);
/* Before an operation, and after it. */
void model_step(void);
void model_check(void);
/* The operation loads records, or resets local APICs. */
void model_accept(void);
/* This vector may come to any local APIC in this operation. */
void model_allow(unsigned int vector);
/* The vcpu took this vector from its local APIC. */
void model_taken(unsigned int vcpu, unsigned int vector);
/* Each message that device models send is one of these. */
void model_msi(const struct vlapic_message *m);
/* A vcpu ends a level-triggered interrupt. */
void model_eoi(uint8_t vector);

/* What the devices call instead of the functions of these names. */
void model_set_isa(struct irq_lines *l, unsigned int irq, bool asserted);
void model_set_gsi(struct irq_lines *l, unsigned int gsi, bool asserted);
void model_set_intx(struct irq_lines *l, unsigned int device,
                    unsigned int intx, bool asserted);
void model_set_link(struct irq_lines *l, unsigned int link, unsigned int irq);
void model_route_callback(struct irq_lines *l, struct irq_callback to);
void model_set_callback(struct irq_lines *l, bool asserted);
void model_pic_input(struct vpic *p, unsigned int irq, bool asserted);
int model_pic_ack(struct vpic *p);
uint8_t model_pic_read(struct vpic *p, uint16_t port);
void model_pic_write(struct vpic *p, uint16_t port, uint8_t value);
void model_pin(struct vioapic *io, unsigned int pin, bool asserted);
void model_ioapic_write(struct vioapic *io, unsigned int offset,
                        unsigned int size, uint32_t value);

#endif
