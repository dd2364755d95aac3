/* SPDX-License-Identifier: MIT */
/* Between the files of the guest "interrupts". */
#ifndef TESTS_GUEST_INTERRUPTS_H
#define TESTS_GUEST_INTERRUPTS_H

#include "smp.h"

/* The 8259s' ports, and what ends an interrupt. */
#define FIRST 0x20
#define SECOND 0xa0
#define EOI 0x20
#define PIC_VECTOR 0x40 /* of input 0 */

/* ---- interrupts.c ---- */

/* Let come what is due, and say which vectors came. */
void report(const char *what);
/* The device model sets an ISA line, or asserts and deasserts it. */
void isa(unsigned int irq, unsigned int level);
void pulse(unsigned int irq);

/* ---- interrupts-pic.c ---- */

void init_chips(uint8_t icw4);
void end_both(void);
void test_pic(void);

#endif
