/* SPDX-License-Identifier: MIT */
/*
 * Functions of libc that walk a tree of folders, by functions of libc's own: they
 * are given stand-ins, and what they say of these is changed.  See preload.h.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fts.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preload.h"

/* ---- ftw, nftw ---- */

static __thread struct {
    __nftw_func_t nftw;
    __ftw_func_t ftw;
} visitor;

static const char *as_known(const char *path, const struct stat *st,
                            struct stat *copy)
{
    *copy = *st;
    if ( is_device(path) )
        make_device(path, copy);
    return original(path) ? original(path) : path;
}

static int visit(const char *path, const struct stat *st, int type,
                 struct FTW *where)
{
    struct FTW w = *where;
    struct stat copy;
    const char *name = as_known(path, st, &copy);

    w.base -= (int)(name - path);
    return visitor.nftw(name, &copy, type, &w);
}

static int visit_old(const char *path, const struct stat *st, int type)
{
    struct stat copy;
    const char *name = as_known(path, st, &copy);

    return visitor.ftw(name, &copy, type);
}

EXPORT int nftw(const char *path, __nftw_func_t fn, int open, int flags)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);
    __nftw_func_t outer = visitor.nftw;
    int rc;

    if ( !ours )
        return NEXT(nftw)(path, fn, open, flags);
    visitor.nftw = fn;
    rc = NEXT(nftw)(ours, visit, open, flags);
    visitor.nftw = outer;
    return rc;
}

EXPORT int ftw(const char *path, __ftw_func_t fn, int open)
{
    char buf[PATH_MAX];
    const char *ours = followed(AT_FDCWD, path, buf);
    __ftw_func_t outer = visitor.ftw;
    int rc;

    if ( !ours )
        return NEXT(ftw)(path, fn, open);
    visitor.ftw = fn;
    rc = NEXT(ftw)(ours, visit_old, open);
    visitor.ftw = outer;
    return rc;
}

/* struct stat64 is the same as struct stat. */
EXPORT int nftw64(const char *path, __nftw64_func_t fn, int open, int flags)
{
    return nftw(path, (__nftw_func_t)(void *)fn, open, flags);
}

EXPORT int ftw64(const char *path, __ftw64_func_t fn, int open)
{
    return ftw(path, (__ftw_func_t)(void *)fn, open);
}

/* ---- fts ---- */

/*
 * A walk that begins at a place of ours.  The entry that was read last has the
 * path that the program knows; libc needs its own again before it goes on.
 */
struct walk {
    FTS *fts;
    FTSENT *last;
    char *path, *access; /* libc's */
    struct walk *next;
};

static pthread_mutex_t walks_lock = PTHREAD_MUTEX_INITIALIZER;
static struct walk *walks; /* [walks_lock] */

static struct walk *find_walk(const FTS *fts)
{
    struct walk *w;

    pthread_mutex_lock(&walks_lock);
    for ( w = walks; w && w->fts != fts; w = w->next )
        ;
    pthread_mutex_unlock(&walks_lock);
    return w;
}

/* The walk, with libc's paths in it, or NULL. */
static struct walk *resume(const FTS *fts)
{
    struct walk *w = find_walk(fts);

    if ( w && w->last )
    {
        w->last->fts_path = w->path;
        w->last->fts_accpath = w->access;
        w->last = NULL;
    }
    return w;
}

static void show_as_known(struct walk *w, FTSENT *e)
{
    const char *name = original(e->fts_path);

    if ( !name )
        return;
    w->last = e;
    w->path = e->fts_path;
    w->access = e->fts_accpath;
    if ( is_device(e->fts_path) && e->fts_info == FTS_F )
    {
        e->fts_info = FTS_DEFAULT;
        if ( e->fts_statp )
            as_known(e->fts_path, e->fts_statp, e->fts_statp);
    }
    e->fts_path += name - w->path;
    if ( original(e->fts_accpath) )
        e->fts_accpath += name - w->path;
}

static FTS *open_walk(char *const *ours, int flags,
                      int (*compare)(const FTSENT **a, const FTSENT **b))
{
    struct walk *w = malloc(sizeof(*w));
    FTS *fts = w ? NEXT(fts_open)(ours, flags, compare) : NULL;

    if ( !fts )
    {
        free(w);
        return NULL;
    }
    pthread_mutex_lock(&walks_lock);
    *w = (struct walk){ .fts = fts, .next = walks };
    walks = w;
    pthread_mutex_unlock(&walks_lock);
    return fts;
}

/* The list with stand-ins, each in a buffer behind it: one piece of memory. */
static char **with_stand_ins(char *const *list, size_t nr)
{
    char **ours = malloc((nr + 1) * sizeof(*ours) + nr * PATH_MAX);
    char *room = (char *)(ours + nr + 1);

    for ( size_t i = 0; ours && i <= nr; i++, room += PATH_MAX )
        ours[i] = list[i] && followed(AT_FDCWD, list[i], room) ? room : list[i];
    return ours;
}

EXPORT FTS *fts_open(char *const *list, int flags,
                     int (*compare)(const FTSENT **a, const FTSENT **b))
{
    char buf[PATH_MAX], **ours;
    bool any = false;
    size_t nr = 0;
    FTS *fts;

    for ( ; list[nr]; nr++ )
        any |= followed(AT_FDCWD, list[nr], buf) != NULL;
    if ( !any )
        return NEXT(fts_open)(list, flags, compare);
    ours = with_stand_ins(list, nr);
    fts = ours ? open_walk(ours, flags, compare) : NULL;
    free(ours);
    return fts;
}

EXPORT FTSENT *fts_read(FTS *fts)
{
    struct walk *w = resume(fts);
    FTSENT *e = NEXT(fts_read)(fts);

    if ( w && e )
        show_as_known(w, e);
    return e;
}

EXPORT FTSENT *fts_children(FTS *fts, int options)
{
    resume(fts);
    return NEXT(fts_children)(fts, options);
}

EXPORT int fts_close(FTS *fts)
{
    struct walk *w = resume(fts), **p = &walks;

    pthread_mutex_lock(&walks_lock);
    while ( w && *p != w )
        p = &(*p)->next;
    if ( w )
        *p = w->next;
    pthread_mutex_unlock(&walks_lock);
    free(w);
    return NEXT(fts_close)(fts);
}

/* The structures with 64 are the same. */
EXPORT FTS64 *fts64_open(char *const *list, int flags,
                         int (*compare)(const FTSENT64 **a, const FTSENT64 **b))
{
    return (FTS64 *)fts_open(list, flags, (int (*)(const FTSENT **,
                                                   const FTSENT **))(void *)
                                              compare);
}

EXPORT FTSENT64 *fts64_read(FTS64 *fts)
{
    return (FTSENT64 *)fts_read((FTS *)fts);
}

EXPORT FTSENT64 *fts64_children(FTS64 *fts, int options)
{
    return (FTSENT64 *)fts_children((FTS *)fts, options);
}

EXPORT int fts64_close(FTS64 *fts)
{
    return fts_close((FTS *)fts);
}
