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

/* Memory types: MTRRs for a range of frames. */
#define XENPF_add_memtype 31
struct xenpf_add_memtype
{
    xen_pfn_t mfn;    /* IN */
    uint64_t nr_mfns; /* IN */
    uint32_t type;    /* IN: the MTRR's */
    uint32_t handle;  /* OUT */
    uint32_t reg;     /* OUT: its number */
};
typedef struct xenpf_add_memtype xenpf_add_memtype_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_add_memtype_t);

#define XENPF_del_memtype 32
struct xenpf_del_memtype
{
    uint32_t handle; /* IN */
    uint32_t reg;    /* IN */
};
typedef struct xenpf_del_memtype xenpf_del_memtype_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_del_memtype_t);

#define XENPF_read_memtype 33
struct xenpf_read_memtype
{
    uint32_t reg;     /* IN */
    xen_pfn_t mfn;    /* OUT from here on */
    uint64_t nr_mfns; /* 0: the register is free */
    uint32_t type;
};
typedef struct xenpf_read_memtype xenpf_read_memtype_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_read_memtype_t);

/* Faults of chipsets that dom0's kernel knows. */
#define XENPF_platform_quirk 39
#define QUIRK_NOIRQBALANCING 1
#define QUIRK_IOAPIC_BAD_REGSEL 2
#define QUIRK_IOAPIC_GOOD_REGSEL 3
struct xenpf_platform_quirk
{
    uint32_t quirk_id; /* IN: QUIRK_* */
};
typedef struct xenpf_platform_quirk xenpf_platform_quirk_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_platform_quirk_t);

/* A runtime service of EFI.  `misc` has its flags, or a 32-bit result. */
#define XENPF_efi_runtime_call 49
#define XEN_EFI_get_time 1
#define XEN_EFI_set_time 2
#define XEN_EFI_get_wakeup_time 3
#define XEN_EFI_set_wakeup_time 4
#define XEN_EFI_get_next_high_monotonic_count 5
#define XEN_EFI_get_variable 6
#define XEN_EFI_set_variable 7
#define XEN_EFI_get_next_variable_name 8
#define XEN_EFI_query_variable_info 9
#define XEN_EFI_query_capsule_capabilities 10
#define XEN_EFI_update_capsule 11
struct xenpf_efi_time
{
    uint16_t year;
    uint8_t month; /* from 1 on */
    uint8_t day;   /* from 1 on */
    uint8_t hour;
    uint8_t min;
    uint8_t sec;
    uint32_t ns;
    int16_t tz;       /* minutes from UTC; 0x7ff: not known */
    uint8_t daylight; /* EFI's flags of summer time */
};
struct xenpf_efi_guid
{
    uint32_t data1;
    uint16_t data2;
    uint16_t data3;
    uint8_t data4[8];
};
struct xenpf_efi_runtime_call
{
    uint32_t function;  /* IN: XEN_EFI_* */
    uint32_t misc;      /* IN, OUT */
    xen_ulong_t status; /* OUT: EFI's */
    union               /* names are UCS-2, sizes are in bytes */
    {
/* misc, OUT */
#define XEN_EFI_GET_TIME_SET_CLEARS_NS 0x00000001
        struct
        {
            struct xenpf_efi_time time; /* all OUT */
            uint32_t resolution;        /* Hz */
            uint32_t accuracy;          /* 1e-6 ppm */
        } get_time;
        struct xenpf_efi_time set_time; /* IN */
/* misc, OUT */
#define XEN_EFI_GET_WAKEUP_TIME_ENABLED 0x00000001
#define XEN_EFI_GET_WAKEUP_TIME_PENDING 0x00000002
        struct xenpf_efi_time get_wakeup_time; /* OUT */
/* misc, IN */
#define XEN_EFI_SET_WAKEUP_TIME_ENABLE 0x00000001
#define XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY 0x00000002
        struct xenpf_efi_time set_wakeup_time; /* IN */
/* misc of both, OUT (get) or IN (set) */
#define XEN_EFI_VARIABLE_NON_VOLATILE 0x00000001
#define XEN_EFI_VARIABLE_BOOTSERVICE_ACCESS 0x00000002
#define XEN_EFI_VARIABLE_RUNTIME_ACCESS 0x00000004
        struct
        {
            XEN_GUEST_HANDLE(void) name; /* IN */
            xen_ulong_t size; /* IN: of data, or its room; OUT (get): used */
            XEN_GUEST_HANDLE(void) data; /* OUT (get) or IN (set) */
            struct xenpf_efi_guid vendor_guid; /* IN */
        } get_variable, set_variable;
        struct
        {
            xen_ulong_t size;                  /* IN: room; OUT: used */
            XEN_GUEST_HANDLE(void) name;       /* IN, OUT */
            struct xenpf_efi_guid vendor_guid; /* IN, OUT */
        } get_next_variable_name;
/* misc, IN: as it was at boot */
#define XEN_EFI_VARINFO_BOOT_SNAPSHOT 0x00000001
        struct
        {
            uint32_t attr; /* IN: XEN_EFI_VARIABLE_* */
            uint64_t max_store_size; /* OUT from here on */
            uint64_t remain_store_size;
            uint64_t max_size;
        } query_variable_info;
        struct
        {
            XEN_GUEST_HANDLE(void) capsule_header_array; /* IN */
            xen_ulong_t capsule_count;                   /* IN */
            uint64_t max_capsule_size;                   /* OUT */
            uint32_t reset_type;                         /* OUT */
        } query_capsule_capabilities;
        struct
        {
            XEN_GUEST_HANDLE(void) capsule_header_array; /* IN */
            xen_ulong_t capsule_count;                   /* IN */
            uint64_t sg_list; /* IN: machine address */
        } update_capsule;
    } u;
};
typedef struct xenpf_efi_runtime_call xenpf_efi_runtime_call_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_efi_runtime_call_t);

