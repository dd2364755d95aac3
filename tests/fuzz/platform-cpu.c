/* SPDX-License-Identifier: MIT */
/*
 * The processor of fuzz-platform.c: registers of vcpus as the bare machine's
 * files keep, save and load them, on a processor whose XSAVE has AVX at the usual
 * place.  No vcpu runs.
 */
#include "platform.h"

#include <hv/cpu-policy.h>
#include <x86/processor.h>

static void processor_cpuid(uint32_t leaf, uint32_t sub, uint32_t *a,
                            uint32_t *b, uint32_t *c, uint32_t *d);

#define cpuid processor_cpuid
#include "../../xen/arch/x86/vcpu/fpu.c"
#undef cpuid
#include "../../xen/arch/x86/svm/context.c"
#include "../../xen/arch/x86/svm/event.c"
#include "../../xen/arch/x86/svm/vmcb-check.c"
#include "../../xen/arch/x86/hvm/save-xsave.c"

struct svm_features svm_features; /* this is not QEMU */

void lapic_send_ipi(uint32_t apic_id, uint8_t vector)
{
    panic("IPI %#x to CPU %u\n", vector, apic_id);
}

#define AVX_AT 576
#define AVX_BYTES 256
#define PROCESSOR_STATES (XCR0_X87 | XCR0_SSE | XCR0_AVX)
#define NR_ASIDS 16

static void processor_cpuid(uint32_t leaf, uint32_t sub, uint32_t *a,
                            uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a = leaf == 0xd && sub == 2 ? AVX_BYTES : 0;
    *b = leaf == 0xd && sub == 2 ? AVX_AT : 0;
    *c = *d = 0;
}

static struct svm_vcpu svm[PLATFORM_VCPUS];
static struct vmcb vmcb[PLATFORM_VCPUS];

#define LEAF(n, s, ra, rb, rc, rd)                                           \
    { .leaf = n, .subleaf = s, .a = ra, .b = rb, .c = rc, .d = rd }
#define NONE XEN_CPUID_NO_SUBLEAF

/* A guest sees all that may be in a control register. */
static struct cpu_policy everything = {
    .nr_leaves = 6,
    .leaf = {
        LEAF(0, NONE, 0xd, 0, 0, 0),
        LEAF(1, NONE, 0, 0, ~0U, ~0U),
        LEAF(7, 0, 0, ~0U, ~0U, 0),
        LEAF(0xd, 0, PROCESSOR_STATES, 0, 0, 0),
        LEAF(0x80000000, NONE, 0x80000008, 0, 0, 0),
        LEAF(0x80000001, NONE, 0, 0, 0, ~0U),
    },
};

bool sched_freeze(struct vcpu *v)
{
    (void)v;
    return true;
}

void sched_unfreeze(struct vcpu *v)
{
    (void)v;
}

void exit_triple_fault(struct vcpu *v)
{
    (void)v;
    fuzz_fail("a triple fault of a vcpu that does not run\n");
}

uint64_t *platform_pat(const struct vcpu *v)
{
    return &vmcb[v->vcpu_id].pat;
}

uint32_t *platform_tsc_aux(const struct vcpu *v)
{
    return &svm[v->vcpu_id].tsc_aux;
}

void platform_cpu_begin(struct vcpu *v)
{
    struct vmcb *b = &vmcb[v->vcpu_id];

    have_xsave = true;
    all_states = PROCESSOR_STATES;
    area_bytes = AVX_AT + AVX_BYTES;
    v->domain->cpu_policy = &everything;
    memset(b, 0, sizeof(*b));
    svm[v->vcpu_id] = (struct svm_vcpu){ .vmcb = b };
    v->arch.hvm.vendor = &svm[v->vcpu_id];
    b->intercept_2 = INTERCEPT_VMRUN;
    b->asid = 1;
    b->iopm = b->msrpm = b->np_cr3 = PAGE_SIZE;
    b->np_control = NP_ENABLE;
    b->vintr = VINTR_MASKING;
    svm_reset(v);
    if ( fpu_vcpu_create(v) )
        fuzz_fail("no memory\n");
}

void platform_cpu_write(struct vcpu *v, struct input *in)
{
    uint8_t *avx = (uint8_t *)v->arch.fpu + AVX_AT;
    struct hvm_hw_cpu_xsave_hdr *h = v->arch.fpu + FXSAVE_BYTES;

    svm[v->vcpu_id].tsc_aux = in8(in);
    v->arch.xcr0 = in_below(in, 4) ? PROCESSOR_STATES : XCR0_X87;
    h->xstate_bv = v->arch.xcr0;
    avx[in8(in)] = in8(in);
}

void platform_cpu_end(struct vcpu *v)
{
    fpu_vcpu_destroy(v);
}

/* Would a processor take the state: VMRUN, XRSTOR, XSETBV? */
void platform_cpu_check(const struct vcpu *v)
{
    const struct vmcb_limits limits = {
        .nr_asids = NR_ASIDS,
        .mode = { .cr4 = cr4_bits(v), .efer = efer_bits(v) | EFER_SVME,
                  .physical = physical_bits(v) },
    };
    const struct hvm_hw_cpu_xsave_hdr *h = v->arch.fpu + FXSAVE_BYTES;
    struct vmcb b = vmcb[v->vcpu_id];
    const char *broken;
    uint32_t mxcsr;

    b.event_inject = svm[v->vcpu_id].event;
    broken = vmcb_check(&b, &limits);
    if ( broken )
        fuzz_fail("vcpu %u is loaded, and VMRUN refuses it: %s\n", v->vcpu_id,
                  broken);
    memcpy(&mxcsr, (uint8_t *)v->arch.fpu + FXSAVE_MXCSR, sizeof(mxcsr));
    if ( (h->xstate_bv & ~all_states) || h->xcomp_bv ||
         !all_zero(h->reserved, sizeof(h->reserved)) || mxcsr >> 16 )
        fuzz_fail("vcpu %u is loaded, and XRSTOR refuses it\n", v->vcpu_id);
    if ( !xcr0_legal(v, v->arch.xcr0) || (v->arch.xcr0 & ~all_states) )
        fuzz_fail("vcpu %u is loaded, and XSETBV refuses it\n", v->vcpu_id);
}
