/* SPDX-License-Identifier: MIT */
/*
 * Paths.  The machine's folder has a file, the stand-in, for each file that the
 * machine provides, so that every function of libc that takes a path finds a
 * file.  Paths are compared as text: . and .. and doubled slashes are
 * understood, symbolic links to /dev are not.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload.h"

static const struct {
    const char *path;
    int kind;
} files[] = {
    { "/dev/xen/privcmd", WIRE_PRIVCMD },
    { "/dev/xen/hypercall", WIRE_HYPERCALL },
    { "/dev/xen/evtchn", WIRE_EVTCHN },
    { "/dev/xen/gntdev", WIRE_GNTDEV },
    { "/dev/xen/gntalloc", WIRE_GNTALLOC },
    { "/dev/xen/xenbus", WIRE_XENBUS },
    { "/dev/xen/xenbus_backend", WIRE_XENBUS_BACKEND },
    { "/proc/xen/privcmd", WIRE_PRIVCMD },
    { "/proc/xen/xenbus", WIRE_XENBUS },
    { "/proc/xen/xsd_kva", WIRE_XSD_KVA },
};
#define NR_FILES (sizeof(files) / sizeof(files[0]))

/*
 * What the machine provides: a folder with all that is in it, or, with a dot at
 * the end, all files whose names begin so.
 */
static const char *const kernel_places[] = {
    "/dev/xen", "/proc/xen", "/sys/bus/xen-backend", "/sys/hypervisor", NULL,
};
static const char *const toolstack_places[] = {
    "/etc/xen", "/run/lock/xenconsole.", "/run/lock/xl", "/run/xen",
    "/run/xenstored", "/usr/lib/ipxe/qemu", "/usr/lib/xen-4.17",
    "/usr/libexec/xen-qemu-system-i386", "/usr/share/qemu", "/usr/share/seabios",
    "/var/lib/xen", "/var/lib/xenstored", "/var/log/xen", NULL,
};

/* NULL: the program does not run in a machine. */
static const char *root(void)
{
    const char *f = getenv(WIRE_ROOT_ENV);

    return f && *f == '/' ? f : NULL;
}

static bool is_in(const char *path, const char *place)
{
    size_t len = strlen(place);

    return !strncmp(path, place, len) &&
           (!path[len] || path[len] == '/' || place[len - 1] == '.');
}

static bool is_in_one_of(const char *path, const char *const *place)
{
    while ( *place && !is_in(path, *place) )
        place++;
    return *place;
}

/* Can the path be one of ours?  For most paths this check is the only cost. */
static bool may_be_ours(const char *path)
{
    const char *last = strrchr(path, '/');

    if ( strstr(path, "xen") || strstr(path, "hypervisor") ||
         strstr(path, "qemu") || strstr(path, "seabios") )
        return true;
    last = last ? last + 1 : path;
    for ( unsigned int i = 0; i < NR_FILES; i++ )
        if ( !strcmp(last, strrchr(files[i].path, '/') + 1) )
            return true;
    return !strcmp(last, "capabilities") || !strcmp(last, "xsd_port") ||
           !strcmp(last, "xl") || !strcmp(last, ".") || !strcmp(last, "..");
}

/* The folder that relative paths start from, as a path. */
static bool start_of(int dirfd, char buf[PATH_MAX])
{
    char link[40], text[PATH_MAX];
    const char *path;
    ssize_t len;

    if ( dirfd == AT_FDCWD )
        strcpy(link, "/proc/self/cwd");
    else
        snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
    len = real_call(SYS_readlink, link, text, sizeof(text) - 1);
    if ( len <= 0 || text[0] != '/' )
        return false;
    text[len] = '\0';
    path = original(text);
    strcpy(buf, path ? path : text);
    return true;
}

static bool is_file(const char *path, size_t len)
{
    for ( unsigned int i = 0; i < NR_FILES; i++ )
        if ( strlen(files[i].path) == len && !strncmp(path, files[i].path, len) )
            return true;
    return false;
}

/*
 * Lexically, without doubled slashes, "." and ".."; what goes on behind a file of
 * ours ends there with "/.", which is no folder.
 */
