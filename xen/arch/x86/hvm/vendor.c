/* SPDX-License-Identifier: MIT */
/*
 * The vendors that are built in, and which of them this machine has.  No other
 * file outside a vendor's folder names a vendor.
 */
#include <hv/lib.h>

#include <x86/cpu.h>
#include <x86/hvm-vendor.h>
#include <x86/hvm.h>

extern const struct hvm_vendor svm_vendor;

static const struct hvm_vendor *const vendors[] = {
    &svm_vendor,
};

const struct hvm_vendor *vendor;

void hvm_find_vendor(void)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(vendors); i++ )
    {
        const char *why = vendors[i]->present();

        if ( !why )
        {
            vendor = vendors[i];
            return;
        }
        printk(XENLOG_ERR, "this processor cannot run guests by %s: %s\n",
               vendors[i]->name, why);
    }
    panic("no virtualisation that this processor has can be used\n");
}

const char *hvm_cpu_lacks(void)
{
    return vendor->cpu_lacks();
}

void hvm_cpu_up(struct cpu *c)
{
    vendor->cpu_up(c);
}
