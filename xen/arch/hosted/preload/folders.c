/* SPDX-License-Identifier: MIT */
/* Functions of libc that read folders: see preload.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "preload.h"

EXPORT DIR *opendir(const char *path)
{
    char buf[PATH_MAX];
    const char *ours = stand_in(AT_FDCWD, path, buf);

    return NEXT(opendir)(ours ? ours : path);
}

/*
 * A device is an empty file in the run's folder.  Its name is looked at first, for
 * this is done for all that programs read of folders.
 */
static void correct(DIR *d, const char *name, unsigned char *type)
{
    char buf[PATH_MAX];
    const char *ours;

    if ( *type != DT_REG || !is_device_name(name) )
        return;
    ours = stand_in_of(dirfd(d), buf);
    if ( ours && file_system_of(ours) == FS_DEV )
        *type = DT_CHR;
}

EXPORT struct dirent *readdir(DIR *d)
{
    struct dirent *e = NEXT(readdir)(d);

    if ( e )
        correct(d, e->d_name, &e->d_type);
    return e;
}

/* The structures with 64 are the same. */
EXPORT struct dirent64 *readdir64(DIR *d)
{
    return (struct dirent64 *)readdir(d);
}

/* scandir() asks this of each entry before it keeps a copy. */
static __thread int (*wanted)(const struct dirent *e);

static int is_wanted(const struct dirent *e)
{
    if ( e->d_type == DT_REG && is_device_name(e->d_name) )
        ((struct dirent *)(uintptr_t)e)->d_type = DT_CHR;
    return wanted ? wanted(e) : 1;
}

EXPORT int scandir(const char *path, struct dirent ***list,
                   int (*filter)(const struct dirent *e),
                   int (*compare)(const struct dirent **a,
                                  const struct dirent **b))
{
    int (*outer)(const struct dirent *e) = wanted;
    char buf[PATH_MAX];
    const char *ours = stand_in(AT_FDCWD, path, buf);
    int rc;

    if ( !ours || file_system_of(ours) != FS_DEV )
        return NEXT(scandir)(ours ? ours : path, list, filter, compare);
    wanted = filter;
    rc = NEXT(scandir)(ours, list, is_wanted, compare);
    wanted = outer;
    return rc;
}

EXPORT int scandir64(const char *path, struct dirent64 ***list,
                     int (*filter)(const struct dirent64 *e),
                     int (*compare)(const struct dirent64 **a,
                                    const struct dirent64 **b))
{
    return scandir(path, (struct dirent ***)(void *)list,
                   (int (*)(const struct dirent *))(void *)filter,
                   (int (*)(const struct dirent **,
                            const struct dirent **))(void *)compare);
}

static void close_folder(void *d)
{
    closedir(d);
}

/* libc's glob() calls its own functions; this one calls those above. */
EXPORT int glob(const char *pattern, int flags,
                int (*errfunc)(const char *path, int err), glob_t *g)
{
    int rc;

    if ( !getenv(WIRE_ROOT_ENV) )
        return NEXT(glob)(pattern, flags, errfunc, g);
    if ( !(flags & GLOB_ALTDIRFUNC) )
    {
        g->gl_opendir = (void *(*)(const char *))opendir;
        g->gl_readdir = (struct dirent *(*)(void *))readdir;
        g->gl_closedir = close_folder;
        g->gl_stat = stat;
        g->gl_lstat = lstat;
    }
    rc = NEXT(glob)(pattern, flags | GLOB_ALTDIRFUNC, errfunc, g);
    return rc;
}

EXPORT int glob64(const char *pattern, int flags,
                  int (*errfunc)(const char *path, int err), glob64_t *g)
{
    return glob(pattern, flags, errfunc, (glob_t *)g);
}
