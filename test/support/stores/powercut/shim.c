/*
 * Records every change and every sync of the files under one directory, in order and with the bytes, so that the contents of a disk
 * after a power cut can be computed. Loaded with LD_PRELOAD into the process under test. record.ts reads the record.
 *
 *   POWERCUT_DIR  the directory, as realpath gives it
 *   POWERCUT_LOG  the record, to which the shim appends; outside that directory
 *
 * Files beside the record cause failures while they exist:
 *
 *   <POWERCUT_LOG>.full    writes fail as on a full disk
 *   <POWERCUT_LOG>.broken  each sync fails of a file whose name ends with the contents of this file. As on Linux, a later sync does not
 *                          keep the changes either.
 *   <POWERCUT_LOG>.stuck   no sync ends
 *
 * A record is a header, then `paths` bytes of a path, then `bytes` bytes of data. Shared memory (files that end in -shm) is left out,
 * because it does not survive a power cut. Memory-mapped writes are not seen, so programs that map their files for writing cannot be
 * tested this way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { CREATE = 1, FOUND, WRITE, TRUNCATE, UNLINK, RENAME, MKDIR, RMDIR, SYNC_BEGIN, SYNC_END, DIR_SYNC_BEGIN, DIR_SYNC_END, SYNC_LOST };

struct record {
  uint32_t kind;
  uint32_t paths;
  uint64_t inode;
  uint64_t offset;
  uint64_t bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static char full_path[PATH_MAX], broken_path[PATH_MAX], stuck_path[PATH_MAX];
static int log_fd = -1;
static uint64_t syncs;

__attribute__((constructor)) static void begin(void) {
  const char *dir = getenv("POWERCUT_DIR"), *log = getenv("POWERCUT_LOG");
  if (!dir || !log) return;
  snprintf(root, sizeof root, "%s", dir);
  root_length = strlen(root);
  snprintf(full_path, sizeof full_path, "%s.full", log);
  snprintf(broken_path, sizeof broken_path, "%s.broken", log);
  snprintf(stuck_path, sizeof stuck_path, "%s.stuck", log);
  int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) abort();
  /* High numbers, because some programs expect low ones for themselves. */
  log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
  syscall(SYS_close, fd);
  if (log_fd < 0) abort();
}

static int inside(const char *path) {
  if (log_fd < 0 || strncmp(path, root, root_length) != 0) return 0;
  if (path[root_length] != '/' && path[root_length] != 0) return 0;
  size_t length = strlen(path);
  return !(length > 4 && strcmp(path + length - 4, "-shm") == 0);
}

/* The path of a descriptor, if it is in the directory. */
static int path_of(int fd, char *path) {
  char link[64];
  if (log_fd < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  char *gone = strstr(path, " (deleted)");
  if (gone && gone[10] == 0) *gone = 0;
  return inside(path);
}

static int is_broken(const char *path) {
  char end[NAME_MAX + 1];
  int fd = syscall(SYS_openat, AT_FDCWD, broken_path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = syscall(SYS_read, fd, end, NAME_MAX), whole = strlen(path);
  syscall(SYS_close, fd);
  return length >= 0 && length <= whole && memcmp(path + whole - length, end, length) == 0;
}

static uint64_t inode_of(int fd, int *regular) {
  struct stat found;
  if (fstat(fd, &found) != 0) return 0;
  *regular = S_ISREG(found.st_mode);
  return found.st_ino;
}

static void put(enum kind kind, uint64_t inode, uint64_t offset, const char *paths, size_t path_bytes, const void *data, size_t bytes) {
  struct record head = {kind, path_bytes, inode, offset, bytes};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)paths, path_bytes}, {(void *)data, bytes}};
  size_t whole = sizeof head + path_bytes + bytes;
  if ((size_t)syscall(SYS_writev, log_fd, parts, 3) != whole) abort();
}

static void put_path(enum kind kind, uint64_t inode, const char *path) { put(kind, inode, 0, path, strlen(path), NULL, 0); }

/* The absolute path, whether or not its last part exists. */
static int absolute(int dirfd, const char *path, char *out) {
  char base[PATH_MAX], whole[2 * PATH_MAX];
  if (log_fd < 0) return 0;
  if (path[0] == '/') snprintf(whole, sizeof whole, "%s", path);
  else {
    if (dirfd == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
    else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
      ssize_t length = readlink(link, base, sizeof base - 1);
      if (length <= 0) return 0;
      base[length] = 0;
    }
    snprintf(whole, sizeof whole, "%s/%s", base, path);
  }
  size_t length = strlen(whole);
  while (length > 1 && whole[length - 1] == '/') whole[--length] = 0;
  char *slash = strrchr(whole, '/');
  if (!slash) return 0;
  char above[PATH_MAX];
  *slash = 0;
  if (!realpath(whole[0] ? whole : "/", above)) return 0;
  int bytes = snprintf(out, PATH_MAX, "%s/%s", strcmp(above, "/") == 0 ? "" : above, slash + 1);
  return bytes < PATH_MAX && inside(out);
}

