// State: connections, flags, counters and the clock.

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

typedef uint64_t u64;
typedef uint8_t u8;

enum { S_IDLE, S_CONNECTING, S_HTTP, S_OPEN, S_READY, S_CLOSED };
enum { D_RAW, D_EIO, D_SSE };

typedef struct {
  int fd;
  u8 st, chunked, fragop;
  uint32_t got;                  // application messages since last reset
  uint32_t len, cap;             // undecoded input left over
  uint32_t flen, fcap;           // fragment (ws) or de-chunked text (sse)
  u8 *buf, *fbuf;
  long chunkleft;                // sse: bytes left in current chunk, -1 = reading size line
  u64 t0, tready, tdone;
  char pid[48], last[160];
  uint32_t order_err;
  long lastseq;
  int answers;                   // answered subscriptions
  u8 stalled;                    // 1: reads nothing; 2: reads nothing but answers pings
  long off;                      // --offsets: has everything up to this offset; -1: none yet
} conn;

static int N = 1000, PORT = 3000, DIALECT = D_RAW, CONC = 400, CHANNELS = 1, SIZE = 600, CSR = 0, NSUB = 0, NRESUB = 0,
           FIN = 0, NHDR = 0, EVERYWHERE = 0, OFFSETS = 0;
static const char *HOST = "127.0.0.1", *PATH = "/", *REPATH = NULL, *MARK = "\"t\":", *IDM = NULL, *SEQM = NULL,
                  *READY = NULL, *PUB = NULL, *DO = NULL, *CONNECT40 = "40";
static const char *SUB[16], *RESUB[16], *HDR[16];
static const char *TPL = "{\"id\":%S,\"t\":%T,\"channel\":\"c%C\",\"title\":\"live update\",\"body\":\"%X\"}";
static double DRAIN = 10, CTIMEOUT = 120;

static conn *C;
static int ep, pubfd = -1, nready, inflight, nextc, reconnecting, closed_unexpected, failed;
static int *chcount;
static u64 msgs, bytes, tfirst, tlast, published, expected, seqno, latemax, reads;
#define UNDER_WAY 1024
static uint32_t *having;  // readers that have each post of a channel, by post number
static u64 finished;      // posts that all readers have
static u64 stormK, stormdone, gaps, repeats, resubs;
static const char *awaited;
static u64 awaitdone;
static u8 *big;
static size_t BIG = 4 << 20;
static struct rusage ru0;

#define HB 256  // 8 significant bits: better than 0.8 %
static u64 hist[40 * HB], hmax, hmin, hn;
static double hsum;

static u64 nowus(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (u64)t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}
static void die(const char *fmt, ...) {
  va_list a;
  va_start(a, fmt);
  vfprintf(stderr, fmt, a);
  va_end(a);
  fputc('\n', stderr);
  exit(2);
}
static void hrec(u64 v) {
  int e = v < HB ? 0 : 64 - __builtin_clzll(v) - 8;
  int i = e == 0 ? (int)v : e * HB + (int)(v >> e);
  if (i >= (int)(sizeof hist / sizeof *hist)) i = sizeof hist / sizeof *hist - 1;
  hist[i]++;
  hn++;
  hsum += v;
  if (v > hmax) hmax = v;
  if (v < hmin) hmin = v;
}
static double hq(double q) {
  if (!hn) return 0;
  u64 want = (u64)(q * hn + 0.999999), acc = 0;
  if (!want) want = 1;
  for (int i = 0; i < (int)(sizeof hist / sizeof *hist); i++) {
    acc += hist[i];
    if (acc >= want) {
      int e = i / HB;
      return e ? (double)(((u64)(i % HB) << e) + (1ull << (e - 1))) : i;
    }
  }
  return hmax;
}
static u64 receivers(int ch) { return EVERYWHERE ? (u64)nready : (u64)chcount[ch]; }
static void reset(void) {
  memset(hist, 0, sizeof hist);
  hmax = hn = msgs = bytes = tfirst = tlast = published = expected = finished = latemax = reads = 0;
  hmin = ~0ull;
  hsum = 0;
  for (int i = 0; i < N; i++) C[i].got = 0, C[i].tdone = 0, C[i].order_err = 0;
  stormdone = 0;
  memset(having, 0, (size_t)CHANNELS * UNDER_WAY * sizeof *having);
  getrusage(RUSAGE_SELF, &ru0);
}
static double cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (r.ru_utime.tv_sec - ru0.ru_utime.tv_sec) + (r.ru_stime.tv_sec - ru0.ru_stime.tv_sec) +
         (r.ru_utime.tv_usec - ru0.ru_utime.tv_usec + r.ru_stime.tv_usec - ru0.ru_stime.tv_usec) / 1e6;
}