static bool normalize(const char *path, char out[PATH_MAX])
{
    size_t len = 0;

    while ( *path )
    {
        size_t n = strcspn(path, "/");

        if ( n && is_file(out, len) )
        {
            strcpy(out + len, "/.");
            return true;
        }
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

/* Without Debian's links from /var/run to /run and from /var/lock to /run/lock. */
static const char *without_links(char text[PATH_MAX])
{
    if ( is_in(text, "/var/run") )
        return text + strlen("/var");
    if ( !is_in(text, "/var/lock") )
        return text;
    return memcpy(text, "/run", 4); /* as long as "/var" */
}

const char *stand_in(int dirfd, const char *path, char buf[PATH_MAX])
{
    char whole[2 * PATH_MAX + 2], text[PATH_MAX];
    const char *name;

    if ( !path || !*path || !root() || !may_be_ours(path) ||
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
    name = without_links(text);
    if ( !is_in_one_of(name, kernel_places) &&
         !(getenv(WIRE_TOOLSTACK_ENV) && is_in_one_of(name, toolstack_places)) )
        return NULL;
    return snprintf(buf, PATH_MAX, "%s%s%s", root(), name,
                    path[strlen(path) - 1] == '/' ? "/" : "") < PATH_MAX
               ? buf : NULL;
}

/* ---- paths of descriptors ---- */

/* The number after the prefix, which is all that follows, or -1. */
static int number_after(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    unsigned long n;
    char *end;

    if ( strncmp(path, prefix, len) || path[len] < '0' || path[len] > '9' )
        return -1;
    n = strtoul(path + len, &end, 10);
    return *end || n > INT_MAX ? -1 : (int)n;
}

int descriptor_of(const char *path)
{
    static const char *const standard[] = { "/dev/stdin", "/dev/stdout",
                                            "/dev/stderr" };
    char own[40];
    int fd;

    if ( !path || *path != '/' || !root() )
        return -1;
    for ( int i = 0; i < 3; i++ )
        if ( !strcmp(path, standard[i]) )
            return i;
    if ( !strstr(path, "/fd/") )
        return -1;
    snprintf(own, sizeof(own), "/proc/%d/fd/", (int)getpid());
    fd = number_after(path, "/proc/self/fd/");
    if ( fd < 0 )
        fd = number_after(path, "/dev/fd/");
    if ( fd < 0 )
        fd = number_after(path, "/proc/thread-self/fd/");
    return fd < 0 ? number_after(path, own) : fd;
}

/* A device has the same driver under several names: by which it was opened. */
static const char *name_of_file(const struct file *f)
{
    const char *name = NULL;

    for ( unsigned int i = 0; i < NR_FILES; i++ )
        if ( files[i].kind == f->kind &&
             (!name || (f->flags & WIRE_IN_PROC &&
                        is_in(files[i].path, "/proc"))) )
            name = files[i].path;
    return name;
}

const char *stand_in_of(int fd, char buf[PATH_MAX])
{
    long rc;
    struct file *f = root() ? file_get(fd, &rc) : NULL;
    char link[40];
    ssize_t len;

    if ( f )
    {
        snprintf(buf, PATH_MAX, "%s%s", root(), name_of_file(f));
        file_put(f);
        return buf;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = real_call(SYS_readlink, link, buf, PATH_MAX - 1);
    if ( len <= 0 )
        return NULL;
    buf[len] = '\0';
    return original(buf) ? buf : NULL;
}

const char *followed(int dirfd, const char *path, char buf[PATH_MAX])
{
    int fd = descriptor_of(path);

    return fd >= 0 ? stand_in_of(fd, buf) : stand_in(dirfd, path, buf);
}

/* ---- stand-ins ---- */

int kind_of(const char *path)
{
    const char *name = path ? original(path) : NULL;

    for ( unsigned int i = 0; name && i < NR_FILES; i++ )
        if ( !strcmp(name, files[i].path) )
            return files[i].kind;
    return -1;
}

bool is_device_name(const char *name)
{
    for ( unsigned int i = 0; i < NR_FILES; i++ )
        if ( is_in(files[i].path, "/dev") &&
             !strcmp(name, strrchr(files[i].path, '/') + 1) )
            return true;
    return false;
}

bool is_device(const char *path)
{
    return kind_of(path) >= 0 && is_in(original(path), "/dev");
}

bool is_text(const char *path)
{
    const char *name = original(path);

    return name && kind_of(path) < 0 &&
           (is_in(name, "/proc") || is_in(name, "/sys"));
}

enum file_system file_system_of(const char *path)
{
    const char *name = original(path);

    return !name                 ? FS_OTHER
           : is_in(name, "/dev")  ? FS_DEV
           : is_in(name, "/proc") ? FS_PROC
           : is_in(name, "/sys")  ? FS_SYS : FS_OTHER;
}

const char *original(const char *path)
{
    size_t len = root() ? strlen(root()) : 0;

    return len && !strncmp(path, root(), len) && path[len] == '/' ? path + len
                                                                 : NULL;
}
