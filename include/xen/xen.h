/* SPDX-License-Identifier: MIT */
/*
 * The base of the ABI: hypercall numbers, domain ids, virtual interrupts, the
 * page shared with each guest, and the types every other header builds on.
 *
 * x86 only.  A hypercall returns a value >= 0, or a negated XEN_E* number of
 * errno.h.  The layouts here are fixed for ever; where a comment says IN or OUT
 * it is from the caller's point of view.  A guest in 32-bit code has layouts of
 * its own, with 32 bits in a pointer, a handle, xen_pfn_t and xen_ulong_t; the
 * toolstack's operations are for 64-bit callers only.
 *
 * Three kinds of program include these headers: the hypervisor (__XEN__),
 * the toolstack (__XEN_TOOLS__, which opens the privileged calls), and guests.
 */
#ifndef __XEN_PUBLIC_XEN_H__
#define __XEN_PUBLIC_XEN_H__

#ifndef __ASSEMBLY__
#include <stddef.h>
#include <stdint.h>
#endif

#include "xen-compat.h"

/* Constants with a suffix in C and without one in assembly. */
#ifdef __ASSEMBLY__
#define xen_mk_uint(x) x
#define xen_mk_ulong(x) x
#define xen_mk_ullong(x) x
#else
#define __xen_mk_uint(x) x##U
#define __xen_mk_ulong(x) x##UL
#define __xen_mk_ullong(x) x##ULL
#define xen_mk_uint(x) __xen_mk_uint(x)
#define xen_mk_ulong(x) __xen_mk_ulong(x)
#define xen_mk_ullong(x) __xen_mk_ullong(x)
#endif

/* A trailing array of unknown length: C99's form. */
#define XEN_FLEX_ARRAY_DIM

#include "arch-x86/xen.h"

#ifndef __ASSEMBLY__
DEFINE_XEN_GUEST_HANDLE(char);
__DEFINE_XEN_GUEST_HANDLE(uchar, unsigned char);
DEFINE_XEN_GUEST_HANDLE(int);
__DEFINE_XEN_GUEST_HANDLE(uint, unsigned int);
DEFINE_XEN_GUEST_HANDLE(void);
DEFINE_XEN_GUEST_HANDLE(uint64_t);
DEFINE_XEN_GUEST_HANDLE(xen_pfn_t);
DEFINE_XEN_GUEST_HANDLE(xen_ulong_t);
__DEFINE_XEN_GUEST_HANDLE(uint8, uint8_t);
__DEFINE_XEN_GUEST_HANDLE(uint16, uint16_t);
__DEFINE_XEN_GUEST_HANDLE(uint32, uint32_t);
__DEFINE_XEN_GUEST_HANDLE(uint64, uint64_t);
#endif

/*
 * Hypercalls.  The number goes in rax; the arguments in rdi, rsi, rdx, r10
 * and r8, of a 32-bit caller in ebx, ecx, edx, esi and edi; the result comes
 * back in rax.  An unknown number is -XEN_ENOSYS.
 */
#define __HYPERVISOR_set_trap_table 0
#define __HYPERVISOR_mmu_update 1
#define __HYPERVISOR_set_gdt 2
#define __HYPERVISOR_stack_switch 3
#define __HYPERVISOR_set_callbacks 4
#define __HYPERVISOR_fpu_taskswitch 5
#define __HYPERVISOR_sched_op_compat 6
#define __HYPERVISOR_platform_op 7
#define __HYPERVISOR_set_debugreg 8
#define __HYPERVISOR_get_debugreg 9
#define __HYPERVISOR_update_descriptor 10
#define __HYPERVISOR_memory_op 12
#define __HYPERVISOR_multicall 13
#define __HYPERVISOR_update_va_mapping 14
#define __HYPERVISOR_set_timer_op 15
#define __HYPERVISOR_event_channel_op_compat 16
#define __HYPERVISOR_xen_version 17
#define __HYPERVISOR_console_io 18
#define __HYPERVISOR_physdev_op_compat 19
#define __HYPERVISOR_grant_table_op 20
#define __HYPERVISOR_vm_assist 21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret 23
#define __HYPERVISOR_vcpu_op 24
#define __HYPERVISOR_set_segment_base 25
#define __HYPERVISOR_mmuext_op 26
#define __HYPERVISOR_xsm_op 27
#define __HYPERVISOR_nmi_op 28
#define __HYPERVISOR_sched_op 29
#define __HYPERVISOR_callback_op 30
#define __HYPERVISOR_xenoprof_op 31
#define __HYPERVISOR_event_channel_op 32
#define __HYPERVISOR_physdev_op 33
#define __HYPERVISOR_hvm_op 34
#define __HYPERVISOR_sysctl 35
#define __HYPERVISOR_domctl 36
#define __HYPERVISOR_kexec_op 37
#define __HYPERVISOR_tmem_op 38
#define __HYPERVISOR_argo_op 39
#define __HYPERVISOR_xenpmu_op 40
#define __HYPERVISOR_dm_op 41
#define __HYPERVISOR_hypfs_op 42
#define __HYPERVISOR_arch_0 48
#define __HYPERVISOR_arch_1 49
#define __HYPERVISOR_arch_2 50
#define __HYPERVISOR_arch_3 51
#define __HYPERVISOR_arch_4 52
#define __HYPERVISOR_arch_5 53
#define __HYPERVISOR_arch_6 54
#define __HYPERVISOR_arch_7 55