static int opened(int dirfd, const char *path, int flags, mode_t mode) {
  char name[PATH_MAX];
  struct stat before;
  int ours = absolute(dirfd, path, name);
  if (!ours) return syscall(SYS_openat, dirfd, path, flags, mode);
  pthread_mutex_lock(&lock);
  int existed = stat(name, &before) == 0;
  int fd = syscall(SYS_openat, dirfd, path, flags, mode);
  int saved = errno, regular = 0;
  if (fd >= 0) {
    uint64_t inode = inode_of(fd, &regular);
    if (regular) {
      put_path(existed ? FOUND : CREATE, inode, name);
      if (existed && (flags & O_TRUNC)) put(TRUNCATE, inode, 0, NULL, 0, NULL, 0);
    }
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
  return fd;
}

#define MODE(flags, last) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, last); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...) { MODE(flags, flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, flags) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int dirfd, const char *path, int flags, ...) { MODE(flags, flags) return opened(dirfd, path, flags, mode); }
int openat64(int dirfd, const char *path, int flags, ...) { MODE(flags, flags) return opened(dirfd, path, flags | O_LARGEFILE, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static int is_there(const char *path) { return syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

/* `at` below 0: the current position of the descriptor. */
static ssize_t written(int fd, const struct iovec *parts, int count, off_t at) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) {
    return at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
  }
  if (is_there(full_path)) { errno = ENOSPC; return -1; }
  pthread_mutex_lock(&lock);
  ssize_t done = at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
  int saved = errno, regular = 0;
  if (done > 0) {
    uint64_t inode = inode_of(fd, &regular);
    uint64_t offset = at < 0 ? (uint64_t)(lseek(fd, 0, SEEK_CUR) - done) : (uint64_t)at;
    size_t left = done;
    for (int part = 0; regular && part < count && left > 0; part++) {
      size_t bytes = parts[part].iov_len < left ? parts[part].iov_len : left;
      if (bytes) put(WRITE, inode, offset, NULL, 0, parts[part].iov_base, bytes);
      offset += bytes;
      left -= bytes;
    }
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
  return done;
}

ssize_t write(int fd, const void *data, size_t bytes) { struct iovec part = {(void *)data, bytes}; return written(fd, &part, 1, -1); }
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at) { struct iovec part = {(void *)data, bytes}; return written(fd, &part, 1, at); }
ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at) { struct iovec part = {(void *)data, bytes}; return written(fd, &part, 1, at); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return written(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return written(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return written(fd, parts, count, at); }

static int truncated(int fd, off_t length) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&lock);
  int answer = syscall(SYS_ftruncate, fd, length), saved = errno, regular = 0;
  if (answer == 0) put(TRUNCATE, inode_of(fd, &regular), length, NULL, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = saved;
  return answer;
}
int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

/*
 * A sync keeps what was written before it began. The record replaces the disk: the shim does not wait for the real one, so that
 * tests are fast.
 */
static int synced(int fd, long call) {
  char path[PATH_MAX];
  int regular = 0;
  if (!path_of(fd, path)) return syscall(call, fd);
  while (is_there(stuck_path)) usleep(10000);
  uint64_t inode = inode_of(fd, &regular);
  pthread_mutex_lock(&lock);
  if (is_broken(path)) {
    if (regular) put(SYNC_LOST, inode, 0, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = EIO;
    return -1;
  }
  uint64_t number = ++syncs;
  put(regular ? SYNC_BEGIN : DIR_SYNC_BEGIN, inode, number, path, strlen(path), NULL, 0);
  pthread_mutex_unlock(&lock);
  pthread_mutex_lock(&lock);
  put(regular ? SYNC_END : DIR_SYNC_END, inode, number, path, strlen(path), NULL, 0);
  pthread_mutex_unlock(&lock);
  return 0;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int named(enum kind kind, int dirfd, const char *path, int answer) {
  (void)dirfd;
  if (answer == 0) put_path(kind, 0, path);
  return answer;
}

#define NAMED(kind, dirfd, path, call) \
  char name[PATH_MAX]; \
  if (!absolute(dirfd, path, name)) return call; \
  pthread_mutex_lock(&lock); \
  int answer = named(kind, dirfd, name, call), saved = errno; \
  pthread_mutex_unlock(&lock); \
  errno = saved; \
  return answer

int unlinkat(int dirfd, const char *path, int flags) {
  NAMED(flags & AT_REMOVEDIR ? RMDIR : UNLINK, dirfd, path, syscall(SYS_unlinkat, dirfd, path, flags));
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int mkdirat(int dirfd, const char *path, mode_t mode) { NAMED(MKDIR, dirfd, path, syscall(SYS_mkdirat, dirfd, path, mode)); }
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
  char old[PATH_MAX], new[PATH_MAX], both[2 * PATH_MAX];
  int ours = absolute(from_fd, from, old) | absolute(to_fd, to, new) << 1;
  if (ours == 0) return syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
  /* Renames into or out of the directory are not supported. */
  if (ours != 3) abort();
  pthread_mutex_lock(&lock);
  int answer = syscall(SYS_renameat2, from_fd, from, to_fd, to, flags), saved = errno;
  if (answer == 0) {
    size_t length = strlen(old);
    memcpy(both, old, length + 1);
    memcpy(both + length + 1, new, strlen(new));
    put(RENAME, 0, 0, both, length + 1 + strlen(new), NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
  return answer;
}
int renameat(int from_fd, const char *from, int to_fd, const char *to) { return renameat2(from_fd, from, to_fd, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
