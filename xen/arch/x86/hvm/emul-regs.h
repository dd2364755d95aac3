/* SPDX-License-Identifier: MIT */
/* emul-regs.c: the emulator's view of a vcpu's registers; arg: the vcpu. */
#ifndef HVM_EMUL_REGS_H
#define HVM_EMUL_REGS_H

#include <emul/emulate.h>

void emul_put_regs(void *arg);
bool emul_write_cr0(void *arg, uint64_t value);
void emul_cpuid(void *arg, uint32_t leaf, uint32_t subleaf,
                struct cpuid_regs *out);
uint64_t emul_xcr0(void *arg);
void emul_read_vector(void *arg, unsigned int reg, void *v, bool wide);
void emul_write_vector(void *arg, unsigned int reg, const void *v, bool wide);
void emul_mxcsr(void *arg, uint32_t *v, bool write);
void emul_run_stub(void *arg, struct emul_stub *s);

#define EMUL_REGISTER_OPS                                                    \
    .put_regs = emul_put_regs, .write_cr0 = emul_write_cr0,                  \
    .cpuid = emul_cpuid, .xcr0 = emul_xcr0,                                  \
    .read_vector = emul_read_vector, .write_vector = emul_write_vector,      \
    .mxcsr = emul_mxcsr, .run_stub = emul_run_stub,

#endif
