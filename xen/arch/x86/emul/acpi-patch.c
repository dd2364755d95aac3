/* SPDX-License-Identifier: MIT */
/*
 * Firmware's tables changed for dom0, in place: no C-states by ports, which
 * would put a CPU to sleep while the hypervisor takes it for busy; and
 * devices' interrupts by physical destination, since what logical one a CPU
 * has is the hypervisor's to say.
 */
#include <emul/acpi-make.h>
#include <hv/lib.h>

#define CHECKSUM 9

#define FADT_CST_CONTROL 95
#define FADT_LVL2_LATENCY 96  /* above 100 us: there is no such state */
#define FADT_LVL3_LATENCY 98  /* above 1000 us */
#define FADT_FLAGS 112
#define FADT_PHYSICAL (1U << 19)
#define FADT_BYTES 116 /* of its first version */

/* Keeps the sum of all bytes what it was: 0. */
static void set_byte(uint8_t *table, uint32_t at, uint8_t value)
{
    table[CHECKSUM] = (uint8_t)(table[CHECKSUM] + table[at] - value);
    table[at] = value;
}

unsigned int acpi_hide_cst(uint8_t *table, uint32_t length)
{
    unsigned int nr = 0;

    for ( uint32_t at = 36; at + 4 <= length; at++ )
        if ( !memcmp(table + at, "_CST", 4) )
        {
            set_byte(table, at, 'X'); /* all of them: names still match */
            nr++;
        }
    return nr;
}

void acpi_patch_fadt(uint8_t *table, uint32_t length)
{
    if ( length < FADT_BYTES )
        return;
    set_byte(table, FADT_CST_CONTROL, 0);
    for ( uint32_t at = FADT_LVL2_LATENCY; at < FADT_LVL3_LATENCY + 2; at++ )
        set_byte(table, at, 0xff);
    set_byte(table, FADT_FLAGS + 2,
             (uint8_t)(table[FADT_FLAGS + 2] | FADT_PHYSICAL >> 16));
}
