/* SPDX-License-Identifier: MIT */
/* AMD's exit codes in words that hold for every processor: counters, traces. */
#include <hv/array.h>

#include "svm.h"

static const uint8_t reasons[] = {
    [EXIT_CR_WRITE ... EXIT_CR_WRITE + 15] = ORIEL_EXIT_register,
    [EXIT_DR_WRITE ... EXIT_DR_WRITE + 15] = ORIEL_EXIT_register,
    [EXIT_EXCEPTION ... EXIT_EXCEPTION + 31] = ORIEL_EXIT_exception,
    [EXIT_INTR ... EXIT_INIT] = ORIEL_EXIT_interrupt,
    [EXIT_VINTR] = ORIEL_EXIT_window,
    [EXIT_RDPMC] = ORIEL_EXIT_refused,
    [EXIT_CPUID] = ORIEL_EXIT_cpuid,
    [EXIT_IRET] = ORIEL_EXIT_window,
    [EXIT_INVD] = ORIEL_EXIT_cache,
    [EXIT_HLT] = ORIEL_EXIT_halt,
    [EXIT_INVLPGA] = ORIEL_EXIT_refused,
    [EXIT_IOIO] = ORIEL_EXIT_port,
    [EXIT_MSR] = ORIEL_EXIT_msr,
    [EXIT_SHUTDOWN] = ORIEL_EXIT_triple_fault,
    [EXIT_VMRUN] = ORIEL_EXIT_refused,
    [EXIT_VMMCALL] = ORIEL_EXIT_hypercall,
    [EXIT_VMLOAD ... EXIT_SKINIT] = ORIEL_EXIT_refused,
    [EXIT_WBINVD] = ORIEL_EXIT_cache,
    [EXIT_MONITOR ... EXIT_MWAIT_ARMED] = ORIEL_EXIT_refused,
    [EXIT_XSETBV] = ORIEL_EXIT_register,
    [EXIT_RDPRU] = ORIEL_EXIT_refused,
    [EXIT_INVLPGB ... EXIT_TLBSYNC] = ORIEL_EXIT_refused,
};

enum oriel_exit_reason svm_exit_reason(uint64_t code)
{
    if ( code < ARRAY_SIZE(reasons) )
        return array_at(reasons, code);
    return code == EXIT_NPF ? ORIEL_EXIT_memory : ORIEL_EXIT_other;
}
