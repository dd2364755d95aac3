/* SPDX-License-Identifier: MIT */
/*
 * The pages through which a guest's I/O reaches its device model.
 *
 * Synchronous requests: one slot per vCPU.  The hypervisor fills the slot and
 * moves its state NONE -> READY, then signals vp_eport; the device model
 * moves it READY -> INPROCESS, serves it, writes data, moves it to
 * IORESP_READY and signals vp_eport back; the hypervisor takes the answer and
 * returns the slot to NONE.  Each side writes the state last, after a write
 * barrier, and reads the rest after a read barrier.
 *
 * Buffered requests: a ring of writes that need no answer.  The hypervisor
 * advances write_pointer, the device model read_pointer; both run freely and
 * are taken modulo IOREQ_BUFFER_SLOT_NUM.
 */
#ifndef _IOREQ_H_
#define _IOREQ_H_

#include <stdint.h>

#define IOREQ_READ 1
#define IOREQ_WRITE 0

#define STATE_IOREQ_NONE 0
#define STATE_IOREQ_READY 1
#define STATE_IOREQ_INPROCESS 2
#define STATE_IORESP_READY 3

#define IOREQ_TYPE_PIO 0        /* port I/O                                */
#define IOREQ_TYPE_COPY 1       /* memory-mapped I/O                       */
#define IOREQ_TYPE_PCI_CONFIG 2 /* addr: SBDF << 32 | register             */
#define IOREQ_TYPE_TIMEOFFSET 7 /* the guest set its clock: data, seconds  */
#define IOREQ_TYPE_INVALIDATE 8 /* drop cached mappings of guest memory    */

struct ioreq
{
    uint64_t addr;     /* port or physical address                         */
    uint64_t data;     /* value; or the address of it, see data_is_ptr     */
    uint32_t count;    /* repetitions (REP prefix)                         */
    uint32_t size;     /* bytes of each                                    */
    uint32_t vp_eport; /* event channel of this vCPU's slot                */
    uint16_t _pad0;
    __extension__ uint8_t state : 4;
    __extension__ uint8_t data_is_ptr : 1; /* data is a guest-physical addr */
    __extension__ uint8_t dir : 1;         /* IOREQ_READ or IOREQ_WRITE     */
    __extension__ uint8_t df : 1;          /* repetitions go down           */
    __extension__ uint8_t _pad1 : 1;
    uint8_t type; /* IOREQ_TYPE_* */
};
typedef struct ioreq ioreq_t;

/* As many slots as the domain may have vCPUs, 128 to a page. */
struct shared_iopage
{
    struct ioreq vcpu_ioreq[1];
};
typedef struct shared_iopage shared_iopage_t;

struct buf_ioreq
{
    uint8_t type; /* IOREQ_TYPE_* */
    __extension__ uint8_t pad : 1;
    __extension__ uint8_t dir : 1;
    __extension__ uint8_t size : 2; /* log2 of the bytes; 8 takes two slots */
    uint32_t addr : 20;             /* port or address, low 20 bits         */
    uint32_t data;
};
typedef struct buf_ioreq buf_ioreq_t;

/* With its two pointers the ring is exactly one page. */
#define IOREQ_BUFFER_SLOT_NUM 511
struct buffered_iopage
{
#ifdef __XEN__
    union bufioreq_pointers
    {
        struct
        {
#endif
            uint32_t read_pointer;
            uint32_t write_pointer;
#ifdef __XEN__
        };
        uint64_t full; /* both, for one atomic access */
    } ptrs;
#endif
    buf_ioreq_t buf_ioreq[IOREQ_BUFFER_SLOT_NUM];
};
typedef struct buffered_iopage buffered_iopage_t;

/* Where HVM guests find the ACPI registers: HVM_PARAM_ACPI_IOPORTS_LOCATION. */
#define ACPI_PM1A_EVT_BLK_ADDRESS_V0 0x1f40
#define ACPI_PM1A_CNT_BLK_ADDRESS_V0 (ACPI_PM1A_EVT_BLK_ADDRESS_V0 + 0x04)
#define ACPI_PM_TMR_BLK_ADDRESS_V0 (ACPI_PM1A_EVT_BLK_ADDRESS_V0 + 0x08)
#define ACPI_GPE0_BLK_ADDRESS_V0 (ACPI_PM_TMR_BLK_ADDRESS_V0 + 0x20)
#define ACPI_GPE0_BLK_LEN_V0 0x08
#define ACPI_PM1A_EVT_BLK_ADDRESS_V1 0xb000
#define ACPI_PM1A_CNT_BLK_ADDRESS_V1 (ACPI_PM1A_EVT_BLK_ADDRESS_V1 + 0x04)
#define ACPI_PM_TMR_BLK_ADDRESS_V1 (ACPI_PM1A_EVT_BLK_ADDRESS_V1 + 0x08)
#define ACPI_GPE0_BLK_ADDRESS_V1 0xafe0
#define ACPI_GPE0_BLK_LEN_V1 0x04

/* Those of a guest that has no such parameter. */
#define ACPI_PM1A_EVT_BLK_ADDRESS ACPI_PM1A_EVT_BLK_ADDRESS_V0
#define ACPI_PM1A_CNT_BLK_ADDRESS ACPI_PM1A_CNT_BLK_ADDRESS_V0
#define ACPI_PM_TMR_BLK_ADDRESS ACPI_PM_TMR_BLK_ADDRESS_V0
#define ACPI_GPE0_BLK_ADDRESS ACPI_GPE0_BLK_ADDRESS_V0
#define ACPI_GPE0_BLK_LEN ACPI_GPE0_BLK_LEN_V0

#endif
