/* SPDX-License-Identifier: MIT */
/* The emulated clocks, for the tables of platform.c: vclocks.c. */
#ifndef HVM_VCLOCKS_H
#define HVM_VCLOCKS_H

#include <hv/types.h>

struct domain;
struct vcpu;

/* Rows of ports: false, the device declines the access. */
bool pit_read(struct domain *d, uint16_t port, unsigned int size,
              uint32_t *value);
bool pit_write(struct domain *d, uint16_t port, unsigned int size,
               uint32_t value);
bool rtc_read_port(struct domain *d, uint16_t port, unsigned int size,
                   uint32_t *value);
bool rtc_write_port(struct domain *d, uint16_t port, unsigned int size,
                    uint32_t value);
bool pm_event_read(struct domain *d, uint16_t port, unsigned int size,
                   uint32_t *value);
bool pm_event_write(struct domain *d, uint16_t port, unsigned int size,
                    uint32_t value);
bool pm_timer_read(struct domain *d, uint16_t port, unsigned int size,
                   uint32_t *value);
bool pm_timer_write(struct domain *d, uint16_t port, unsigned int size,
                    uint32_t value);

/* A row of memory. */
bool hpet_covers(struct vcpu *v, uint64_t gpa);
uint64_t hpet_read(struct vcpu *v, uint64_t gpa, unsigned int size);
void hpet_write(struct vcpu *v, uint64_t gpa, unsigned int size,
                uint64_t value);

/*
 * d's clocks, as after power-on; its interrupt lines exist already.
 * vclocks_resume(): a vcpu enters the guest.  vclocks_stop(): no more
 * interrupts, and no timer of theirs is armed.
 */
void vclocks_init(struct domain *d);
void vclocks_stop(struct domain *d);
void vclocks_resume(struct domain *d);
void vclocks_destroy(struct domain *d); /* after vclocks_stop() */

#endif
