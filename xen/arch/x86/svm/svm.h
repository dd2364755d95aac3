/* SPDX-License-Identifier: MIT */
/*
 * Between the files of svm/.
 *
 * struct svm_cpu: one for each CPU, never freed.  struct svm_vcpu: one for
 * each vcpu, with its VMCB; belongs to the CPU that the vcpu is on.
 *
 * Address space numbers: each CPU gives them out in order; when they are used
 * up it begins a new generation, after a flush of all of them.  A vcpu keeps
 * its number as long as it is of the CPU's generation and it was nowhere else
 * meanwhile.
 */
#ifndef SVM_SVM_H
#define SVM_SVM_H

#include <hv/domain.h>

#include <x86/processor.h>
#include <x86/hvm-vendor.h>

#include "vmcb.h"

struct svm_cpu {
    uint64_t host_pa;    /* VMCB with the hypervisor's FS, GS, TR, ...  */
    uint64_t save_pa;    /* what VM_HSAVE_PA has                        */
    uint64_t generation; /* of ASIDs; from 1 on                         */
    uint32_t next_asid;
    bool flush_all;      /* a new generation: at the next entry         */
};

/* An instruction's, when the processor does not tell: see exits.c. */
#define NR_LENGTHS 8
struct svm_length {
    uint64_t rip, where;
    unsigned int length; /* 0: empty */
};

struct svm_vcpu {
    struct vmcb *vmcb;
    uint64_t vmcb_pa;
    const struct svm_cpu *cpu; /* where it ran last                     */
    uint64_t generation;       /* of its ASID there; 0: it has none     */
    uint64_t event;  /* to be injected first: VMCB form, 0: nothing     */
    bool nmi_masked; /* from NMI to IRET                                */
    bool at_iret;    /* of an NMI's handler, maybe not executed yet     */
    bool stepping;   /* over it: RFLAGS.TF is ours in this entry        */
    uint64_t step_dr6; /* before that                                   */
    uint8_t vintr_vector; /* injected by V_IRQ; 0: none                */
    uint32_t tsc_aux;
    struct vmcb *kept; /* debug builds: as the processor left it last   */

    struct svm_length length[NR_LENGTHS];
};

static inline struct svm_vcpu *svm_of(const struct vcpu *v)
{
    return v->arch.hvm.vendor;
}

/* What this processor can do besides; the same on all CPUs. */
struct svm_features {
    bool next_rip, flush_asid, rdtscp;
    bool qemu; /* it is emulated by QEMU */
    uint32_t clean;    /* CLEAN_ALL or, when it has no use for it, 0 */
    uint32_t nr_asids; /* 1 .. nr_asids - 1 are guests' */
};
extern struct svm_features svm_features;

/* ---- entry.S ---- */

/*
 * Run guest code: registers but rax and rsp from and to gpr (EMUL_*'s order).
 * False: the guest was not entered, since *softirq_pending was set.
 */
bool svm_enter(uint64_t vmcb_pa, uint64_t *gpr, uint64_t host_pa,
               const bool *softirq_pending);

/* ---- vmcb.c ---- */

int vmcb_create(struct vcpu *v) must_check; /* -ENOMEM; all but registers */
void vmcb_destroy(struct vcpu *v);
void vmcb_show(const struct vcpu *v); /* for crashes */

/* ---- intercepts.c ---- */

/* Those that are always on; IRET, VINTR and CR8 come and go: event.c. */
void vmcb_set_intercepts(struct vmcb *b);
/* Always, or at times: then there is a handler for the exit code. */
bool svm_is_intercepted(unsigned int code);

/* ---- svm.c ---- */

void svm_advance(struct vcpu *v, unsigned int len);
enum vendor_mode svm_mode(struct vcpu *v);

/* ---- context.c: the vendor's operations of these names ---- */

void svm_reset(struct vcpu *v); /* as after INIT */
void svm_startup(struct vcpu *v, uint8_t page);
int svm_set_context(struct vcpu *v, const struct hvm_hw_cpu *c);
void svm_get_context(struct vcpu *v, struct hvm_hw_cpu *c);
void svm_fill_regs(struct vcpu *v);
void svm_put_regs(struct vcpu *v);

/* ---- event.c ---- */

/* Before an entry: what is injected, and whether for more a window is due. */
void svm_events(struct vcpu *v);
void svm_inject(struct vcpu *v, unsigned int vector, bool has_error,
                uint32_t error);
void svm_inject_page_fault(struct vcpu *v, uint32_t error, uint64_t cr2);
/* After an exit: an interrupt of V_IRQ that was not taken is pending again. */
void svm_vintr_taken_back(struct vcpu *v);
/* One is being handled, until IRET. */
void svm_mask_nmi(struct svm_vcpu *s);
void svm_unmask_nmi(struct svm_vcpu *s);
/*
 * IRET is stepped over, so that the next NMI comes right behind it.  After
 * the guest was left: is the trap that ended it none of the guest's?
 */
void svm_step_end(struct vcpu *v);
bool svm_step_was_ours(struct vcpu *v);
/* Faults of IRET, which must not see our flag: intercepted meanwhile. */
#define STEP_FAULTS (0x1fU << VECTOR_TS)
/* The entry did not happen: an interrupt of EVENTINJ is pending again. */
void svm_not_entered(struct vcpu *v);
/* What was being delivered when the guest was left: it is to be again. */
void svm_event_interrupted(struct vcpu *v);

/* ---- exits.c ---- */

void svm_exit(struct vcpu *v);
bool svm_exit_is_known(unsigned int code);

/* ---- msr.c, fixed-msrs.c: for the vendor's table ---- */

bool svm_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value);
bool svm_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value);
extern const struct hvm_fixed_msrs svm_fixed_msrs;

/* ---- control.c: exits ---- */

bool svm_write_cr0(struct vcpu *v, uint64_t value);
void svm_cr_write(struct vcpu *v);
void svm_dr_write(struct vcpu *v);
/* Was it that which QEMU took for a VMCB that is not legal?  Then: #GP. */
bool svm_cr3_refused(struct vcpu *v);

#endif
