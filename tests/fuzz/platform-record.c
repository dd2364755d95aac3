/* SPDX-License-Identifier: MIT */
/*
 * Single records of a context, each by its device's own functions: saved, mostly
 * damaged, loaded, saved again.
 */
#include "platform.h"

#include <hv/hvm-save.h>
#include <xen/hvm/save.h>

#define MAX_RECORD 8192

/* ---- how many were loaded ---- */

static uint64_t taken[HVM_SAVE_CODE_MAX + 1], refused[HVM_SAVE_CODE_MAX + 1];

void platform_count_load(unsigned int code, long rc)
{
    if ( code <= HVM_SAVE_CODE_MAX )
        (rc ? refused : taken)[code]++;
}

void platform_print_loads(void)
{
    for ( unsigned int i = 0; i <= HVM_SAVE_CODE_MAX; i++ )
        if ( taken[i] || refused[i] )
            printf("record %2u: %9lu damaged ones loaded, %9lu of them refused\n",
                   i, taken[i] + refused[i], refused[i]);
}

/* ---- a record ---- */

static uint64_t record_data[3][MAX_RECORD / 8];

static uint32_t save(const struct hvm_record *r, unsigned int instance,
                     uint64_t *data)
{
    memset(data, 0, MAX_RECORD);
    return r->save(&platform, instance, data);
}

/*
 * What the loaded state is saved as must load, and be the same again.  Other
 * than that a local APIC's two records belong together, and a one-shot count
 * that was over begins anew.
 */
static void stays(const struct hvm_record *r, unsigned int i,
                  const uint64_t *before)
{
    uint64_t *first = record_data[1], *second = record_data[2];
    uint32_t len = save(r, i, first);

    if ( before && (r->code != HVM_SAVE_CODE(LAPIC_REGS)) &&
         memcmp(before, first, MAX_RECORD) )
        fuzz_fail("record %u is loaded as something else\n", r->code);
    if ( r->code == HVM_SAVE_CODE(LAPIC) || !len )
        return;
    if ( r->load(&platform, i, first) )
        fuzz_fail("record %u does not load\n", r->code);
    if ( save(r, i, second) != len || memcmp(first, second, MAX_RECORD) )
        fuzz_fail("record %u changes by being loaded\n", r->code);
}

static void damage(struct input *in, uint64_t *data, uint32_t size)
{
    for ( unsigned int n = 1 + in_below(in, 4); n--; )
    {
        uint8_t *at = (uint8_t *)data + in_bytes(in, 2) % size;

        if ( in8(in) & 1 )
            *at ^= (uint8_t)(1U << in_below(in, 8));
        else
            *at = in8(in);
    }
}

void platform_record(struct input *in)
{
    unsigned int nr, i;
    const struct hvm_record *r = platform_records(&nr);
    bool damaged = in8(in) & 1;
    uint32_t len;
    int rc;

    r += in_below(in, nr);
    i = in_below(in, r->instances == RECORD_PER_VCPU ? PLATFORM_VCPUS
                                                     : r->instances);
    len = save(r, i, record_data[0]);
    if ( !len && !damaged )
        return;
    if ( !damaged && r->code == HVM_SAVE_CODE(LAPIC) )
        return; /* without the other it is half */
    if ( damaged )
        damage(in, record_data[0], r->size);
    memcpy(record_data[1], record_data[0], MAX_RECORD);
    (void)save(r, i, record_data[2]);
    rc = r->load(&platform, i, record_data[1]);
    if ( damaged )
        platform_count_load(r->code, rc);
    if ( !rc )
        stays(r, i, damaged ? NULL : record_data[0]);
    else if ( !damaged )
        fuzz_fail("record %u does not load\n", r->code);
    else if ( save(r, i, record_data[1]),
              memcmp(record_data[1], record_data[2], MAX_RECORD) )
        fuzz_fail("record %u is refused and changes something\n", r->code);
    model_accept();
}
