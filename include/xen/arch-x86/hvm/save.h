/* SPDX-License-Identifier: MIT */
/*
 * Records of hvm/save.h on x86.  Include hvm/save.h.
 */
#ifndef __XEN_PUBLIC_HVM_SAVE_X86_H__
#define __XEN_PUBLIC_HVM_SAVE_X86_H__

#include "../../hvm/save.h"
#include "../../xen.h"

#define HVM_FILE_MAGIC 0x54381286
#define HVM_FILE_VERSION 0x00000001

struct hvm_save_header
{
    uint32_t magic;     /* HVM_FILE_MAGIC   */
    uint32_t version;   /* HVM_FILE_VERSION */
    uint64_t changeset;
    uint32_t cpuid;     /* CPUID.1:EAX of the host */
    uint32_t gtsc_khz;
};
DECLARE_HVM_SAVE_TYPE(HEADER, 1, struct hvm_save_header);

/* One vCPU; writing it makes the vCPU ready to run. */
struct hvm_hw_cpu
{
    uint8_t fpu_regs[512]; /* FXSAVE image */

    uint64_t rax;
    uint64_t rbx;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t rbp;
    uint64_t rsi;
    uint64_t rdi;
    uint64_t rsp;
    uint64_t r8;
    uint64_t r9;
    uint64_t r10;
    uint64_t r11;
    uint64_t r12;
    uint64_t r13;
    uint64_t r14;
    uint64_t r15;

    uint64_t rip;
    uint64_t rflags;

    uint64_t cr0;
    uint64_t cr2;
    uint64_t cr3;
    uint64_t cr4;

    uint64_t dr0;
    uint64_t dr1;
    uint64_t dr2;
    uint64_t dr3;
    uint64_t dr6;
    uint64_t dr7;

    uint32_t cs_sel;
    uint32_t ds_sel;
    uint32_t es_sel;
    uint32_t fs_sel;
    uint32_t gs_sel;
    uint32_t ss_sel;
    uint32_t tr_sel;
    uint32_t ldtr_sel;

    uint32_t cs_limit;
    uint32_t ds_limit;
    uint32_t es_limit;
    uint32_t fs_limit;
    uint32_t gs_limit;
    uint32_t ss_limit;
    uint32_t tr_limit;
    uint32_t ldtr_limit;
    uint32_t idtr_limit;
    uint32_t gdtr_limit;

    uint64_t cs_base;
    uint64_t ds_base;
    uint64_t es_base;
    uint64_t fs_base;
    uint64_t gs_base;
    uint64_t ss_base;
    uint64_t tr_base;
    uint64_t ldtr_base;
    uint64_t idtr_base;
    uint64_t gdtr_base;

    /* type 0-3, S 4, DPL 5-6, P 7, AVL 8, L 9, D/B 10, G 11 (SVM's form) */
    uint32_t cs_arbytes;
    uint32_t ds_arbytes;
    uint32_t es_arbytes;
    uint32_t fs_arbytes;
    uint32_t gs_arbytes;
    uint32_t ss_arbytes;
    uint32_t tr_arbytes;
    uint32_t ldtr_arbytes;

    uint64_t sysenter_cs;
    uint64_t sysenter_esp;
    uint64_t sysenter_eip;

    uint64_t shadow_gs; /* KERNEL_GS_BASE */

    uint64_t msr_flags; /* obsolete */
    uint64_t msr_lstar;
    uint64_t msr_star;
    uint64_t msr_cstar;
    uint64_t msr_syscall_mask;
    uint64_t msr_efer;
    uint64_t msr_tsc_aux;

    uint64_t tsc; /* of the guest, at the time of saving */

    __extension__ union
    {
        uint32_t pending_event; /* being injected: VMCB EVENTINJ's form */
        __extension__ struct
        {
            __extension__ uint8_t pending_vector : 8;
            __extension__ uint8_t pending_type : 3;
            __extension__ uint8_t pending_error_valid : 1;
            uint32_t pending_reserved : 19;
            __extension__ uint8_t pending_valid : 1;
        };
    };
    uint32_t error_code; /* of the pending event */

#define _XEN_X86_FPU_INITIALISED 0
#define XEN_X86_FPU_INITIALISED (1U << _XEN_X86_FPU_INITIALISED)
    uint32_t flags; /* clear: fpu_regs is not valid */
    uint32_t pad0;
};

/* The same before it had msr_tsc_aux, flags and pad0. */
struct hvm_hw_cpu_compat
{
    uint8_t fpu_regs[512];

    uint64_t rax, rbx, rcx, rdx, rbp, rsi, rdi, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;

    uint64_t cr0, cr2, cr3, cr4;
    uint64_t dr0, dr1, dr2, dr3, dr6, dr7;

