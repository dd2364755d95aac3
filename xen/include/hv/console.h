/* SPDX-License-Identifier: MIT */
/* The hypervisor's console: log lines, a ring that sysctl reads, input. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/types.h>

#define CONSOLE_RING_SIZE 65536

void console_init(void); /* boot: an empty ring */

/* Whole text: to the ring and to the machine's console. */
void console_write(const char *s, size_t len);

/*
 * Copy ring content from *index on (or the oldest there is) into buf, advance
 * *index; returns the bytes copied.
 */
size_t console_ring_read(char *buf, size_t len, uint32_t *index);
/* The index of the first byte that can be read. */
uint32_t console_ring_oldest(void);

/* Forget what was written before index; later readers start there. */
void console_ring_consume(uint32_t index);

/* What the hypervisor was started with; set by the machine at boot. */
extern const char *hv_command_line;

/* ---- arch contract ---- */

void arch_console_write(const char *s, size_t len);
size_t arch_console_read(char *buf, size_t len); /* what was typed, or 0 */

#endif
