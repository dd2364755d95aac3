/* SPDX-License-Identifier: MIT */
/*
 * What a processor's virtualisation must provide to hvm/, the only folder that
 * uses this contract; svm/ implements it for AMD's processors.
 *
 * Between exits v->arch.hvm.emul.regs has the vcpu's general registers, rip and
 * rflags; what is changed there is what the guest goes on with.  The rest of
 * it (segments, tables, control registers, EFER) stays with the hardware,
 * since most exits have no use for it: fill_regs() brings it for those that
 * do.
 */
#ifndef X86_VENDOR_H
#define X86_VENDOR_H

#include <hv/audit.h>
#include <hv/types.h>

struct cpu;
struct domain;
struct guest_paging;
struct hvm_hw_cpu;
struct vcpu;

/* What the vcpu executes. */
enum vendor_mode {
    MODE_KERNEL_64, /* ring 0, 64-bit code      */
    MODE_KERNEL_32, /* ring 0, anything else    */
    MODE_USER,      /* ring 1 to 3              */
};

/* What happens to a write of an MSR whose value is fixed. */
enum hvm_msr_write {
    MSR_REFUSED, /* #GP                                         */
    MSR_DROPPED, /* nothing                                     */
    MSR_SAME,    /* nothing if the value is that read, else #GP */
};

/* MSRs with a number from `first` to `last`, of which nothing is kept. */
struct hvm_fixed_msr {
    uint32_t first, last;
    uint64_t value;  /* what is read */
    uint8_t write;   /* enum hvm_msr_write */
    const char *why; /* a write is taken; MSR_REFUSED: NULL */
};
struct hvm_fixed_msrs {
    unsigned int nr;
    const struct hvm_fixed_msr *row;
};

#define HYPERCALL_INSN_BYTES 3

struct hvm_vendor {
    const char *name;
    /* The instruction of the hypercall page: VMMCALL or VMCALL. */
    uint8_t hypercall[HYPERCALL_INSN_BYTES];
    /* MSRs that only this vendor's processors have. */
    const struct hvm_fixed_msrs *fixed_msrs;
    /*
     * present(): NULL if the boot CPU has this virtualisation and firmware left
     * it usable, else the reason why not.  cpu_lacks(), on another CPU: NULL if
     * that CPU has all that the boot CPU has, else the reason why it is not
     * brought up; changes nothing.
     */
    const char *(*present)(void);
    const char *(*cpu_lacks)(void);
    void (*cpu_up)(struct cpu *c); /* on each CPU */
    int (*vcpu_create)(struct vcpu *v); /* -ENOMEM; state: as after INIT */
    void (*vcpu_destroy)(struct vcpu *v);
    /* As after INIT, to start at real-mode address page << 12. */
    void (*vcpu_startup)(struct vcpu *v, uint8_t page);
    int (*set_context)(struct vcpu *v, const struct hvm_hw_cpu *c);
    void (*get_context)(struct vcpu *v, struct hvm_hw_cpu *c);
    /* load(): v's state goes to this CPU.  save(): it comes back. */
    void (*load)(struct vcpu *v);
    void (*save)(struct vcpu *v);
    /*
     * Prepare events: an interrupt, NMI or exception that is to be delivered,
     * or a window for it; then run guest code until it exits, and handle the
     * exit as far as it goes.  Interrupts are off before and after; one that
     * ended guest mode is still pending.  TLB: flush first when told (also if
     * that is only at a later call, because this one did not enter).
     *
     * No entry when this CPU's softirq_pending is set, which is read with
     * interrupts held back.  In either case v->arch.in_guest is cleared
     * (store_release) and cpu->busy_since set to the TSC before anything else is
     * done.
     */
    void (*run)(struct vcpu *v, bool flush_tlb);
    /*
     * Queue a fault of the current instruction for the next entry.  If a fault
     * is queued already the two may become a double or triple fault, as
     * emul/rules.h says; a queued NMI becomes pending again behind the fault.
     */
    void (*inject_exception)(struct vcpu *v, unsigned int vector,
                             bool has_error, uint32_t error);
    void (*inject_page_fault)(struct vcpu *v, uint32_t error, uint64_t cr2);

    /*
     * ---- of a vcpu that is out of guest mode, on this CPU or nowhere ----
     */

