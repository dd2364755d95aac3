/* SPDX-License-Identifier: MIT */
/*
 * Grants between two guests and domain 0, while the granting guest changes
 * its entries, its status words, its table's version and the memory it has
 * granted, at any moment: also while a call on them gives way.
 */
#include "gen.h"

#include "../../xen/common/gnttab-private.h"

static const struct gen_mix mix[] = {
    { gen_grant_table_op, GUESTS }, { gen_grant_table_op, GUESTS },
    { gen_grant_table_op, GUESTS }, { gen_grant_table_op, ANYONE },
    { gen_grant_table_op, CONTROL }, { gen_grant_table_op, ANYONE },
    { gen_memory_op, ANYONE },      { gen_domctl, CONTROL },
};

static void one_operation(struct input *in)
{
    switch ( in8(in) )
    {
    case 0x80 ... 0xcf:
        gen_grant_entry(in);
        break;
    case 0xd0 ... 0xdf:
        gen_guest_write(in);
        break;
    case 0xe0 ... 0xe7:
        gen_client(in);
        break;
    default:
        gen_call(in, mix, ARRAY_SIZE(mix));
        break;
    }
}

struct look {
    struct domain *d;
    unsigned int version, pinned;
};

static void look(struct look looks[FUZZ_NR])
{
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
    {
        struct domain *d = fuzz_dom[i].d;

        looks[i] = (struct look){ d, d ? d->grant->version : 0,
                                  d ? d->grant->nr_pinned_unreserved : 0 };
    }
}

/* No table changes its version under a grant that is in use. */
static void check_versions(const struct look *before)
{
    struct look now[FUZZ_NR];

    look(now);
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
        if ( now[i].d == before[i].d && before[i].pinned &&
             now[i].version != before[i].version )
            fuzz_fail("d%u changed its version with %u grants in use\n",
                      fuzz_dom[i].id, before[i].pinned);
}

/* Between calls what is pinned is mapped, and so a whole page. */
static void check_pins(void)
{
    for ( unsigned int i = 0; i < FUZZ_NR; i++ )
    {
        const struct ptr_array *a = fuzz_dom[i].d
                                        ? &fuzz_dom[i].d->grant->active : NULL;

        const struct active_entry *act;

        for ( unsigned int c = 0;
              a && (act = ptr_array_next(a, &c)) != NULL; c++ )
            for ( unsigned int j = 0; j < ACTIVE_PER_CHUNK; j++ )
                if ( pin_flags(&act[j]) && act[j].sub_page )
                    fuzz_fail("d%u: a part of a page is mapped as a whole\n",
                              fuzz_dom[i].id);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, data + size };

    fuzz_start(1U << FUZZ_DOM0 | 1U << FUZZ_GUEST | 1U << FUZZ_OTHER);
    while ( in_more(&in) )
    {
        uint64_t nested = fuzz_nested;
        struct look before[FUZZ_NR];

        look(before);
        one_operation(&in);
        if ( nested == fuzz_nested )
            check_versions(before);
        if ( fuzz_ops % 16 == 0 )
            check_pins();
        fuzz_step_done();
    }
    fuzz_end();
    return 0;
}
