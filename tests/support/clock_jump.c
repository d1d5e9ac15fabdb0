/* The wall clock jumps by QAMCTL_TEST_JUMP seconds, QAMCTL_TEST_JUMP_AFTER milliseconds after the process began;
   the monotonic clock goes on. Preloaded into the processes of test_clock_jumps.py. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct timespec ask(clockid_t id) {
  struct timespec now;
  syscall(SYS_clock_gettime, id, &now);
  return now;
}

static long began;

static long milliseconds(void) {
  struct timespec now = ask(CLOCK_MONOTONIC);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

__attribute__((constructor)) static void begin(void) { began = milliseconds(); }

static long jump(void) {
  const char *by = getenv("QAMCTL_TEST_JUMP"), *after = getenv("QAMCTL_TEST_JUMP_AFTER");
  if (!by || !after || milliseconds() - began < atol(after)) return 0;
  return atol(by);
}

int clock_gettime(clockid_t id, struct timespec *out) {
  *out = ask(id);
  if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) out->tv_sec += jump();
  return 0;
}

time_t time(time_t *out) {
  time_t now = ask(CLOCK_REALTIME).tv_sec + jump();
  if (out) *out = now;
  return now;
}

int gettimeofday(struct timeval *out, void *zone) {
  struct timespec now = ask(CLOCK_REALTIME);
  (void)zone;
  out->tv_sec = now.tv_sec + jump();
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}
