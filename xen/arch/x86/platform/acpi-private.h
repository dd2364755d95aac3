/* SPDX-License-Identifier: MIT */
/*
 * Between platform/acpi.c, which finds tables, and platform/acpi-parse.c,
 * which reads them.  Tables are at any alignment: fields go through le16() and
 * its like, after a check against the length.
 */
#ifndef ACPI_PRIVATE_H
#define ACPI_PRIVATE_H

#include <hv/types.h>

struct acpi_header {
    char signature[4];
    uint32_t length; /* with this header */
    uint8_t revision, checksum;
    char oem_id[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

#define ACPI_HEADER sizeof(struct acpi_header)

static inline uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* The table at this address; NULL: another one, broken, or too long. */
const struct acpi_header *acpi_table_at(uint64_t phys, const char *signature);

/* Read what they say into `acpi`. */
void acpi_parse_madt(const struct acpi_header *madt);
void acpi_parse_fadt(const struct acpi_header *fadt);
void acpi_parse_ivrs(const struct acpi_header *ivrs);
/* Add to acpi.pblk what the processors of a DSDT or SSDT name. */
void acpi_parse_processors(const struct acpi_header *aml);
/* Search a DSDT or SSDT for \_S5; true: found. */
bool acpi_parse_s5(const struct acpi_header *aml);

#endif
