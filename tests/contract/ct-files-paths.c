/* SPDX-License-Identifier: MIT */
/*
 * Paths of /dev/xen, /proc/xen and /sys/hypervisor by the rest of libc's
 * functions, with buffers whose sizes the compiler knows and lengths that it does
 * not know: a program that is built with _FORTIFY_SOURCE calls other functions
 * for these.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fts.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

#include <xen/sys/privcmd.h>

#include "ct-files.h"

static volatile size_t room = PATH_MAX, four = 4;

static const struct {
    const char *path;
    long type;    /* of its file system */
    int fts;      /* what fts says it is */
} places[] = {
    { "/dev/xen", TMPFS_MAGIC, FTS_D },
    { "/dev/xen/privcmd", TMPFS_MAGIC, FTS_DEFAULT },
    { "/proc/xen", XENFS_SUPER_MAGIC, FTS_D },
    { "/proc/xen/privcmd", XENFS_SUPER_MAGIC, FTS_F },
    { "/sys/hypervisor", SYSFS_MAGIC, FTS_D },
    { "/sys/hypervisor/type", SYSFS_MAGIC, FTS_F },
};

static void file_systems(const char *path, long type)
{
    struct statvfs sv;
    struct statvfs64 sv64;
    struct statfs s;
    struct statfs64 s64;

    ct_ok(!statfs(path, &s) && s.f_type == type, "%s: statfs", path);
    ct_ok(!statfs64(path, &s64) && s64.f_type == type, "%s: statfs64", path);
    ct_expect(0, statvfs(path, &sv), "%s: statvfs", path);
    ct_expect(0, statvfs64(path, &sv64), "%s: statvfs64", path);
    ct_ok(pathconf(path, _PC_NAME_MAX) == 255, "%s: pathconf", path);
    ct_ok(ftok(path, 1) != -1, "%s: ftok", path);
}

static void times(const char *path)
{
    const struct timeval bad[2] = { { 0, 0 }, { 0, 1000000 } };

    ct_expect(0, utime(path, NULL), "%s: utime", path);
    ct_expect(0, utimes(path, NULL), "%s: utimes", path);
    ct_expect(EINVAL, utimes(path, bad), "%s: utimes, no time", path);
    ct_expect(0, lutimes(path, NULL), "%s: lutimes", path);
    ct_expect(0, futimesat(AT_FDCWD, path, NULL), "%s: futimesat", path);
}

/* ---- walks ---- */

static const char *first, *base;
static bool is_node;

static int visited(const char *path, const struct stat *st, int type,
                   struct FTW *where)
{
    static char text[PATH_MAX], name[PATH_MAX];

    (void)type;
    snprintf(text, sizeof(text), "%s", path);
    snprintf(name, sizeof(name), "%s", path + where->base);
    first = text;
    base = name;
    is_node = S_ISCHR(st->st_mode);
    return 1;
}

static int visited_old(const char *path, const struct stat *st, int type)
{
    struct FTW where = { 0, 0 };

    return visited(path, st, type, &where);
}

static void walks(const char *path, int fts)
{
    char *list[] = { (char *)path, NULL };
    FTS *walk = fts_open(list, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *e = walk ? fts_read(walk) : NULL;
    bool device = fts == FTS_DEFAULT;

    ct_ok(nftw(path, visited, 5, FTW_PHYS) == 1 && !strcmp(first, path) &&
          !strcmp(base, strrchr(path, '/') + 1) && is_node == device,
          "%s: nftw", path);
    ct_ok(ftw(path, visited_old, 5) == 1 && !strcmp(first, path) &&
          is_node == device, "%s: ftw", path);
    if ( !ct_ok(e && e->fts_info == fts && !strcmp(e->fts_path, path),
                "%s: fts", path) && e )
        ct_diag("%s: %d", e->fts_path, e->fts_info);
    while ( e )
        e = fts_read(walk);
    if ( walk )
        fts_close(walk);
}

/* ---- names ---- */

static void names_of_links(const char *path)
{
    char link[64], text[PATH_MAX], resolved[PATH_MAX], cut[4];
    int fd = open(path, O_RDWR), again, here;
    struct stat st, by_link;
    ssize_t len;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, text, room - 1);
    text[len > 0 ? len : 0] = '\0';
    ct_ok(!strcmp(text, path), "%s: readlink of its descriptor", path);
    ct_ok(readlink(link, cut, four) == 4 && !memcmp(cut, path, 4),
          "%s: readlink, cut off", path);
    here = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    ct_ok(readlinkat(here, link, text, room) == len,
          "%s: readlinkat of its descriptor", path);
    close(here);
    ct_ok(realpath(link, resolved) && !strcmp(resolved, path),
          "%s: realpath of its descriptor", path);
    ct_ok(!stat(path, &st) && !stat(link, &by_link) &&
          st.st_ino == by_link.st_ino && st.st_mode == by_link.st_mode,
          "%s: stat of its descriptor's name", path);
    ct_ok(!fstat(fd, &by_link) && st.st_ino == by_link.st_ino &&
          st.st_dev == by_link.st_dev && st.st_mode == by_link.st_mode,
          "%s: fstat", path);
    ct_ok(!lstat(link, &by_link) && S_ISLNK(by_link.st_mode),
          "%s: lstat of it", path);
    ct_expect(0, access(link, R_OK | W_OK), "%s: access by it", path);
    again = open(link, O_RDWR);
    ct_ok(again >= 0 && !fcntl(again, F_SETFL, O_APPEND) &&
          !(fcntl(fd, F_GETFL) & O_APPEND),
          "%s: opened anew by its descriptor", path);
    close(again);
    ct_expect(ELOOP, open(link, O_RDWR | O_NOFOLLOW),
              "%s: not by O_NOFOLLOW", path);
    snprintf(link, sizeof(link), "/dev/fd/%d", fd);
    again = open(link, O_RDONLY);
    ct_ok(again >= 0 && again != fd, "%s: opened by /dev/fd", path);
    close(again);
    close(fd);
}