#define XENPF_change_freq 52
struct xenpf_change_freq
{
    uint32_t flags; /* IN: 0 */
    uint32_t cpu;   /* IN */
    uint64_t freq;  /* IN: Hz */
};
typedef struct xenpf_change_freq xenpf_change_freq_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_change_freq_t);

/* How long each CPU has been idle since boot. */
#define XENPF_getidletime 53
struct xenpf_getidletime
{
    XEN_GUEST_HANDLE(uint8) cpumap_bitmap; /* IN: which; OUT: that are there */
    uint32_t cpumap_nr_cpus;               /* IN: bits of it */
    XEN_GUEST_HANDLE(uint64) idletime;     /* OUT: ns of each */
    uint64_t now;                          /* OUT: system time, ns */
};
typedef struct xenpf_getidletime xenpf_getidletime_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_getidletime_t);

/*
 * What ACPI says of a processor's power: dom0's kernel reads it, and
 * hands it on where the hypervisor does the work.
 */
#define XENPF_set_processor_pminfo 54

/* Bits of start_info's SIF_PM_MASK: what the hypervisor does. */
#define XEN_PROCESSOR_PM_CX 1
#define XEN_PROCESSOR_PM_PX 2
#define XEN_PROCESSOR_PM_TX 4

/* xenpf_set_processor_pminfo.type */
#define XEN_PM_CX 0
#define XEN_PM_PX 1
#define XEN_PM_TX 2
#define XEN_PM_PDC 3

/* xen_processor_performance.flags: which parts are there */
#define XEN_PX_PCT 1
#define XEN_PX_PSS 2
#define XEN_PX_PPC 4
#define XEN_PX_PSD 8

/* A register, as ACPI's generic address. */
struct xen_power_register
{
    uint32_t space_id;
    uint32_t bit_width;
    uint32_t bit_offset;
    uint32_t access_size;
    uint64_t address;
};

