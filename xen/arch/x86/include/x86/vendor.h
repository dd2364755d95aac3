/* SPDX-License-Identifier: MIT */
/*
 * What a processor's virtualisation must provide: AMD's SVM does, Intel's VMX
 * can.
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
struct guest_paging;
struct hvm_hw_cpu;
struct vcpu;

/* Who executes. */
enum vendor_mode {
    MODE_KERNEL_64, /* ring 0, 64-bit code      */
    MODE_KERNEL_32, /* ring 0, anything else    */
    MODE_USER,      /* ring 1 to 3              */
};

struct vendor {
    const char *name;
    /*
     * The boot CPU has it, and firmware left it usable: NULL, or why not.
     * Then of any other CPU: does that have what the boot CPU has?  It only
     * looks; a CPU that lacks something is not brought up.
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
    /* v becomes this CPU's vcpu; it stops being it. */
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
     * A fault of the current instruction; delivered at the next entry.  One
     * that happened while another was delivered makes a double fault of it,
     * or a triple fault; an interrupt or NMI that was is due again after it.
     */
    void (*inject_exception)(struct vcpu *v, unsigned int vector,
                             bool has_error, uint32_t error);
    void (*inject_page_fault)(struct vcpu *v, uint32_t error, uint64_t cr2);

    /*
     * ---- of a vcpu that is out of guest mode, on this CPU or nowhere ----
     */

    /* The instruction of `len` bytes is over: rip goes on. */
    void (*advance)(struct vcpu *v, unsigned int len);
    enum vendor_mode (*mode)(struct vcpu *v);
    void (*paging)(struct vcpu *v, struct guest_paging *p);
    /*
     * The registers that are not in v->arch.hvm.emul.regs between exits: there.
     * The emulator reads them, and changes none of them.
     */
    void (*fill_regs)(struct vcpu *v);
    /* The pages it has, of CPUs and vcpus; the domain list is locked. */
    void (*audit_refs)(audit_count_t count);
};

extern const struct vendor *vendor;
extern const struct vendor svm_vendor;

/* ---- hvm/: exits, the same for every vendor; called by it ---- */

/*
 * Each advances rip itself (by len bytes) when the instruction is over: at the
 * next entry the vendor sees by another rip that the interrupt shadow is over
 * too, and that a single step may be due.
 */
void exit_cpuid(struct vcpu *v, unsigned int len);
void exit_hypercall(struct vcpu *v, unsigned int len);
void exit_halt(struct vcpu *v, unsigned int len);
void exit_rdmsr(struct vcpu *v, unsigned int len);
void exit_wrmsr(struct vcpu *v, unsigned int len);
/* A port access that is no string instruction: next_rip is after it. */
void exit_port(struct vcpu *v, uint16_t port, unsigned int size, bool in,
               uint64_t next_rip);
void exit_port_string(struct vcpu *v, uint16_t port, unsigned int size,
                      bool in);
/*
 * Nested page fault at gpa.  in_walk: of an access to the guest's own page
 * tables, which is always a write.  in_delivery: not the instruction at rip made the
 * access, but the delivery of an event (its gate, its stack).
 */
void exit_memory(struct vcpu *v, uint64_t gpa, bool write, bool fetch,
                 bool in_walk, bool in_delivery);
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
 * ---- MSRs that vendors keep in their own way ----
 *
 * TSC, SYSENTER_*, PAT, DEBUGCTL, EFER, STAR..SFMASK, FS_BASE, GS_BASE,
 * KERNEL_GS_BASE, TSC_AUX.  False: none of these, or a value that is not
 * legal: the guest gets #GP.
 */

bool vendor_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value);
bool vendor_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value);

#endif
