/* SPDX-License-Identifier: MIT */
/*
 * For tests that let a guest run for a while: hooks count the blocks that
 * engines execute (added where the engine adds its own, by --wrap=uc_hook_add).
 */
#ifndef TESTS_TEST_ENGINE_COUNT_H
#define TESTS_TEST_ENGINE_COUNT_H

#include "fixture.h"

#include <unicorn/unicorn.h>

/*
 * Blocks of code and accesses to memory by engines that were opened while
 * `count_executed`.
 */
static bool count_executed;
static uint64_t executed;

static void count_block(uc_engine *uc, uint64_t at, uint32_t size, void *arg)
{
    (void)uc, (void)at, (void)size, (void)arg;
    __atomic_add_fetch(&executed, 1, __ATOMIC_RELAXED);
}

static void count_access(uc_engine *uc, uc_mem_type type, uint64_t at,
                         int size, int64_t value, void *arg)
{
    (void)type, (void)value;
    count_block(uc, at, (uint32_t)size, arg);
}

typedef uc_err hook_add(uc_engine *uc, uc_hook *hook, int type, void *fn,
                        void *arg, uint64_t begin, uint64_t end, ...);
hook_add __real_uc_hook_add, __wrap_uc_hook_add;

/* The engine's own hook for blocks brings ours with it. */
uc_err __wrap_uc_hook_add(uc_engine *uc, uc_hook *hook, int type, void *fn,
                          void *arg, uint64_t begin, uint64_t end, ...)
{
    uc_hook ours;

    if ( type == UC_HOOK_BLOCK && count_executed )
    {
        (void)!__real_uc_hook_add(uc, &ours, type, (void *)count_block, NULL,
                                  1, 0);
        (void)!__real_uc_hook_add(uc, &ours,
                                  UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE,
                                  (void *)count_access, NULL, 1, 0);
    }
    if ( type == UC_HOOK_INSN )
    {
        va_list ap;
        int insn;

        va_start(ap, end);
        insn = va_arg(ap, int);
        va_end(ap);
        return __real_uc_hook_add(uc, hook, type, fn, arg, begin, end, insn);
    }
    return __real_uc_hook_add(uc, hook, type, fn, arg, begin, end);
}

/* Until it has executed so many, has ended or waits for an event. */
static inline void await_executed(struct domain *d, uint64_t nr)
{
    uint64_t start = __atomic_load_n(&executed, __ATOMIC_RELAXED);

    fixture_await(__atomic_load_n(&executed, __ATOMIC_RELAXED) - start >= nr ||
                domain_is_shut_down(d) ||
                READ_ONCE(domain_vcpu(d, 0)->flags) & VCPU_BLOCKED);
}

#endif