/* _CSD: CPUs whose idle states depend on each other. */
struct xen_processor_csd
{
    uint32_t domain;
    uint32_t coord_type;
    uint32_t num; /* of CPUs */
};
typedef struct xen_processor_csd xen_processor_csd_t;
DEFINE_XEN_GUEST_HANDLE(xen_processor_csd_t);

/* _CST: one idle state. */
struct xen_processor_cx
{
    struct xen_power_register reg;
    uint8_t type;     /* C1, C2, C3 */
    uint32_t latency; /* us, to wake */
    uint32_t power;   /* mW */
    uint32_t dpcnt;   /* entries of dp */
    XEN_GUEST_HANDLE(xen_processor_csd_t) dp;
};
typedef struct xen_processor_cx xen_processor_cx_t;
DEFINE_XEN_GUEST_HANDLE(xen_processor_cx_t);

struct xen_processor_flags
{
    uint32_t bm_control : 1; /* bus masters can be held back */
    uint32_t bm_check : 1;
    uint32_t has_cst : 1; /* there is a _CST */
    uint32_t power_setup_done : 1;
    uint32_t bm_rld_set : 1;
};

struct xen_processor_power
{
    uint32_t count; /* of states */
    struct xen_processor_flags flags;
    XEN_GUEST_HANDLE(xen_processor_cx_t) states;
};

/* _PCT: the register that sets or shows the frequency, as ACPI packs it. */
struct xen_pct_register
{
    uint8_t descriptor;
    uint16_t length;
    uint8_t space_id;
    uint8_t bit_width;
    uint8_t bit_offset;
    uint8_t reserved;
    uint64_t address;
};

/* _PSS: one frequency. */
struct xen_processor_px
{
    uint64_t core_frequency;     /* MHz */
    uint64_t power;              /* mW */
    uint64_t transition_latency; /* us */
    uint64_t bus_master_latency; /* us */
    uint64_t control;            /* value to be written */
    uint64_t status;             /* value that is read then */
};
typedef struct xen_processor_px xen_processor_px_t;
DEFINE_XEN_GUEST_HANDLE(xen_processor_px_t);

/* _PSD: CPUs that change their frequency together. */
struct xen_psd_package
{
    uint64_t num_entries;
    uint64_t revision;
    uint64_t domain;
    uint64_t coord_type;
    uint64_t num_processors;
};

/* xen_processor_performance.shared_type: who coordinates these CPUs */
#define XEN_CPUPERF_SHARED_TYPE_HW 1
#define XEN_CPUPERF_SHARED_TYPE_ALL 2 /* all are to be written */
#define XEN_CPUPERF_SHARED_TYPE_ANY 3 /* one, whichever         */
struct xen_processor_performance
{
    uint32_t flags;          /* XEN_PX_* */
    uint32_t platform_limit; /* _PPC: states below are not to be used */
    struct xen_pct_register control_register;
    struct xen_pct_register status_register;
    uint32_t state_count;
    XEN_GUEST_HANDLE(xen_processor_px_t) states;
    struct xen_psd_package domain_info;
    uint32_t shared_type; /* XEN_CPUPERF_SHARED_TYPE_* */
};
typedef struct xen_processor_performance xen_processor_performance_t;
DEFINE_XEN_GUEST_HANDLE(xen_processor_performance_t);

struct xenpf_set_processor_pminfo
{
    uint32_t id;   /* all IN: ACPI's id of the processor */
    uint32_t type; /* XEN_PM_* */
    union
    {
        struct xen_processor_power power;      /* CX */
        struct xen_processor_performance perf; /* PX */
        XEN_GUEST_HANDLE(uint32) pdc;          /* _PDC's buffer */
    } u;
};
typedef struct xenpf_set_processor_pminfo xenpf_set_processor_pminfo_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_set_processor_pminfo_t);

