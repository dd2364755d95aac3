/* SPDX-License-Identifier: MIT */
/*
 * platform_op(op): what the hardware domain does to the host.
 *
 * One structure, IN and OUT.  -XEN_EACCES: another interface_version.
 */
#ifndef __XEN_PUBLIC_PLATFORM_H__
#define __XEN_PUBLIC_PLATFORM_H__

#include "xen.h"

#define XENPF_INTERFACE_VERSION 0x03000001

/* Set the wall clock; all IN. */
#define XENPF_settime32 17
struct xenpf_settime32
{
    uint32_t secs; /* UTC at system_time */
    uint32_t nsecs;
    uint64_t system_time; /* ns */
};
typedef struct xenpf_settime32 xenpf_settime32_t;

#define XENPF_settime64 62
struct xenpf_settime64
{
    uint64_t secs; /* UTC at system_time */
    uint32_t nsecs;
    uint32_t mbz;
    uint64_t system_time; /* ns */
};
typedef struct xenpf_settime64 xenpf_settime64_t;

#define XENPF_settime XENPF_settime64
#define xenpf_settime xenpf_settime64
typedef struct xenpf_settime64 xenpf_settime_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_settime_t);

/* What the firmware told the boot loader. */
#define XENPF_firmware_info 50
#define XEN_FW_DISK_INFO 1
#define XEN_FW_DISK_MBR_SIGNATURE 2
#define XEN_FW_VBEDDC_INFO 3
#define XEN_FW_EFI_INFO 4
#define XEN_FW_EFI_VERSION 0
#define XEN_FW_EFI_CONFIG_TABLE 1
#define XEN_FW_EFI_VENDOR 2
#define XEN_FW_EFI_MEM_INFO 3
#define XEN_FW_EFI_RT_VERSION 4
#define XEN_FW_EFI_PCI_ROM 5
#define XEN_FW_EFI_APPLE_PROPERTIES 6
#define XEN_FW_KBD_SHIFT_FLAGS 5
struct xenpf_firmware_info
{
    uint32_t type;  /* IN: XEN_FW_* */
    uint32_t index; /* IN */
    union           /* OUT */
    {
        struct
        {
            uint8_t device;
            uint8_t version;
            uint16_t interface_support;
            uint16_t legacy_max_cylinder;
            uint8_t legacy_max_head;
            uint8_t legacy_sectors_per_track;
            XEN_GUEST_HANDLE(void) edd_params;
        } disk_info;
        struct
        {
            uint8_t device;
            uint32_t mbr_signature;
        } disk_mbr_signature;
        struct
        {
            uint8_t capabilities;
            uint8_t edid_transfer_time; /* s */
            XEN_GUEST_HANDLE(uint8) edid;
        } vbeddc_info;
        union xenpf_efi_info
        {
            uint32_t version;
            struct
            {
                uint64_t addr; /* of the configuration tables */
                uint32_t nent;
            } cfg;
            struct
            {
                uint32_t revision;
                uint32_t bufsz; /* IN: bytes */
                XEN_GUEST_HANDLE(void) name; /* UCS-2 */
            } vendor;
            struct
            {
                uint64_t addr; /* IN; OUT: the region around it */
                uint64_t size;
                uint64_t attr;
                uint32_t type;
            } mem;
            struct
            {
                uint16_t segment; /* IN */
                uint8_t bus;
                uint8_t devfn;
                uint16_t vendor;
                uint16_t devid;
                uint64_t address; /* OUT */
                xen_ulong_t size;
            } pci_rom;
            struct
            {
                uint64_t address;
                xen_ulong_t size;
            } apple_properties;
        } efi_info;
        uint8_t kbd_shift_flags;
    } u;
};
typedef struct xenpf_firmware_info xenpf_firmware_info_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_firmware_info_t);

#define XENPF_enter_acpi_sleep 51
struct xenpf_enter_acpi_sleep
{
    uint16_t val_a; /* IN: PM1a control, or sleep control (extended) */
    uint16_t val_b; /* IN: PM1b control, or sleep type (extended)    */
    uint32_t sleep_state; /* IN: 1 .. 5 */
#define XENPF_ACPI_SLEEP_EXTENDED 0x00000001
    uint32_t flags;
};
typedef struct xenpf_enter_acpi_sleep xenpf_enter_acpi_sleep_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_enter_acpi_sleep_t);

#define XENPF_get_cpuinfo 55
struct xenpf_pcpuinfo
{
    uint32_t xen_cpuid;   /* IN */
    uint32_t max_present; /* OUT: highest number of a present CPU */
#define XEN_PCPU_FLAGS_ONLINE 1
#define XEN_PCPU_FLAGS_INVALID 2
    uint32_t flags; /* OUT */
    uint32_t apic_id;
    uint32_t acpi_id;
};
typedef struct xenpf_pcpuinfo xenpf_pcpuinfo_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_pcpuinfo_t);

/* Read or write MSRs, in order; the first that fails ends it. */
#define XENPF_resource_op 61
#define XEN_RESOURCE_OP_MSR_READ 0
#define XEN_RESOURCE_OP_MSR_WRITE 1
struct xenpf_resource_entry
{
    union
    {
        uint32_t cmd; /* IN: XEN_RESOURCE_OP_* */
        int32_t ret;  /* OUT: negated errno    */
    } u;
    uint32_t rsvd;
    uint64_t idx; /* IN: which MSR */
    uint64_t val; /* IN or OUT */
};
typedef struct xenpf_resource_entry xenpf_resource_entry_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_resource_entry_t);
struct xenpf_resource_op
{
    uint32_t nr_entries;
    uint32_t cpu; /* where */
    XEN_GUEST_HANDLE(xenpf_resource_entry_t) entries;
};
typedef struct xenpf_resource_op xenpf_resource_op_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_resource_op_t);

#define XENPF_microcode_update 35
struct xenpf_microcode_update
{
    XEN_GUEST_HANDLE(const_void) data; /* IN */
    uint32_t length;                   /* IN */
};
typedef struct xenpf_microcode_update xenpf_microcode_update_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_microcode_update_t);

/* Numbers of operations whose arguments are not described here. */
#define XENPF_add_memtype 31
#define XENPF_del_memtype 32
#define XENPF_read_memtype 33
#define XENPF_platform_quirk 39
#define XENPF_get_cpu_version 48
#define XENPF_efi_runtime_call 49
#define XENPF_change_freq 52
#define XENPF_getidletime 53
#define XENPF_set_processor_pminfo 54
#define XENPF_cpu_online 56
#define XENPF_cpu_offline 57
#define XENPF_cpu_hotadd 58
#define XENPF_mem_hotadd 59
#define XENPF_core_parking 60
#define XENPF_get_symbol 63

struct xen_platform_op
{
    uint32_t cmd;               /* XENPF_* */
    uint32_t interface_version; /* XENPF_INTERFACE_VERSION */
    union
    {
        xenpf_settime_t settime;
        xenpf_settime32_t settime32;
        xenpf_settime64_t settime64;
        xenpf_microcode_update_t microcode;
        xenpf_firmware_info_t firmware_info;
        xenpf_enter_acpi_sleep_t enter_acpi_sleep;
        xenpf_pcpuinfo_t pcpu_info;
        xenpf_resource_op_t resource_op;
        uint8_t pad[128];
    } u;
};
typedef struct xen_platform_op xen_platform_op_t;
DEFINE_XEN_GUEST_HANDLE(xen_platform_op_t);

#endif
