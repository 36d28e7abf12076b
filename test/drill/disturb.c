/*
 * Shifts the system clock of a process and delays its disk. Loaded with LD_PRELOAD. The file that DISTURB names has two numbers, which may
 * change at any moment: by how many milliseconds the system clock is ahead, and how many milliseconds each sync takes longer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t none[2];
static const volatile int64_t *disturbance = none;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("DISTURB");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) disturbance = mapped;
  close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *at) {
  int answer = syscall(SYS_clock_gettime, clock, at);
  if (answer == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    int64_t ahead = disturbance[0];
    int64_t nanoseconds = at->tv_nsec + ahead % 1000 * 1000000;
    at->tv_sec += ahead / 1000 + (nanoseconds >= 1000000000) - (nanoseconds < 0);
    at->tv_nsec = (nanoseconds + 1000000000) % 1000000000;
  }
  return answer;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}

static int synced(int fd, long call) {
  for (int64_t waited = 0; waited < disturbance[1]; waited += 10) usleep(10000);
  return syscall(call, fd);
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
