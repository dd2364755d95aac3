/* SPDX-License-Identifier: MIT */
/*
 * A guest's context as a broken or hostile stream has it: records damaged, left
 * out, repeated, of a wrong length or of another time, and contexts that are cut.
 * What is demanded stands in platform.h; no object is left behind.  Prints at its
 * end how many records of each code were changed and loaded.
 */
#include "platform.h"

static void wake(void)
{
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        vcpu_wake(&platform_vcpu[i]);
}

static void record(struct input *in)
{
    platform_record(in);
    wake();
}

static void context(struct input *in)
{
    uint64_t objects = hosted_heap_objects();

    platform_context(in);
    if ( hosted_heap_objects() != objects )
        fuzz_fail("a context leaves objects: %lu, then %lu\n", objects,
                  hosted_heap_objects());
    model_accept();
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        vcpu_up(&platform_vcpu[i]);
    wake();
}

/* So that records of another time differ. */
static void registers(struct input *in)
{
    platform_cpu_write(&platform_vcpu[in_below(in, PLATFORM_VCPUS)], in);
}

static void line(struct input *in)
{
    (void)platform_set_isa_irq(&platform, in_below(in, 16), in8(in) & 1);
}

static void pass(struct input *in)
{
    platform_pass(in_bytes(in, 3));
}

static void (*const operations[])(struct input *in) = {
    record, context, context, context, context, context, context, registers,
    registers, line, pass,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };
    static bool will_print;

    if ( !will_print )
        atexit(platform_print_loads);
    will_print = true;
    platform_begin(XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI);
    for ( unsigned int i = 0; i < PLATFORM_VCPUS; i++ )
        platform_cpu_write(&platform_vcpu[i], &in);
    platform_context_begin();
    while ( in_more(&in) )
    {
        unsigned int i = in_below(&in, ARRAY_SIZE(operations));

        platform_operation(operations[i], operations[i] == pass, &in);
    }
    platform_end();
    return 0;
}
