/* SPDX-License-Identifier: MIT */
/*
 * Event channels while their owners write random values into event words,
 * control blocks and shared pages: the hypervisor may lose or repeat events of
 * such an owner, but never trusts a link in an event word.
 *
 * The words and blocks are in the memory that gen_guest_write() writes to.
 */
#include "gen.h"

static const struct gen_mix mix[] = {
    { gen_event_channel_op, GUESTS }, { gen_event_channel_op, GUESTS },
    { gen_event_channel_op, GUESTS }, { gen_event_channel_op, ANYONE },
    { gen_event_channel_op, ANYONE }, { gen_sched_op, GUESTS },
    { gen_vcpu_op, GUESTS },          { gen_memory_op, GUESTS },
    { gen_dm_op, 1U << FUZZ_DOM0 },
};

static void one_operation(struct input *in)
{
    switch ( in8(in) )
    {
    case 0x80 ... 0xdf:
        gen_guest_write(in);
        break;
    case 0xe0 ... 0xe7:
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

    fuzz_start(1U << FUZZ_DOM0 | 1U << FUZZ_GUEST | 1U << FUZZ_OTHER);
    while ( in_more(&in) )
    {
        one_operation(&in);
        fuzz_step_done();
    }
    fuzz_end();
    return 0;
}
