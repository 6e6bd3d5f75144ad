/* Calls of the system that fail on demand, and a clock that jumps: preloaded into a process of tests. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls;   /* writes, syncs and renames of files so far */
static atomic_long fail_at; /* the call that fails; 0: none */
static atomic_int fail_with;
static atomic_int fails_on; /* whether all calls after it fail too */
static atomic_long offset_s;

void shim_arm(long at, int code, int for_good) {
    calls = 0;
    fail_with = code;
    fails_on = for_good;
    fail_at = at;
}

long shim_calls(void) { return calls; }

void shim_clock(long seconds) { offset_s = seconds; }

static int fails(void) {
    long now = ++calls, at = fail_at;
    if (at && (now == at || (fails_on && now > at))) {
        errno = fail_with;
        return 1;
    }
    return 0;
}

static int is_file(int fd) {
    struct stat about;
    int before = errno;
    int found = fstat(fd, &about) == 0 && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode));
    errno = before;
    return found;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    return is_file(fd) && fails() ? -1 : REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return is_file(fd) && fails() ? -1 : REAL(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return is_file(fd) && fails() ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}

int fsync(int fd) { return is_file(fd) && fails() ? -1 : REAL(fsync)(fd); }

int fdatasync(int fd) { return is_file(fd) && fails() ? -1 : REAL(fdatasync)(fd); }

int rename(const char *from, const char *to) { return fails() ? -1 : REAL(rename)(from, to); }

int clock_gettime(clockid_t which, struct timespec *now) {
    int result = REAL(clock_gettime)(which, now);
    if (which == CLOCK_REALTIME) now->tv_sec += offset_s;
    return result;
}