/* A descriptor that is no more than a name. */
static void only_a_path(void)
{
    int fd = open("/dev/xen/privcmd", O_PATH), again;
    struct privcmd_hypercall call = { .op = __HYPERVISOR_xen_version };
    char link[64];
    struct stat st;

    ct_expect(EBADF, ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call),
              "O_PATH: an ioctl");
    ct_ok(!fstat(fd, &st) && S_ISCHR(st.st_mode), "O_PATH: fstat");
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    again = open(link, O_RDWR);
    ct_ok(ioctl(again, IOCTL_PRIVCMD_HYPERCALL, &call) > 0,
          "O_PATH: a hypercall by the file that it names");
    close(again);
    close(fd);
}

static void folders(void)
{
    char cwd[PATH_MAX], wd[PATH_MAX], small[4], old[PATH_MAX], *whole;
    /* The linker warns of it. */
    char *(*old_getwd)(char *buf) = dlsym(RTLD_DEFAULT, "getwd");
    char *(*checked)(char *buf, size_t room) = dlsym(RTLD_DEFAULT,
                                                     "__getwd_chk");

    if ( !getcwd(old, sizeof(old)) )
        ct_bail("no folder: %s", strerror(errno));
    ct_expect(0, chdir("/dev/xen"), "chdir");
    ct_ok(getcwd(cwd, room) && !strcmp(cwd, "/dev/xen"), "getcwd");
    ct_ok(!getcwd(small, four) && errno == ERANGE,
          "getcwd, too small");
    ct_ok(old_getwd && old_getwd(wd) && !strcmp(wd, "/dev/xen"), "getwd");
    ct_ok(checked && checked(wd, room) && !strcmp(wd, "/dev/xen"),
          "getwd, checked");
    whole = get_current_dir_name();
    ct_ok(whole && !strcmp(whole, "/dev/xen"), "get_current_dir_name");
    free(whole);
    ct_ok(readlink("/proc/self/cwd", wd, room) == 8 &&
          !memcmp(wd, "/dev/xen", 8), "readlink of /proc/self/cwd");
    ct_ok(realpath("privcmd", cwd) && !strcmp(cwd, "/dev/xen/privcmd"),
          "realpath from here");
    ct_expect(EINVAL, readlink("privcmd", cwd, room),
              "readlink from here");
    if ( chdir(old) )
        ct_bail("%s: %s", old, strerror(errno));
}

static void no_folders(void)
{
    char text[PATH_MAX];

    ct_expect(ENOTDIR, open("/dev/xen/privcmd/x", O_RDWR), "below a file");
    ct_expect(ENOTDIR, open("/dev/xen/privcmd/../evtchn", O_RDWR),
              "over a file and back");
    ct_expect(ENOTDIR, open("/dev/xen/privcmd/.", O_RDWR), "a file and a dot");
    ct_expect(ENOTDIR, access("/dev/xen/privcmd/", F_OK), "a file and a slash");
    ct_expect(EINVAL, truncate("/dev/xen/privcmd", 0), "truncate");
    ct_expect(ENOENT, statfs("/dev/xen/nothing", &(struct statfs){ 0 }),
              "statfs of nothing");
    ct_expect(ENOENT, utime("/dev/xen/nothing", NULL), "utime of nothing");
    ct_ok(!realpath("/dev/xen/nothing", text) && errno == ENOENT,
          "realpath of nothing");
    ct_expect(ENOENT, nftw("/dev/xen/nothing", visited, 5, 0),
              "nftw of nothing");
}

/* What belongs to a file's place is changed by a descriptor, too. */
static void places_of_files(void)
{
    int fd = open("/dev/xen/evtchn", O_RDWR);
    struct statvfs sv;
    struct statfs s;
    struct stat st;
    char buf[4];

    ct_ok(!fstatfs(fd, &s) && s.f_type == TMPFS_MAGIC, "fstatfs");
    ct_expect(0, fstatvfs(fd, &sv), "fstatvfs");
    ct_expect(0, fchmod(fd, 0640), "fchmod");
    ct_ok(!stat("/dev/xen/evtchn", &st) && st.st_mode == (S_IFCHR | 0640),
          "fchmod: what stat says then");
    ct_expect(0, fchmod(fd, 0600), "fchmod, back");
    ct_expect(0, fchown(fd, (uid_t)-1, (gid_t)-1), "fchown");
    ct_expect(0, futimens(fd, NULL), "futimens");
    ct_expect(ESPIPE, pread(fd, buf, four, 0), "pread");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    ct_expect(EAGAIN, read(fd, buf, four), "read");
    close(fd);
}

void test_more_paths(void)
{
    for ( size_t i = 0; i < CT_NR(places); i++ )
    {
        file_systems(places[i].path, places[i].type);
        times(places[i].path);
        walks(places[i].path, places[i].fts);
    }
    names_of_links("/dev/xen/privcmd");
    names_of_links("/dev/xen/evtchn");
    names_of_links("/proc/xen/privcmd");
    only_a_path();
    folders();
    no_folders();
    places_of_files();
}