    uint32_t cs_sel, ds_sel, es_sel, fs_sel, gs_sel, ss_sel, tr_sel, ldtr_sel;
    uint32_t cs_limit, ds_limit, es_limit, fs_limit, gs_limit, ss_limit;
    uint32_t tr_limit, ldtr_limit, idtr_limit, gdtr_limit;
    uint64_t cs_base, ds_base, es_base, fs_base, gs_base, ss_base;
    uint64_t tr_base, ldtr_base, idtr_base, gdtr_base;
    uint32_t cs_arbytes, ds_arbytes, es_arbytes, fs_arbytes, gs_arbytes;
    uint32_t ss_arbytes, tr_arbytes, ldtr_arbytes;

    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t shadow_gs;
    uint64_t msr_flags, msr_lstar, msr_star, msr_cstar, msr_syscall_mask;
    uint64_t msr_efer;

    uint64_t tsc;

    __extension__ union
    {
        uint32_t pending_event;
        __extension__ struct
        {
            __extension__ uint8_t pending_vector : 8;
            __extension__ uint8_t pending_type : 3;
            __extension__ uint8_t pending_error_valid : 1;
            uint32_t pending_reserved : 19;
            __extension__ uint8_t pending_valid : 1;
        };
    };
    uint32_t error_code;
};
DECLARE_HVM_SAVE_TYPE_COMPAT(CPU, 2, struct hvm_hw_cpu,
                             struct hvm_hw_cpu_compat, _hvm_hw_fix_cpu);

/* One 8259A: the first, instance 0, has the second on its input 2. */
__extension__ struct hvm_hw_vpic
{
    uint8_t irr; /* bits: inputs */
    uint8_t imr;
    uint8_t isr;
    uint8_t irq_base; /* vector of input 0 */
    /* 0, or bits 0-1 the next ICW less one, 2: ICW4 comes, 3: no ICW3 */
    uint8_t init_state : 4;
    uint8_t priority_add : 4; /* input of the highest priority */
    uint8_t readsel_isr : 1;  /* the even port reads ISR, not IRR */
    uint8_t poll : 1;
    uint8_t auto_eoi : 1;
    uint8_t rotate_on_auto_eoi : 1;
    uint8_t special_fully_nested_mode : 1;
    uint8_t special_mask_mode : 1;
    uint8_t is_master : 1; /* the first */
    uint8_t elcr;          /* bits: inputs that are level-triggered */
    uint8_t int_output;
};
DECLARE_HVM_SAVE_TYPE(PIC, 3, struct hvm_hw_vpic);

/* The I/O APIC. */
__extension__ union vioapic_redir_entry
{
    uint64_t bits;
    __extension__ struct
    {
        uint8_t vector;
        uint8_t delivery_mode : 3;
        uint8_t dest_mode : 1;
        uint8_t delivery_status : 1;
        uint8_t polarity : 1;
        uint8_t remote_irr : 1;
        uint8_t trig_mode : 1;
        uint8_t mask : 1;
        uint8_t reserve : 7;
        uint8_t reserved[4];
        uint8_t dest_id;
    } fields;
};

#define VIOAPIC_NUM_PINS 48

struct hvm_hw_vioapic
{
    uint64_t base_address;
    uint32_t ioregsel;
    uint32_t id;
    union vioapic_redir_entry redirtbl[VIOAPIC_NUM_PINS];
};
DECLARE_HVM_SAVE_TYPE(IOAPIC, 4, struct hvm_hw_vioapic);

/* The local APIC: what is not a register, and the 1 KiB of registers. */
struct hvm_hw_lapic
{
    uint64_t apic_base_msr;
    uint32_t disabled;
    uint32_t timer_divisor;
    uint64_t tdt_msr; /* TSC deadline */
};
DECLARE_HVM_SAVE_TYPE(LAPIC, 5, struct hvm_hw_lapic);

struct hvm_hw_lapic_regs
{
    uint8_t data[1024];
};
DECLARE_HVM_SAVE_TYPE(LAPIC_REGS, 6, struct hvm_hw_lapic_regs);

/* Interrupt lines: of PCI (bit device * 4 + INTx) and of ISA (bit IRQ). */
__extension__ struct hvm_hw_pci_irqs
{
    __extension__ union
    {
        unsigned long i[16 / sizeof(unsigned long)];
        uint64_t pad[2];
    };
};
DECLARE_HVM_SAVE_TYPE(PCI_IRQ, 7, struct hvm_hw_pci_irqs);

__extension__ struct hvm_hw_isa_irqs
{
    __extension__ union
    {
        unsigned long i[1];
        uint64_t pad[1];
    };
};
DECLARE_HVM_SAVE_TYPE(ISA_IRQ, 8, struct hvm_hw_isa_irqs);

/* The ISA IRQ of each PCI link, or 0. */
struct hvm_hw_pci_link
{
    uint8_t route[4];
    uint8_t pad0[4];
};
DECLARE_HVM_SAVE_TYPE(PCI_LINK, 9, struct hvm_hw_pci_link);

/* The interval timer. */
struct hvm_hw_pit
{
    struct hvm_hw_pit_channel
    {
        uint32_t count; /* to 65536 */
        uint16_t latched_count;
        uint8_t count_latched;
        uint8_t status_latched;
        uint8_t status;
        uint8_t read_state; /* 1 low, 2 high, 3 first and 4 second of two bytes */
        uint8_t write_state;
        uint8_t write_latch;
        uint8_t rw_mode;
        uint8_t mode; /* 0xff: never written */
        uint8_t bcd;
        uint8_t gate;
    } channels[3];
    uint32_t speaker_data_on;
    uint32_t pad0;
};
DECLARE_HVM_SAVE_TYPE(PIT, 10, struct hvm_hw_pit);

