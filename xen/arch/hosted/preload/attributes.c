/* SPDX-License-Identifier: MIT */
/*
 * Functions of libc for extended attributes, which ls and cp look for: see
 * preload.h.  A stand-in can have attributes where Linux has none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "preload.h"

/* Linux' answer for an attribute of a user's, of what is there: -errno or 0. */
static long refusal(const char *ours, const char *name, bool writes)
{
    if ( !ours || !name || strncmp(name, "user.", 5) ||
         real_call(SYS_faccessat, AT_FDCWD, ours, F_OK) )
        return 0;
    switch ( file_system_of(ours) )
    {
    case FS_DEV:
        if ( is_device(ours) )
            return writes ? -EPERM : -ENODATA;
        return -EOPNOTSUPP;
    case FS_PROC:
        return -EOPNOTSUPP;
    case FS_SYS:
        return writes ? -EOPNOTSUPP : -ENODATA;
    default:
        return 0;
    }
}

#define ATTR_CALL(call, find, name, writes, ...)                              \
    char buf_[PATH_MAX];                                                      \
    const char *ours_ = find(AT_FDCWD, path, buf_);                           \
    long rc_ = refusal(ours_, name, writes);                                  \
                                                                              \
    return rc_ ? set_errno(rc_)                                               \
               : real_call(SYS_##call, ours_ ? ours_ : path, __VA_ARGS__)

EXPORT ssize_t getxattr(const char *path, const char *name, void *value,
                        size_t size)
{
    ATTR_CALL(getxattr, followed, name, false, name, value, size);
}

EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value,
                         size_t size)
{
    ATTR_CALL(lgetxattr, stand_in, name, false, name, value, size);
}

EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
    ATTR_CALL(listxattr, followed, NULL, false, list, size);
}

EXPORT ssize_t llistxattr(const char *path, char *list, size_t size)
{
    ATTR_CALL(llistxattr, stand_in, NULL, false, list, size);
}

EXPORT int setxattr(const char *path, const char *name, const void *value,
                    size_t size, int flags)
{
    ATTR_CALL(setxattr, followed, name, true, name, value, size, flags);
}

EXPORT int lsetxattr(const char *path, const char *name, const void *value,
                     size_t size, int flags)
{
    ATTR_CALL(lsetxattr, stand_in, name, true, name, value, size, flags);
}

EXPORT int removexattr(const char *path, const char *name)
{
    ATTR_CALL(removexattr, followed, name, true, name);
}

EXPORT int lremovexattr(const char *path, const char *name)
{
    ATTR_CALL(lremovexattr, stand_in, name, true, name);
}
