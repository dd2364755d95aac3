/* SPDX-License-Identifier: MIT */
/* A CPU policy that shows XSAVE, and little else. */
#ifndef TEST_POLICY_H
#define TEST_POLICY_H

#include <hv/cpu-policy.h>

#include <x86/defns.h>

#define NO_LEAF XEN_CPUID_NO_SUBLEAF
#define LEAF(n, s, ra, rb, rc, rd)                                           \
    { .leaf = n, .subleaf = s, .a = ra, .b = rb, .c = rc, .d = rd }

static struct cpu_policy policy;

/* The states of XCR0 that CPUID shows: 0 no XSAVE. */
static void guest_sees(uint32_t states)
{
    policy = (struct cpu_policy){
        .nr_leaves = 3,
        .leaf = {
            LEAF(0, NO_LEAF, 0xd, 0, 0, 0),
            LEAF(1, NO_LEAF, 0, 0, states ? CPUID_1C_XSAVE : 0, ~0U),
            LEAF(0xd, 0, states, 0, 0, 0),
        },
    };
}

#endif