/*
 * Virtual interrupts, bound with EVTCHNOP_bind_virq.
 * Per vCPU (V), per domain (G), or one holder on the whole host (H).
 */
#define VIRQ_TIMER 0        /* V: the vCPU's timer fired                   */
#define VIRQ_DEBUG 1        /* V: asked to print its state                 */
#define VIRQ_CONSOLE 2      /* H: input waits on the console               */
#define VIRQ_DOM_EXC 3      /* H: some domain died, or shut down           */
#define VIRQ_TBUF 4         /* H: trace buffer                             */
#define VIRQ_DEBUGGER 6     /* H: a debugged domain paused                 */
#define VIRQ_XENOPROF 7     /* V: profiling sample                         */
#define VIRQ_CON_RING 8     /* H: new bytes in the console ring            */
#define VIRQ_PCPU_STATE 9   /* H: a physical CPU came or went              */
#define VIRQ_MEM_EVENT 10   /* H: memory event                             */
#define VIRQ_ARGO 11        /* G: message waiting                          */
#define VIRQ_ENOMEM 12      /* H: memory is low                            */
#define VIRQ_XENPMU 13      /* V: performance counters                     */
#define VIRQ_ARCH_0 16
#define VIRQ_ARCH_1 17
#define VIRQ_ARCH_2 18
#define VIRQ_ARCH_3 19
#define VIRQ_ARCH_4 20
#define VIRQ_ARCH_5 21
#define VIRQ_ARCH_6 22
#define VIRQ_ARCH_7 23
#define NR_VIRQS 24

/* Low two bits of mmu_update.ptr: what the update means. */
#define MMU_NORMAL_PT_UPDATE 0      /* checked write of a page-table entry  */
#define MMU_MACHPHYS_UPDATE 1       /* set the machine-to-physical entry    */
#define MMU_PT_UPDATE_PRESERVE_AD 2 /* as 0, keeping accessed and dirty     */
#define MMU_PT_UPDATE_NO_TRANSLATE 3 /* as 0, val is a host frame even when
                                        the foreign domain is translated    */

/* mmuext_op.cmd */
#define MMUEXT_PIN_L1_TABLE 0
#define MMUEXT_PIN_L2_TABLE 1
#define MMUEXT_PIN_L3_TABLE 2
#define MMUEXT_PIN_L4_TABLE 3
#define MMUEXT_UNPIN_TABLE 4
#define MMUEXT_NEW_BASEPTR 5
#define MMUEXT_TLB_FLUSH_LOCAL 6
#define MMUEXT_INVLPG_LOCAL 7
#define MMUEXT_TLB_FLUSH_MULTI 8
#define MMUEXT_INVLPG_MULTI 9
#define MMUEXT_TLB_FLUSH_ALL 10
#define MMUEXT_INVLPG_ALL 11
#define MMUEXT_FLUSH_CACHE 12
#define MMUEXT_SET_LDT 13
#define MMUEXT_NEW_USER_BASEPTR 15
#define MMUEXT_CLEAR_PAGE 16
#define MMUEXT_COPY_PAGE 17
#define MMUEXT_FLUSH_CACHE_GLOBAL 18
#define MMUEXT_MARK_SUPER 19
#define MMUEXT_UNMARK_SUPER 20

/* Flags of update_va_mapping: what to flush, and on which vCPUs. */
#define UVMF_NONE (xen_mk_ulong(0) << 0)
#define UVMF_TLB_FLUSH (xen_mk_ulong(1) << 0)
#define UVMF_INVLPG (xen_mk_ulong(2) << 0)
#define UVMF_FLUSHTYPE_MASK (xen_mk_ulong(3) << 0)
#define UVMF_MULTI (xen_mk_ulong(0) << 2)
#define UVMF_LOCAL (xen_mk_ulong(0) << 2)
#define UVMF_ALL (xen_mk_ulong(1) << 2)

