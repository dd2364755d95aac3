/* SPDX-License-Identifier: MIT */
/*
 * dm_op against a guest with live servers: buffers of any size and content,
 * from its device model, domain 0 and domains without the permission, while the
 * guest makes accesses and its memory changes.
 */
#include "gen.h"

static const struct gen_mix mix[] = {
    { gen_dm_op, 1U << FUZZ_STUB }, { gen_dm_op, 1U << FUZZ_STUB },
    { gen_dm_op, MODELS },          { gen_dm_op, MODELS },
    { gen_dm_op, 1U << FUZZ_DOM0 }, { gen_hvm_op, MODELS },
    { gen_memory_op, MODELS },
};

static void one_operation(struct input *in)
{
    switch ( in8(in) )
    {
    case 0xc0 ... 0xdf:
        gen_access(in);
        break;
    case 0xe0 ... 0xef:
        gen_client(in);
        break;
    case 0xf0 ... 0xff:
        gen_guest_write(in);
        break;
    default:
        gen_call(in, mix, ARRAY_SIZE(mix));
        break;
    }
    /* Nobody shuts a guest down for good: it would only wait. */
    if ( fuzz_dom[FUZZ_GUEST].d && in_rarely(in, 8) )
        domain_resume(fuzz_dom[FUZZ_GUEST].d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    fuzz_start(1U << FUZZ_DOM0 | 1U << FUZZ_GUEST | 1U << FUZZ_STUB);
    while ( in_more(&in) )
    {
        one_operation(&in);
        fuzz_step_done();
    }
    fuzz_end();
    return 0;
}