#define XENPF_get_cpu_version 48
struct xenpf_pcpu_version
{
    uint32_t xen_cpuid;   /* IN */
    uint32_t max_present; /* OUT: highest number of a present CPU */
    char vendor_id[12];   /* OUT: CPUID's, without a final zero */
    uint32_t family;      /* OUT */
    uint32_t model;       /* OUT */
    uint32_t stepping;    /* OUT */
};
typedef struct xenpf_pcpu_version xenpf_pcpu_version_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_pcpu_version_t);

#define XENPF_cpu_online 56
#define XENPF_cpu_offline 57
struct xenpf_cpu_ol
{
    uint32_t cpuid; /* IN: the hypervisor's number */
};
typedef struct xenpf_cpu_ol xenpf_cpu_ol_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_cpu_ol_t);

/* A CPU that was plugged in; the result is its number. */
#define XENPF_cpu_hotadd 58
struct xenpf_cpu_hotadd
{
    uint32_t apic_id; /* all IN */
    uint32_t acpi_id;
    uint32_t pxm; /* NUMA proximity */
};
typedef struct xenpf_cpu_hotadd xenpf_cpu_hotadd_t;

/* Memory that was plugged in. */
#define XENPF_mem_hotadd 59
struct xenpf_mem_hotadd
{
    uint64_t spfn; /* all IN: first frame */
    uint64_t epfn; /* one past the last */
    uint32_t pxm;  /* NUMA proximity */
    uint32_t flags;
};
typedef struct xenpf_mem_hotadd xenpf_mem_hotadd_t;

/* CPUs that are kept idle to save power. */
#define XENPF_core_parking 60
#define XEN_CORE_PARKING_SET 1
#define XEN_CORE_PARKING_GET 2
struct xenpf_core_parking
{
    uint32_t type;      /* IN: XEN_CORE_PARKING_* */
    uint32_t idle_nums; /* IN (SET) or OUT (GET): how many */
};
typedef struct xenpf_core_parking xenpf_core_parking_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_core_parking_t);

/* One symbol of the hypervisor after the other. */
#define XENPF_get_symbol 63
struct xenpf_symdata
{
    uint32_t namelen; /* IN: room for name; OUT: bytes of it */
    uint32_t symnum;  /* IN: which, from 0 on; OUT: the next, or the same
                         after the last */
    XEN_GUEST_HANDLE(char) name; /* OUT */
    uint64_t address;            /* OUT */
    char type;                   /* OUT: as nm prints it */
};
typedef struct xenpf_symdata xenpf_symdata_t;
DEFINE_XEN_GUEST_HANDLE(xenpf_symdata_t);

struct xen_platform_op
{
    uint32_t cmd;               /* XENPF_* */
    uint32_t interface_version; /* XENPF_INTERFACE_VERSION */
    union
    {
        xenpf_settime_t settime;
        xenpf_settime32_t settime32;
        xenpf_settime64_t settime64;
        xenpf_add_memtype_t add_memtype;
        xenpf_del_memtype_t del_memtype;
        xenpf_read_memtype_t read_memtype;
        xenpf_microcode_update_t microcode;
        xenpf_platform_quirk_t platform_quirk;
        xenpf_efi_runtime_call_t efi_runtime_call;
        xenpf_firmware_info_t firmware_info;
        xenpf_enter_acpi_sleep_t enter_acpi_sleep;
        xenpf_change_freq_t change_freq;
        xenpf_getidletime_t getidletime;
        xenpf_set_processor_pminfo_t set_pminfo;
        xenpf_pcpuinfo_t pcpu_info;
        xenpf_pcpu_version_t pcpu_version;
        xenpf_cpu_ol_t cpu_ol;
        xenpf_cpu_hotadd_t cpu_add;
        xenpf_mem_hotadd_t mem_add;
        xenpf_core_parking_t core_parking;
        xenpf_resource_op_t resource_op;
        xenpf_symdata_t symdata;
        uint8_t pad[128];
    } u;
};
typedef struct xen_platform_op xen_platform_op_t;
DEFINE_XEN_GUEST_HANDLE(xen_platform_op_t);

#endif
