/* SPDX-License-Identifier: MIT */
/* What the functions of debug keys print with: hv/keys.h. */
#include <hv/domain.h>
#include <hv/keys.h>
#include <hv/lib.h>

void key_print(struct key_press *k, const char *fmt, ...)
{
    char line[200];
    va_list ap;

    if ( k->lines == KEY_LINES )
    {
        k->cut = true;
        return;
    }
    k->lines++;
    va_start(ap, fmt);
    hv_vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    printk(XENLOG_ALWAYS, "%s\n", line);
}

void key_each_domain(struct key_press *k,
                     void (*fn)(struct key_press *k, struct domain *d))
{
    unsigned int next = 0;
    struct domain *d;

    while ( !key_is_full(k) && next < DOMID_FIRST_RESERVED &&
            (d = domain_get_from((domid_t)next)) != NULL )
    {
        next = d->domain_id + 1U;
        fn(k, d);
        domain_put(d);
    }
}
