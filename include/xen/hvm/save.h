/* SPDX-License-Identifier: MIT */
/*
 * The state of an HVM or PVH domain as XEN_DOMCTL_gethvmcontext gives it and
 * XEN_DOMCTL_sethvmcontext takes it: records, each behind a descriptor, the
 * first a HEADER, the last an END.
 */
#ifndef __XEN_PUBLIC_HVM_SAVE_H__
#define __XEN_PUBLIC_HVM_SAVE_H__

#include <stdint.h>

struct hvm_save_descriptor
{
    uint16_t typecode; /* HVM_SAVE_CODE()          */
    uint16_t instance; /* vCPU, or 0               */
    uint32_t length;   /* bytes of the record      */
};

/*
 * Bind a record's name to its number and its C type, so that the macros
 * below answer from the name alone.  The _COMPAT form is for a record that
 * was shorter once: its cpt has two elements.
 */
#define DECLARE_HVM_SAVE_TYPE_COMPAT(_x, _code, _type, _ctype, _fix) \
    __extension__ struct __HVM_SAVE_TYPE_##_x                        \
    {                                                                \
        _type t;                                                     \
        char c[_code];                                               \
        char cpt[2];                                                 \
    }
#define DECLARE_HVM_SAVE_TYPE(_x, _code, _type) \
    __extension__ struct __HVM_SAVE_TYPE_##_x   \
    {                                           \
        _type t;                                \
        char c[_code];                          \
        char cpt[1];                            \
    }

#define HVM_SAVE_TYPE(_x) __typeof__(((struct __HVM_SAVE_TYPE_##_x *)(0))->t)
#define HVM_SAVE_LENGTH(_x) (sizeof(HVM_SAVE_TYPE(_x)))
#define HVM_SAVE_CODE(_x) (sizeof(((struct __HVM_SAVE_TYPE_##_x *)(0))->c))

/* The end is number 0 and empty. */
__extension__ struct hvm_save_end
{
};
DECLARE_HVM_SAVE_TYPE(END, 0, struct hvm_save_end);

#include "../arch-x86/hvm/save.h"

#endif