    /* The instruction at rip, of `len` bytes, is over: add len to rip. */
    void (*advance)(struct vcpu *v, unsigned int len);
    enum vendor_mode (*mode)(struct vcpu *v);
    void (*paging)(struct vcpu *v, struct guest_paging *p);
    /* Would paging() give what *p has? */
    bool (*paging_is)(const struct vcpu *v, const struct guest_paging *p);
    /*
     * Copy the registers that v->arch.hvm.emul.regs lacks between exits to it.
     * put_regs(): the segments, LDT, TR, GDT and IDT there are the vcpu's.
     */
    void (*fill_regs)(struct vcpu *v);
    void (*put_regs)(struct vcpu *v);
    /* A write of CR0 by an instruction; false: not legal. */
    bool (*write_cr0)(struct vcpu *v, uint64_t value);
    /*
     * MSRs that this vendor keeps in its own way: SYSENTER_*, PAT, DEBUGCTL,
     * EFER, STAR to SFMASK, FS_BASE, GS_BASE, KERNEL_GS_BASE, TSC_AUX.  False:
     * msr is none of these, or the value is not legal, and the guest gets #GP.
     */
    bool (*rdmsr)(struct vcpu *v, uint32_t msr, uint64_t *value);
    bool (*wrmsr)(struct vcpu *v, uint32_t msr, uint64_t value);
    /*
     * Report one HOLD_ARCH reference for each page the vendor owns, for CPUs and
     * for vcpus.  Caller holds the domain-list lock.
     */
    void (*audit_refs)(audit_count_t count);
};

/*
 * hvm/domain.c: is d an HVM or PVH guest, whose vcpus are a vendor's?  False
 * while arch_domain_create() makes d.
 */
bool hvm_runs(const struct domain *d);

/* hvm/vendor.c: that of this machine; NULL before hvm_find_vendor(). */
extern const struct hvm_vendor *vendor;

/* ---- hvm/: exits, the same for every vendor; called by it ---- */

/*
 * True: the instruction is over, and the vendor adds its length to rip.  At the
 * next entry the vendor sees by another rip that the interrupt shadow is over
 * too, and that a single step may be due.  False: rip stays.
 */
bool exit_cpuid(struct vcpu *v) must_check;
bool exit_hypercall(struct vcpu *v, enum vendor_mode mode) must_check;
bool exit_rdmsr(struct vcpu *v) must_check;
bool exit_wrmsr(struct vcpu *v) must_check;
/*
 * A port access that is no string instruction, of `len` bytes.  False: a device
 * model has it, and what answers it later calls advance().
 */
bool exit_port(struct vcpu *v, uint16_t port, unsigned int size, bool in,
               unsigned int len) must_check;
/* rip is behind HLT already. */
void exit_halt(struct vcpu *v);
void exit_port_string(struct vcpu *v, uint16_t port, unsigned int size,
                      bool in);
/*
 * Nested page fault at gpa.  in_walk: of an access to the guest's own page
 * tables, which is always a write.  in_delivery: not the instruction at rip made the
 * access, but the delivery of an event (its gate, its stack).
 */
void exit_memory(struct vcpu *v, uint64_t gpa, bool write, bool fetch,
                 bool in_walk, bool in_delivery);
/* An instruction that was intercepted before its access to a device. */
void exit_insn(struct vcpu *v);
void exit_triple_fault(struct vcpu *v);

/*
 * What the run loop does when a request is in flight: false, not all device
 * models have answered.
 */
bool io_resume(struct vcpu *v);

/*
 * The event to deliver, if the guest can take it now: vector or -1.  When it
 * could not only because interrupts are disabled *window becomes true.
 * event_taken(): it was.  event_returned(): the last that was taken did not
 * arrive, and is due again.
 */
int event_next(struct vcpu *v, bool interruptible, bool *window);
void event_taken(struct vcpu *v, unsigned int vector);
void event_returned(struct vcpu *v, unsigned int vector);
/*
 * Before an entry with arch.hvm.clocks_rest of the domain or vlapic_timer_rests():
 * timers that rested since no vcpu could take their interrupts.  No locks held.
 */
void event_timers_resume(struct vcpu *v);
/* Another than the one that event_next() gave waits. */
bool event_more(struct vcpu *v);
/*
 * Called first at each exit of a guest whose lines.callback_asserted is set: the
 * line of the event channels' callback follows vcpu 0's upcall.
 */
void event_update_line(struct domain *d);

#endif