/* The real time clock. */
#define RTC_CMOS_SIZE 14
struct hvm_hw_rtc
{
    uint8_t cmos_data[RTC_CMOS_SIZE];
    uint8_t cmos_index;
    uint8_t pad0;
    int64_t rtc_offset; /* seconds that the guest's clock is ahead of UTC */
};
DECLARE_HVM_SAVE_TYPE(RTC, 11, struct hvm_hw_rtc);

/* The HPET: its registers, and what was written last as a period. */
#define HPET_TIMER_NUM 3
struct hvm_hw_hpet
{
    uint64_t capability;
    uint64_t res0;
    uint64_t config;
    uint64_t res1;
    uint64_t isr;
    uint64_t res2[25];
    uint64_t mc64;
    uint64_t res3;
    struct
    {
        uint64_t config;
        uint64_t cmp;
        uint64_t fsb;
        uint64_t res4;
    } timers[HPET_TIMER_NUM];
    uint64_t res5[4 * (24 - HPET_TIMER_NUM)];

    uint64_t period[HPET_TIMER_NUM];
};
DECLARE_HVM_SAVE_TYPE(HPET, 12, struct hvm_hw_hpet);

/* ACPI's PM timer and event registers. */
struct hvm_hw_pmtimer
{
    uint32_t tmr_val;
    uint16_t pm1a_sts;
    uint16_t pm1a_en;
};
DECLARE_HVM_SAVE_TYPE(PMTIMER, 13, struct hvm_hw_pmtimer);

/* Memory types of one vCPU. */
struct hvm_hw_mtrr
{
#define MTRR_VCNT 8
#define NUM_FIXED_MSR 11
    uint64_t msr_pat_cr;
    uint64_t msr_mtrr_var[MTRR_VCNT * 2]; /* base, mask, base, mask, ... */
    uint64_t msr_mtrr_fixed[NUM_FIXED_MSR];
    uint64_t msr_mtrr_cap;
    uint64_t msr_mtrr_def_type;
};
DECLARE_HVM_SAVE_TYPE(MTRR, 14, struct hvm_hw_mtrr);

/* Hyper-V's interface, if the domain has HVM_PARAM_VIRIDIAN: its MSRs. */
struct hvm_viridian_domain_context
{
    uint64_t hypercall_gpa;
    uint64_t guest_os_id;
    uint64_t time_ref_count; /* units of 100 ns */
    uint64_t reference_tsc;
};
DECLARE_HVM_SAVE_TYPE(VIRIDIAN_DOMAIN, 15, struct hvm_viridian_domain_context);

/*
 * What XSAVE stores, of a vCPU that uses it: behind the header the parts that
 * xcr0_accum names, where CPUID leaf 0xd says.
 */
struct hvm_hw_cpu_xsave
{
    uint64_t xfeature_mask; /* ignored */
    uint64_t xcr0;
    uint64_t xcr0_accum; /* all that XCR0 ever had */
    struct
    {
        struct
        {
            char x[512];
        } fpu_sse;
        struct hvm_hw_cpu_xsave_hdr
        {
            uint64_t xstate_bv;
            uint64_t xcomp_bv;
            uint64_t reserved[6];
        } xsave_hdr;
    } save_area;
};
#define CPU_XSAVE_CODE 16

/* The same of one vCPU. */
struct hvm_viridian_vcpu_context
{
    uint64_t vp_assist_msr;
    uint8_t apic_assist_pending;
    uint8_t _pad[7];
    uint64_t simp_msr;
    uint64_t sint_msr[16];
    uint64_t stimer_config_msr[4];
    uint64_t stimer_count_msr[4];
};
DECLARE_HVM_SAVE_TYPE(VIRIDIAN_VCPU, 17, struct hvm_viridian_vcpu_context);

/* Machine check banks of one vCPU. */
struct hvm_vmce_vcpu
{
    uint64_t caps;
    uint64_t mci_ctl2_bank0;
    uint64_t mci_ctl2_bank1;
    uint64_t mcg_ext_ctl;
};
DECLARE_HVM_SAVE_TYPE(VMCE_VCPU, 18, struct hvm_vmce_vcpu);

struct hvm_tsc_adjust
{
    uint64_t tsc_adjust;
};
DECLARE_HVM_SAVE_TYPE(TSC_ADJUST, 19, struct hvm_tsc_adjust);

/* MSRs that no other record has: as many entries as count says. */
struct hvm_msr
{
    uint32_t count;
    struct hvm_one_msr
    {
        uint32_t index;
        uint32_t _rsvd;
        uint64_t val;
    } msr[XEN_FLEX_ARRAY_DIM];
};
#define CPU_MSR_CODE 20

#define HVM_SAVE_CODE_MAX 20

#endif