/* console_io(cmd, count, buffer): returns bytes read, or 0. */
#define CONSOLEIO_write 0
#define CONSOLEIO_read 1

/* vm_assist(cmd, type) */
#define VMASST_CMD_enable 0
#define VMASST_CMD_disable 1
#define VMASST_TYPE_4gb_segments 0
#define VMASST_TYPE_4gb_segments_notify 1
#define VMASST_TYPE_writable_pagetables 2
#define VMASST_TYPE_pae_extended_cr3 3
#define VMASST_TYPE_architectural_iopl 4
#define VMASST_TYPE_runstate_update_flag 5
#define VMASST_TYPE_m2p_strict 32

/* Domain ids.  Real domains are 0 .. DOMID_FIRST_RESERVED - 1. */
#define DOMID_FIRST_RESERVED xen_mk_uint(0x7FF0)
#define DOMID_SELF xen_mk_uint(0x7FF0)    /* the caller                     */
#define DOMID_IO xen_mk_uint(0x7FF1)      /* owner of device memory         */
#define DOMID_XEN xen_mk_uint(0x7FF2)     /* owner of hypervisor pages      */
#define DOMID_COW xen_mk_uint(0x7FF3)     /* owner of shared pages          */
#define DOMID_INVALID xen_mk_uint(0x7FF4) /* nobody                         */
#define DOMID_IDLE xen_mk_uint(0x7FFF)
#define DOMID_MASK xen_mk_uint(0x7FFF)

/* vcpu_time_info.flags */
#define XEN_PVCLOCK_TSC_STABLE_BIT (1 << 0)
#define XEN_PVCLOCK_GUEST_STOPPED (1 << 1)

#define MAX_GUEST_CMDLINE 1024 /* bytes, with the final zero */

/* start_info.flags */
#define SIF_PRIVILEGED (1 << 0)
#define SIF_INITDOMAIN (1 << 1)
#define SIF_MULTIBOOT_MOD (1 << 2)
#define SIF_MOD_START_PFN (1 << 3)
#define SIF_VIRT_P2M_4TOOLS (1 << 4)
#define SIF_PM_MASK (0xFF << 8)

#ifndef __ASSEMBLY__

typedef uint16_t domid_t;

typedef uint8_t xen_domain_handle_t[16]; /* a UUID, chosen by the toolstack */

struct mmuext_op
{
    unsigned int cmd; /* MMUEXT_* */
    union
    {
        xen_pfn_t mfn;
        unsigned long linear_addr;
    } arg1;
    union
    {
        unsigned int nr_ents;
        XEN_GUEST_HANDLE(const_void) vcpumask;
        xen_pfn_t src_mfn;
    } arg2;
};
typedef struct mmuext_op mmuext_op_t;
DEFINE_XEN_GUEST_HANDLE(mmuext_op_t);

struct mmu_update
{
    uint64_t ptr; /* machine address of the entry, with an MMU_* in bits 0-1 */
    uint64_t val;
};
typedef struct mmu_update mmu_update_t;
DEFINE_XEN_GUEST_HANDLE(mmu_update_t);

/* One call of a multicall(list, nr): the multicall itself returns 0. */
struct multicall_entry
{
    xen_ulong_t op;     /* IN: __HYPERVISOR_*                */
    xen_ulong_t result; /* OUT: what that hypercall returned */
    xen_ulong_t args[6];
};
typedef struct multicall_entry multicall_entry_t;
DEFINE_XEN_GUEST_HANDLE(multicall_entry_t);

/*
 * The clock of one vCPU, written by the hypervisor, read without a lock:
 * version is odd while an update is under way and changes with each.
 *   ns = system_time + (((tsc - tsc_timestamp) << shift) * mul >> 32)
 */
struct vcpu_time_info
{
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time; /* ns since boot of the host at tsc_timestamp */
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift; /* negative: shift right */
    uint8_t flags;    /* XEN_PVCLOCK_*         */
    uint8_t pad1[2];
};
typedef struct vcpu_time_info vcpu_time_info_t;

/* What the hypervisor and one vCPU share: 64 bytes. */
struct vcpu_info
{
    uint8_t evtchn_upcall_pending;  /* some event waits                     */
    uint8_t evtchn_upcall_mask;     /* the vCPU wants no upcall (PV)        */
    xen_ulong_t evtchn_pending_sel; /* which words of evtchn_pending to scan */
    struct arch_vcpu_info arch;
    vcpu_time_info_t time;
};
typedef struct vcpu_info vcpu_info_t;

/*
 * The page every domain shares with the hypervisor.  An event is delivered
 * by setting its pending bit, then (unless its mask bit is set) the bit of
 * its word in pending_sel, then upcall_pending.  The wall clock uses
 * wc_version as vcpu_time_info uses version.
 */
