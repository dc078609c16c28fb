/*
 * What this core does now: additions, four that do not wait for each other and then the next four, for a tenth of a second.
 * Prints billions a second. Where the core has a second thread that somebody else uses, or the machine is lent to others, it is
 * a half or less of what it is alone, though the clock is the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(void) {
  const double begin = now();
  uint64_t a = 1, b = 2, c = 3, d = 4, count = 0;
  double end = begin;
  while (end - begin < 1e8) {
    for (int step = 0; step < 100000; step++) {
      a += b;
      b += 5;
      c += d;
      d += 7;
      __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
    }
    count += 400000;
    end = now();
  }
  printf("%.3f\n", (double)count / (end - begin));
  return 0;
}
