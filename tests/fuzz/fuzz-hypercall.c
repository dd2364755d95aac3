/* SPDX-License-Identifier: MIT */
/*
 * All hypercalls, by all kinds of callers: two in control, one of them
 * translated, a device model, its guest, another guest.  In between guests
 * write into their memory, a client of domain 0 holds and overwrites pages that
 * it may map, and vcpus make accesses.  While a call gives way other calls run.
 */
#include "gen.h"

static const struct gen_mix mix[] = {
    { gen_memory_op, ANYONE },       { gen_memory_op, MODELS },
    { gen_event_channel_op, ANYONE }, { gen_event_channel_op, ANYONE },
    { gen_grant_table_op, ANYONE },  { gen_grant_table_op, ANYONE },
    { gen_dm_op, MODELS },           { gen_dm_op, 1U << FUZZ_STUB },
    { gen_hvm_op, MODELS },          { gen_vcpu_op, ANYONE },
    { gen_domctl, CONTROL },         { gen_domctl, CONTROL },
    { gen_sysctl, CONTROL },         { gen_sched_op, ANYONE },
    { gen_misc, ANYONE },
};

static void one_operation(struct input *in)
{
    switch ( in8(in) )
    {
    case 0xb8 ... 0xbf:
        gen_grant_entry(in);
        break;
    case 0xc0 ... 0xd7:
        gen_guest_write(in);
        break;
    case 0xd8 ... 0xe7:
        gen_client(in);
        break;
    case 0xe8 ... 0xff:
        gen_access(in);
        break;
    default:
        gen_call(in, mix, ARRAY_SIZE(mix));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    fuzz_start((1U << FUZZ_NR) - 1);
    while ( in_more(&in) )
    {
        one_operation(&in);
        fuzz_step_done();
    }
    fuzz_end();
    return 0;
}