struct shared_info
{
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    xen_ulong_t evtchn_pending[sizeof(xen_ulong_t) * 8];
    xen_ulong_t evtchn_mask[sizeof(xen_ulong_t) * 8];
    uint32_t wc_version;
    uint32_t wc_sec; /* UTC at system time 0: seconds, low half */
    uint32_t wc_nsec;
#ifndef __i386__
    uint32_t wc_sec_hi;
#define xen_wc_sec_hi wc_sec_hi
#else
#define xen_wc_sec_hi arch.wc_sec_hi
#endif
    struct arch_shared_info arch;
};
typedef struct shared_info shared_info_t;

/* What a PV guest finds at the address in rsi when it starts. */
struct start_info
{
    char magic[32]; /* "xen-3.0-x86_64" */
    unsigned long nr_pages;
    unsigned long shared_info; /* machine address    */
    uint32_t flags;            /* SIF_*              */
    xen_pfn_t store_mfn;       /* frame of the xenstore ring */
    uint32_t store_evtchn;
    union
    {
        struct
        {
            xen_pfn_t mfn;
            uint32_t evtchn;
        } domU;
        struct
        {
            uint32_t info_off; /* of dom0_vga_console_info, from here */
            uint32_t info_size;
        } dom0;
    } console;
    unsigned long pt_base; /* virtual address of the top page table */
    unsigned long nr_pt_frames;
    unsigned long mfn_list; /* virtual address of the p2m array */
    unsigned long mod_start;
    unsigned long mod_len;
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    unsigned long first_p2m_pfn;
    unsigned long nr_p2m_frames;
};
typedef struct start_info start_info_t;

/* One of the modules handed over with SIF_MULTIBOOT_MOD. */
struct xen_multiboot_mod_list
{
    uint32_t mod_start;
    uint32_t mod_end; /* one past the last byte */
    uint32_t cmdline;
    uint32_t pad;
};

/* The host's display as the boot loader left it. */
typedef struct dom0_vga_console_info
{
    uint8_t video_type;
#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB 0x23
#define XEN_VGATYPE_EFI_LFB 0x70
    union
    {
        struct
        {
            uint16_t font_height;
            uint16_t cursor_x, cursor_y;
            uint16_t rows, columns;
        } text_mode_3;
        struct
        {
            uint16_t width, height;  /* pixels              */
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base; /* low half of the address   */
            uint32_t lfb_size; /* units of 64 KiB           */
            uint8_t red_pos, red_size;
            uint8_t green_pos, green_size;
            uint8_t blue_pos, blue_size;
            uint8_t rsvd_pos, rsvd_size;
            uint32_t gbl_caps;
            uint16_t mode_attrs;
            uint16_t pad;
            uint32_t ext_lfb_base; /* high half of the address */
        } vesa_lfb;
    } u;
} dom0_vga_console_info_t;
#define xen_vga_console_info dom0_vga_console_info
#define xen_vga_console_info_t dom0_vga_console_info_t

typedef struct
{
    uint8_t a[16]; /* big-endian, as printed */
} xen_uuid_t;

/* clang-format off */
#define XEN_DEFINE_UUID_(a, b, c, d, e1, e2, e3, e4, e5, e6)                 \
    {{((a) >> 24) & 0xFF, ((a) >> 16) & 0xFF, ((a) >> 8) & 0xFF, (a) & 0xFF, \
      ((b) >> 8) & 0xFF, (b) & 0xFF, ((c) >> 8) & 0xFF, (c) & 0xFF,          \
      ((d) >> 8) & 0xFF, (d) & 0xFF, e1, e2, e3, e4, e5, e6}}
/* clang-format on */
#define XEN_DEFINE_UUID(a, b, c, d, e1, e2, e3, e4, e5, e6) \
    ((xen_uuid_t)XEN_DEFINE_UUID_(a, b, c, d, e1, e2, e3, e4, e5, e6))

#if defined(__XEN__) || defined(__XEN_TOOLS__)
/*
 * Calls of the toolstack were laid out alike for 32- and 64-bit callers: on
 * x86-64 natural alignment and plain handles are that layout already.
 */
#define int64_aligned_t int64_t
#define uint64_aligned_t uint64_t
#define XEN_GUEST_HANDLE_64(name) XEN_GUEST_HANDLE(name)

/* A bitmap in the caller's memory, bit 0 = bit 0 of byte 0. */
struct xenctl_bitmap
{
    XEN_GUEST_HANDLE_64(uint8) bitmap;
    uint32_t nr_bits;
};
typedef struct xenctl_bitmap xenctl_bitmap_t;
#endif

#endif /* __ASSEMBLY__ */

#endif
