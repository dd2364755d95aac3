/* SPDX-License-Identifier: MIT */
/*
 * Paths.  The machine's folder has a stand-in for each file in /dev/xen and
 * /proc/xen, so that every function of libc that takes a path finds a file.
 * Paths are compared as text: . and .. and doubled slashes are understood,
 * symbolic links to /dev are not.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload.h"

static const char *const names[] = {
    [WIRE_PRIVCMD] = "/dev/privcmd",   [WIRE_HYPERCALL] = "/dev/hypercall",
    [WIRE_EVTCHN] = "/dev/evtchn",     [WIRE_GNTDEV] = "/dev/gntdev",
    [WIRE_GNTALLOC] = "/dev/gntalloc", [WIRE_NR_FILES] = "/proc/privcmd",
};

static const char *folder(void)
{
    const char *f = getenv(WIRE_NAMES_ENV);

    return f && *f == '/' ? f : NULL;
}

/* Can the path be one of ours?  For most paths this check is the only cost. */
static bool may_be_ours(const char *path)
{
    const char *last = strrchr(path, '/');

    if ( strstr(path, "xen") )
        return true;
    last = last ? last + 1 : path;
    for ( unsigned int i = 0; i < WIRE_NR_FILES; i++ )
        if ( !strcmp(last, strrchr(names[i], '/') + 1) )
            return true;
    return !strcmp(last, "capabilities") || !strcmp(last, ".") ||
           !strcmp(last, "..");
}

/* The folder that relative paths start from, as a path. */
static bool start_of(int dirfd, char buf[PATH_MAX])
{
    char link[40], text[PATH_MAX], *swap;
    ssize_t len;

    if ( dirfd == AT_FDCWD )
        strcpy(link, "/proc/self/cwd");
    else
        snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
    len = syscall(SYS_readlink, link, text, sizeof(text) - 1);
    if ( len <= 0 || text[0] != '/' )
        return false;
    text[len] = '\0';
    swap = folder() && !strncmp(text, folder(), strlen(folder()))
               ? text + strlen(folder()) : NULL;
    return swap ? original(text, buf) != NULL : (strcpy(buf, text), true);
}

/* Lexically, without doubled slashes, "." and "..". */
static bool normalize(const char *path, char out[PATH_MAX])
{
    size_t len = 0;

    while ( *path )
    {
        size_t n = strcspn(path, "/");

        if ( n == 2 && !strncmp(path, "..", 2) )
            while ( len && out[--len] != '/' )
                ;
        else if ( n && !(n == 1 && *path == '.') )
        {
            if ( len + n + 3 > PATH_MAX )
                return false;
            out[len++] = '/';
            memcpy(out + len, path, n);
            len += n;
        }
        path += n;
        path += *path == '/';
    }
    out[len] = '\0';
    return true;
}

const char *stand_in(int dirfd, const char *path, char buf[PATH_MAX])
{
    char whole[2 * PATH_MAX + 2], text[PATH_MAX];
    const char *rest, *kind;

    if ( !path || !*path || !folder() || !may_be_ours(path) ||
         strlen(path) >= PATH_MAX )
        return NULL;
    if ( *path == '/' )
        strcpy(whole, path);
    else if ( start_of(dirfd, whole) )
        strcat(strcat(whole, "/"), path);
    else
        return NULL;
    if ( !normalize(whole, text) )
        return NULL;
    if ( !strncmp(text, "/dev/xen", 8) )
        kind = "/dev", rest = text + 8;
    else if ( !strncmp(text, "/proc/xen", 9) )
        kind = "/proc", rest = text + 9;
    else
        return NULL;
    if ( (*rest && *rest != '/') ||
         snprintf(buf, PATH_MAX, "%s%s%s%s", folder(), kind, rest,
                  path[strlen(path) - 1] == '/' ? "/" : "") >= PATH_MAX )
        return NULL;
    return buf;
}

int kind_of(const char *path)
{
    for ( int i = 0; path && i <= WIRE_NR_FILES; i++ )
        if ( !strcmp(path + strlen(folder()), names[i]) )
            return i < WIRE_NR_FILES ? i : WIRE_PRIVCMD;
    return -1;
}

bool is_device(const char *path)
{
    return kind_of(path) >= 0 && !strncmp(path + strlen(folder()), "/dev", 4);
}

const char *original(const char *path, char buf[PATH_MAX])
{
    const char *rest = path + strlen(folder());
    size_t n = strncmp(rest, "/dev", 4) ? 5 : 4;

    if ( n == 5 && strncmp(rest, "/proc", 5) )
        return NULL;
    return snprintf(buf, PATH_MAX, "%.*s/xen%s", (int)n, rest, rest + n) <
           PATH_MAX ? buf : NULL;
}
