/* SPDX-License-Identifier: MIT */
/*
 * Interrupts that device models and toolstacks cause in a guest: what the machine
 * does with the operations of common/dm-op-hvm.c, which has checked the arguments'
 * ranges, and with XEN_DOMCTL_sendtrigger.
 */
#ifndef HV_HVM_IRQ_H
#define HV_HVM_IRQ_H

#include <hv/types.h>

struct domain;

/* ---- arch contract; no locks held ---- */

/*
 * Set the level of an ISA IRQ or of a PCI INTx of d, or the ISA IRQ (0: none) to
 * which a PCI link leads.  -EOPNOTSUPP d was created with interrupt controllers
 * that this machine does not emulate.
 */
int arch_set_isa_irq(struct domain *d, unsigned int irq, bool asserted);
int arch_set_pci_intx(struct domain *d, unsigned int device,
                      unsigned int intx, bool asserted);
int arch_set_pci_link(struct domain *d, unsigned int link, unsigned int irq);

/*
 * Deliver an MSI with a vector above 0.  -EINVAL its delivery mode is neither
 * fixed nor lowest priority; -ESRCH no vcpu took one of lowest priority;
 * -EOPNOTSUPP this machine has no local APICs.
 */
int arch_inject_msi(struct domain *d, uint64_t address, uint32_t data);

/*
 * The toolstack's triggers: an NMI to v; ACPI's power or sleep button of d.
 * -EINVAL d has no PM device and so no buttons; -EOPNOTSUPP this machine has no
 * NMIs, or does not emulate the PM device with which d was created.
 */
struct vcpu;
int arch_send_nmi(struct vcpu *v);
int arch_press_button(struct domain *d, bool sleep);

#endif
