/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls of guests that change between 32-bit and 64-bit code, and so
 * change the layout of what they share with the hypervisor.
 */
#include "gen.h"

#include <hv/lib.h>

static const struct gen_mix mix[] = {
    { gen_memory_op, ANYONE },     { gen_memory_op, GUESTS },
    { gen_event_channel_op, ANYONE }, { gen_event_channel_op, GUESTS },
    { gen_grant_table_op, ANYONE }, { gen_grant_table_op, GUESTS },
    { gen_hvm_op, GUESTS },        { gen_vcpu_op, GUESTS },
    { gen_sched_op, GUESTS },      { gen_misc, ANYONE },
    { gen_domctl, CONTROL },
};

/* What the run loops of vcpus write, in whatever layout. */
static void show(struct input *in)
{
    struct hypercall hc = { .nr = __HYPERVISOR_xen_version };
    enum fuzz_who who = in8(in) % FUZZ_NR;

    if ( !fuzz_be(who, in8(in)) )
        return;
    vcpu_runstate_show(current);
    vcpu_time_changed(current);
    vcpu_time_update(current);
    domain_wallclock_update(current->domain);
    (void)fuzz_call(in, &hc, NULL);
}

static void one_operation(struct input *in)
{
    unsigned int b = in8(in);

    if ( b < 0x10 )
        show(in);
    else if ( b < 0x20 )
        gen_grant_entry(in);
    else if ( b < 0x40 )
        gen_guest_write(in);
    else
    {
        fuzz_caller_32 = b & 3;
        gen_call(in, mix, ARRAY_SIZE(mix));
        fuzz_caller_32 = false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    BUG_ON((uintptr_t)fuzz_arena > UINT32_MAX);
    fuzz_start((1U << FUZZ_NR) - 1);
    while ( in_more(&in) )
    {
        one_operation(&in);
        fuzz_step_done();
    }
    fuzz_end();
    return 0;
}
