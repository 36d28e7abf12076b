// sink.c - load sink, publisher and latency meter for push servers (WebSocket / Engine.IO / SSE).
// One process, one thread, epoll, no libraries.  Build: cc -O2 -Wall -o build/sink sink.c
// See README.md for the flags and the command language.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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
  int answers;                   // subscriptions that were answered
  u8 stalled;                    // 1: reads nothing; 2: reads nothing, and answers pings all the same
  long off;                      // --offsets: the offset up to which it has everything; -1: none yet
} conn;

// ---- options -----------------------------------------------------------------------------------
static int N = 1000, PORT = 3000, DIALECT = D_RAW, CONC = 400, CHANNELS = 1, SIZE = 600, CSR = 0, NSUB = 0, NRESUB = 0,
           FIN = 0, NHDR = 0, EVERYWHERE = 0, OFFSETS = 0;
static const char *HOST = "127.0.0.1", *PATH = "/", *REPATH = NULL, *MARK = "\"t\":", *IDM = NULL, *SEQM = NULL,
                  *READY = NULL, *PUB = NULL, *DO = NULL, *CONNECT40 = "40";
static const char *SUB[16], *RESUB[16], *HDR[16];
static const char *TPL = "{\"id\":%S,\"t\":%T,\"channel\":\"c%C\",\"title\":\"live update\",\"body\":\"%X\"}";
static double DRAIN = 10, CTIMEOUT = 120;

// ---- state -------------------------------------------------------------------------------------
static conn *C;
static int ep, pubfd = -1, nready, inflight, nextc, reconnecting, closed_unexpected, failed;
static int *chcount;
static u64 msgs, bytes, tfirst, tlast, published, expected, seqno, latemax, reads;
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
static void reset(void) {
  memset(hist, 0, sizeof hist);
  hmax = hn = msgs = bytes = tfirst = tlast = published = expected = latemax = reads = 0;
  hmin = ~0ull;
  hsum = 0;
  for (int i = 0; i < N; i++) C[i].got = 0, C[i].tdone = 0, C[i].order_err = 0;
  stormdone = 0;
  getrusage(RUSAGE_SELF, &ru0);
}
static double cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (r.ru_utime.tv_sec - ru0.ru_utime.tv_sec) + (r.ru_stime.tv_sec - ru0.ru_stime.tv_sec) +
         (r.ru_utime.tv_usec - ru0.ru_utime.tv_usec + r.ru_stime.tv_usec - ru0.ru_stime.tv_usec) / 1e6;
}

// ---- sending -----------------------------------------------------------------------------------
static int expand(char *o, size_t cap, const char *t, conn *c, u64 seq, u64 ts, int ch, int padto) {
  size_t n = 0;
  const char *x = NULL;
  size_t xat = 0;
  for (; *t && n + 128 < cap; t++) {
    if (*t != '%' || !t[1]) { o[n++] = *t; continue; }
    switch (*++t) {
      case 'S': n += sprintf(o + n, "%llu", (unsigned long long)seq); break;
      case 'T': n += sprintf(o + n, "%llu", (unsigned long long)ts); break;
      case 'C': n += sprintf(o + n, "%d", ch); break;
      case 'I': n += sprintf(o + n, "%d", c ? (int)(c - C) : 0); break;
      case 'O': n += sprintf(o + n, "%s", c ? c->last : ""); break;
      case 'P': n += sprintf(o + n, "%s", c ? c->pid : ""); break;
      case 'X': x = t; xat = n; break;
      case '%': o[n++] = '%'; break;
      default: o[n++] = '%'; o[n++] = *t;
    }
  }
  if (x && (int)n < padto && (size_t)padto < cap) {
    size_t k = padto - n;
    memmove(o + xat + k, o + xat, n - xat);
    static const char lorem[] = "the quick brown fox jumps over the lazy dog while readers wait for news ";
    for (size_t i = 0; i < k; i++) o[xat + i] = lorem[i % (sizeof lorem - 1)];
    n += k;
  }
  o[n] = 0;
  return n;
}
static void conn_close(conn *c, int unexpected);
static void wsend(conn *c, int op, const void *p, size_t n) {
  u8 f[8300];
  size_t h = 2;
  if (n > 8200) die("client frame too long");
  f[0] = 0x80 | op;
  if (n < 126) f[1] = 0x80 | n;
  else { f[1] = 0x80 | 126; f[2] = n >> 8; f[3] = n; h = 4; }
  memset(f + h, 0, 4);  // a zero masking key is legal and leaves the payload as it is
  h += 4;
  memcpy(f + h, p, n);
  if (send(c->fd, f, h + n, MSG_NOSIGNAL) != (ssize_t)(h + n)) conn_close(c, 1);
}
static void wtext_of(conn *c, const char *tpl, int ch) {
  char o[8192];
  int n = expand(o, sizeof o, tpl, c, 0, 0, ch, 0);
  wsend(c, 1, o, n);
}
static void wtext(conn *c, const char *tpl) { wtext_of(c, tpl, (int)(c - C) % CHANNELS); }

// ---- connection life ---------------------------------------------------------------------------
static void conn_start(conn *c) {
  int i = c - C, one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket: %s (raise ulimit -n)", strerror(errno));
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in s = {.sin_family = AF_INET};
  unsigned r = (unsigned)getpid();
  s.sin_addr.s_addr = htonl(0x7f000000u | (16 + r % 200) << 16 | ((r / 200) % 250) << 8 | (1 + i / 15000));
  if (bind(c->fd, (void *)&s, sizeof s)) die("bind: %s", strerror(errno));
  struct sockaddr_in d = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  inet_pton(AF_INET, HOST, &d.sin_addr);
  c->t0 = nowus();
  c->tready = 0;
  c->len = c->flen = 0;
  c->fragop = c->chunked = 0;
  c->chunkleft = -1;
  c->st = S_CONNECTING;
  inflight++;
  if (connect(c->fd, (void *)&d, sizeof d) && errno != EINPROGRESS) {
    failed++;
    conn_close(c, 1);
    return;
  }
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}
static void conn_close(conn *c, int unexpected) {
  if (c->st == S_IDLE || c->st == S_CLOSED) return;
  if (c->st == S_READY) { nready--; chcount[(c - C) % CHANNELS]--; }
  else inflight--;
  if (unexpected) closed_unexpected++;
  if (!FIN) {
    struct linger l = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  }
  close(c->fd);
  c->fd = -1;
  c->st = S_CLOSED;
  free(c->buf); free(c->fbuf);
  c->buf = c->fbuf = NULL;
  c->cap = c->fcap = c->len = c->flen = 0;
}
static void set_ready(conn *c) {
  if (c->st == S_READY) return;
  c->st = S_READY;
  c->tready = nowus();
  nready++;
  inflight--;
  chcount[(c - C) % CHANNELS]++;
}
static void send_subs(conn *c) {
  c->answers = 0;
  if (reconnecting && NRESUB && c->last[0]) for (int i = 0; i < NRESUB; i++) wtext(c, RESUB[i]);
  else for (int ch = 0; ch < (EVERYWHERE ? CHANNELS : 1); ch++)
    for (int i = 0; i < NSUB && c->fd >= 0; i++) wtext_of(c, SUB[i], EVERYWHERE ? ch : (int)(c - C) % CHANNELS);
  if (!READY) set_ready(c);
}
static void send_http(conn *c) {
  char o[8192], path[2048];
  expand(path, sizeof path, reconnecting && REPATH ? REPATH : PATH, c, 0, 0, (int)(c - C) % CHANNELS, 0);
  int n;
  if (DIALECT == D_SSE)
    n = sprintf(o, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nAccept: text/event-stream\r\n", path, HOST, PORT);
  else
    n = sprintf(o,
                "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                path, HOST, PORT);
  for (int i = 0; i < NHDR; i++) {
    n += expand(o + n, sizeof o - n, HDR[i], c, 0, 0, (int)(c - C) % CHANNELS, 0);
    n += sprintf(o + n, "\r\n");
  }
  n += sprintf(o + n, "\r\n");
  if (send(c->fd, o, n, MSG_NOSIGNAL) != n) conn_close(c, 1);
}

// ---- receiving ---------------------------------------------------------------------------------
static u64 rxnow;
static conn *more;
static void deliver(conn *c, const u8 *p, size_t n) {
  size_t ml = strlen(MARK);
  const u8 *e = p + n, *q = p;
  int any = 0;
  while ((q = memmem(q, e - q, MARK, ml))) {
    q += ml;
    u64 t = 0;
    int d = 0;
    while (q < e && *q >= '0' && *q <= '9') t = t * 10 + (*q++ - '0'), d++;
    if (d < 13) continue;
    any = 1;
    if (!tfirst) tfirst = rxnow;
    tlast = rxnow;
    msgs++;
    hrec(rxnow > t ? rxnow - t : 0);
    if (++c->got == stormK && !c->tdone) { c->tdone = rxnow; stormdone++; }
  }
  if (!any) return;
  if (IDM) {
    size_t il = strlen(IDM);
    const u8 *s = p, *l = NULL;
    while ((s = memmem(s, e - s, IDM, il))) l = s += il;
    if (l) {
      if (l < e && *l == '"') l++;
      size_t k = 0;
      while (l + k < e && k < sizeof c->last - 1 && !strchr(",}\"\r\n ", l[k])) k++;
      memcpy(c->last, l, k);
      c->last[k] = 0;
    }
  }
  if (SEQM) {
    size_t il = strlen(SEQM);
    const u8 *s = p;
    while ((s = memmem(s, e - s, SEQM, il))) {
      s += il;
      long v = strtol((const char *)s, NULL, 10);
      if (c->lastseq && v != c->lastseq + 1 && CHANNELS == 1) c->order_err++;
      c->lastseq = v;
    }
  }
  if (CSR && n > 4 && e[-1] == ']' && e[-2] == '"') {
    const u8 *s = e - 3;
    while (s > p && *s != '"') s--;
    size_t k = (e - 2) - (s + 1);
    if (k < sizeof c->last) { memcpy(c->last, s + 1, k); c->last[k] = 0; }
  }
}
static long number_after(const u8 *p, size_t n, const char *mark) {
  const u8 *s = memmem(p, n, mark, strlen(mark));
  return s ? strtol((const char *)s + strlen(mark), NULL, 10) : -1;
}
// The rule of the wire: an event fits where it begins at most one after what is held, and ends beyond it.
static void follow(conn *c, const u8 *p, size_t n) {
  if (n < 4 || p[0] != '4') return;
  if (p[1] == '3') {
    long after = number_after(p, n < 400 ? n : 400, "\"after\":"), to = number_after(p, n < 400 ? n : 400, "\"to\":");
    if (to < 0) return;
    if (c->off >= 0 && after > c->off) gaps++;
    c->off = to;
  } else if (p[1] == '2' && n > 10 && !memcmp(p + 2, "[\"event\"", 8)) {
    long from = number_after(p, n, "\"from\":"), to = number_after(p, n, "\"offset\":");
    if (to <= c->off) repeats++;
    else { if (from > c->off + 1) gaps++; c->off = to; }
  }
}
static void on_message(conn *c, int op, const u8 *p, size_t n) {
  if (DIALECT == D_EIO && op == 1 && n >= 1) {
    if (n == 1 && p[0] == '2') { wsend(c, 1, "3", 1); return; }
    if (p[0] == '0') {
      char o[512];
      if (reconnecting && CSR && c->pid[0] && c->last[0]) {
        int k = snprintf(o, sizeof o, "40{\"pid\":\"%s\",\"offset\":\"%s\"}", c->pid, c->last);
        wsend(c, 1, o, k);
      } else wtext(c, CONNECT40);
      return;
    }
    if (n >= 2 && p[0] == '4' && p[1] == '0') {
      const u8 *s = memmem(p, n, "\"pid\":\"", 7);
      if (s) {
        s += 7;
        size_t k = 0;
        while (s + k < p + n && s[k] != '"' && k < sizeof c->pid - 1) k++;
        memcpy(c->pid, s, k);
        c->pid[k] = 0;
      }
      if (reconnecting && CSR) set_ready(c);  // rooms come back with the session
      else send_subs(c);
      return;
    }
    if (n >= 2 && p[0] == '4' && p[1] == '4') { failed++; conn_close(c, 1); return; }
  }
  if (READY && c->st == S_OPEN && n >= strlen(READY) && !memcmp(p, READY, strlen(READY)) && ++c->answers >= (EVERYWHERE ? CHANNELS : 1))
    set_ready(c);
  if (awaited && !c->tdone && memmem(p, n, awaited, strlen(awaited))) { c->tdone = rxnow; awaitdone++; tlast = rxnow; if (!tfirst) tfirst = rxnow; }
  deliver(c, p, n);
  if (OFFSETS) follow(c, p, n);
  // A subscription that was ended for slowness, and one that has more to catch up, go on from the cursor.
  if (DIALECT == D_EIO && NRESUB && n > 4 && p[0] == '4' &&
      ((p[1] == '2' && n > 17 && !memcmp(p + 2, "[\"unsubscribed\"", 15)) ||
       (p[1] == '3' && memmem(p, n < 400 ? n : 400, "\"more\":true", 11)))) {
    resubs++;
    for (int i = 0; i < NRESUB && c->fd >= 0; i++) wtext(c, RESUB[i]);
  }
}
static void app(u8 **b, uint32_t *len, uint32_t *cap, const u8 *p, size_t n) {
  if (*len + n > *cap) {
    *cap = (*len + n) * 3 / 2 + 256;
    *b = realloc(*b, *cap);
    if (!*b) die("out of memory");
  }
  memcpy(*b + *len, p, n);
  *len += n;
}
static size_t parse_ws(conn *c, u8 *p, size_t n) {
  size_t o = 0;
  while (n - o >= 2 && c->fd >= 0) {
    int fin = p[o] >> 7, op = p[o] & 15;
    u64 len = p[o + 1] & 127;
    size_t h = 2;
    if (p[o] & 0x70 || p[o + 1] & 0x80) { failed++; conn_close(c, 1); return n; }
    if (len == 126) {
      if (n - o < 4) break;
      len = p[o + 2] << 8 | p[o + 3];
      h = 4;
    } else if (len == 127) {
      if (n - o < 10) break;
      len = 0;
      for (int i = 2; i < 10; i++) len = len << 8 | p[o + i];
      h = 10;
    }
    if (n - o - h < len) break;
    u8 *q = p + o + h;
    o += h + len;
    if (op == 9) wsend(c, 10, q, len);
    else if (op == 8) { conn_close(c, 1); return n; }
    else if (op == 10) {
    } else if (op == 0) {
      app(&c->fbuf, &c->flen, &c->fcap, q, len);
      if (fin) { uint32_t fl = c->flen; c->flen = 0; on_message(c, c->fragop, c->fbuf, fl); }
    } else if (!fin) {
      c->fragop = op;
      c->flen = 0;
      app(&c->fbuf, &c->flen, &c->fcap, q, len);
    } else on_message(c, op, q, len);
  }
  return o;
}
static void sse_text(conn *c, const u8 *p, size_t n) {
  // fast path: whole events in p, nothing pending
  if (c->flen) { app(&c->fbuf, &c->flen, &c->fcap, p, n); p = c->fbuf; n = c->flen; }
  size_t o = 0;
  const u8 *q;
  while ((q = memmem(p + o, n - o, "\n\n", 2))) {
    deliver(c, p + o, q - (p + o) + 2);
    o = q - p + 2;
  }
  if (p == c->fbuf && c->fbuf) { memmove(c->fbuf, c->fbuf + o, n - o); c->flen = n - o; }
  else if (o < n) app(&c->fbuf, &c->flen, &c->fcap, p + o, n - o);
}
static size_t parse_sse(conn *c, u8 *p, size_t n) {
  if (!c->chunked) { sse_text(c, p, n); return n; }
  size_t o = 0;
  while (o < n) {
    if (c->chunkleft < 0) {
      u8 *q = memmem(p + o, n - o, "\r\n", 2);
      if (!q) break;
      if (q == p + o) { o += 2; continue; }  // CRLF after a chunk
      c->chunkleft = strtol((char *)p + o, NULL, 16);
      o = q - p + 2;
      if (!c->chunkleft) { conn_close(c, 1); return n; }
    }
    size_t k = n - o < (size_t)c->chunkleft ? n - o : (size_t)c->chunkleft;
    sse_text(c, p + o, k);
    o += k;
    c->chunkleft -= k;
    if (!c->chunkleft) c->chunkleft = -1;
  }
  return o;
}
static void on_readable(conn *c) {
  size_t have = c->len;
  if (have) memcpy(big, c->buf, have);
  ssize_t r = read(c->fd, big + have, BIG - have - 1);
  if (r == (ssize_t)(BIG - have - 1)) more = c;  // cannot happen with sane messages; tick() reads again
  if (r < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    conn_close(c, 1);
    return;
  }
  if (r == 0) { conn_close(c, 1); return; }
  reads++;
  bytes += r;
  rxnow = nowus();
  size_t n = have + r, o = 0;
  big[n] = 0;
  if (c->st == S_HTTP) {
    u8 *q = memmem(big, n, "\r\n\r\n", 4);
    if (q) {
      o = q - big + 4;
      int ok = !memcmp(big, DIALECT == D_SSE ? "HTTP/1.1 200" : "HTTP/1.1 101", 12);
      if (!ok) {
        if (!failed) fprintf(stderr, "sink: refused: %.60s\n", big);
        failed++;
        conn_close(c, 1);
        return;
      }
      *q = 0;
      c->chunked = strcasestr((char *)big, "transfer-encoding: chunked") != NULL;
      c->st = S_OPEN;
      if (DIALECT == D_SSE) set_ready(c);
      else if (DIALECT == D_RAW) send_subs(c);
    }
  }
  if (c->fd >= 0 && c->st >= S_OPEN && c->st != S_CLOSED)
    o += DIALECT == D_SSE ? parse_sse(c, big + o, n - o) : parse_ws(c, big + o, n - o);
  if (c->fd < 0) return;
  c->len = 0;
  if (o < n) app(&c->buf, &c->len, &c->cap, big + o, n - o);
}

// ---- publishing --------------------------------------------------------------------------------
static int pubkind, pubport;  // 0 line, 1 http, 2 redis, 3 nats
static char pubarg[512];
static void pub_open(void) {
  if (!PUB) return;
  char k[16] = "";
  if (sscanf(PUB, "%15[a-z]:%d:%511s", k, &pubport, pubarg) < 2) die("bad --pub");
  pubkind = !strcmp(k, "http") ? 1 : !strcmp(k, "redis") ? 2 : !strcmp(k, "nats") ? 3 : 0;
  pubfd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in d = {.sin_family = AF_INET, .sin_port = htons(pubport)};
  inet_pton(AF_INET, "127.0.0.1", &d.sin_addr);
  int one = 1;
  setsockopt(pubfd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(pubfd, (void *)&d, sizeof d)) die("publisher connect: %s", strerror(errno));
  if (pubkind == 3) {
    const char *s = "CONNECT {\"verbose\":false}\r\n";
    if (write(pubfd, s, strlen(s)) < 0) die("nats");
  }
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = &pubfd};
  epoll_ctl(ep, EPOLL_CTL_ADD, pubfd, &e);
}
static u64 receivers(int ch) { return EVERYWHERE ? (u64)nready : (u64)chcount[ch]; }
// Posts of one moment are sent in one piece, so that a server finds all of them waiting.
static u8 held[4 << 20];
static size_t heldn;
static int holding;
static void flush(void) {
  for (size_t w = 0; w < heldn;) {
    ssize_t r = send(pubfd, held + w, heldn - w, MSG_NOSIGNAL);
    if (r <= 0) die("publisher write: %s", strerror(errno));
    w += r;
  }
  heldn = 0;
}
static void publish(u64 ts) {
  static char body[1 << 20], o[(1 << 20) + 2048], arg[600];
  int ch = seqno % CHANNELS;
  u64 id = ++seqno;
  int n = expand(body, sizeof body, TPL, NULL, id, ts, ch, SIZE), k;
  int an = expand(arg, sizeof arg, pubarg, NULL, id, ts, ch, 0);
  if (pubkind == 1)
    k = sprintf(o, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", arg, n);
  else if (pubkind == 2)
    k = sprintf(o, "*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%d\r\n", an, arg, n);
  else if (pubkind == 3)
    k = sprintf(o, "PUB %s %d\r\n", arg, n);
  else k = 0;
  memcpy(o + k, body, n);
  k += n;
  if (pubkind == 0) o[k++] = '\n';
  else if (pubkind >= 2) { o[k++] = '\r'; o[k++] = '\n'; }
  if (heldn + k > sizeof held) flush();
  memcpy(held + heldn, o, k);
  heldn += k;
  if (!holding) flush();
  published++;
  expected += receivers(ch);
}

// ---- readers that stop ---------------------------------------------------------------------------
static u64 nextpong;
static void pongs(void) {
  if (nowus() < nextpong) return;
  nextpong = nowus() + 10000000;
  for (int i = 0; i < N; i++) if (C[i].stalled == 2 && C[i].fd >= 0) wsend(&C[i], 1, "3", 1);
}
static void do_stall(int k) {
  int n = 0;
  for (int i = 0; i < N && n < k; i++) {
    if (C[i].st != S_READY) continue;
    C[i].stalled = n % 2 + 1;
    epoll_ctl(ep, EPOLL_CTL_DEL, C[i].fd, NULL);
    n++;
  }
  nextpong = nowus() + 10000000;
  printf("{\"ev\":\"stall\",\"n\":%d}\n", n);
}

// ---- loop --------------------------------------------------------------------------------------
static void tick(long timeout_us) {
  static struct epoll_event ev[512];
  struct timespec ts = {timeout_us / 1000000, timeout_us % 1000000 * 1000};
  pongs();
  int k = epoll_pwait2(ep, ev, 512, timeout_us < 0 ? NULL : &ts, NULL);
  for (int i = 0; i < k; i++) {
    if (ev[i].data.ptr == &pubfd) {
      static char junk[65536];
      ssize_t r = recv(pubfd, junk, sizeof junk, MSG_DONTWAIT);
      if (r == 0) die("publisher connection closed");
      continue;
    }
    conn *c = ev[i].data.ptr;
    if (c->fd < 0) continue;
    if (c->st == S_CONNECTING) {
      if (ev[i].events & (EPOLLERR | EPOLLHUP)) { failed++; conn_close(c, 1); continue; }
      if (ev[i].events & EPOLLOUT) {
        // edge-triggered: one read() with room to spare always empties the socket, so no second poll per message
        struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.ptr = c};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
        c->st = S_HTTP;
        send_http(c);
      }
      continue;
    }
    if (ev[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
      do { more = NULL; on_readable(c); } while (more && c->fd >= 0);
  }
}
static int cmp64(const void *a, const void *b) {
  u64 x = *(u64 *)a, y = *(u64 *)b;
  return x < y ? -1 : x > y;
}
static void do_connect(int n, int re) {
  reset();
  reconnecting = re;
  nextc = 0;
  failed = 0;
  closed_unexpected = 0;
  u64 t = nowus(), end = t + (u64)(CTIMEOUT * 1e6);
  while (nready < n && nowus() < end) {
    while (nextc < n && inflight < CONC) {
      conn *c = &C[nextc++];
      if (c->st == S_IDLE || c->st == S_CLOSED) conn_start(c);
    }
    tick(20000);
    if (nextc >= n && !inflight && nready < n) break;
  }
  u64 t1 = nowus();
  u64 *v = malloc(sizeof *v * (n + 1));
  int m = 0;
  for (int i = 0; i < n; i++) if (C[i].tready) v[m++] = C[i].tready - C[i].t0;
  qsort(v, m, sizeof *v, cmp64);
  printf("{\"ev\":\"connect\",\"want\":%d,\"connected\":%d,\"failed\":%d,\"secs\":%.4f,\"per_s\":%.0f,\"hs_p50_us\":%llu,"
         "\"hs_p99_us\":%llu,\"sink_cpu\":%.3f}\n",
         n, nready, failed, (t1 - t) / 1e6, nready / ((t1 - t) / 1e6), (unsigned long long)(m ? v[m / 2] : 0),
         (unsigned long long)(m ? v[m * 99 / 100] : 0), cpu());
  free(v);
}
static void report(const char *ev, double want_rate, u64 t0) {
  double dt = tlast > tfirst ? (tlast - tfirst) / 1e6 : 0;
  u64 oe = 0, mn = ~0ull, mx = 0;
  long newest = 0;
  for (int i = 0; i < N; i++) {
    if (C[i].st != S_READY) continue;
    oe += C[i].order_err;
    if (C[i].lastseq > newest) newest = C[i].lastseq;
    if (C[i].got < mn) mn = C[i].got;
    if (C[i].got > mx) mx = C[i].got;
  }
  printf("{\"ev\":\"%s\",\"rate\":%.2f,\"connected\":%d,\"published\":%llu,\"expected\":%llu,\"messages\":%llu,\"secs\":%.4f,"
         "\"wall\":%.4f,\"msgs_per_s\":%.0f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"mean_ms\":%.3f,"
         "\"min_ms\":%.3f,\"bytes\":%llu,\"reads\":%llu,\"closed\":%d,\"order_err\":%llu,\"min_per_conn\":%llu,"
         "\"max_per_conn\":%llu,\"newest\":%ld,\"late_pub_ms\":%.3f,\"sink_cpu\":%.3f}\n",
         ev, want_rate, nready, (unsigned long long)published, (unsigned long long)expected, (unsigned long long)msgs, dt,
         (nowus() - t0) / 1e6, dt > 0 ? msgs / dt : 0, hq(.5) / 1e3, hq(.9) / 1e3, hq(.99) / 1e3, hmax / 1e3,
         hn ? hsum / hn / 1e3 : 0, hn ? hmin / 1e3 : 0, (unsigned long long)bytes, (unsigned long long)reads,
         closed_unexpected, (unsigned long long)oe, (unsigned long long)(mn == ~0ull ? 0 : mn), (unsigned long long)mx,
         newest, latemax / 1e3, cpu());
}
static void do_rate(double r, double secs) {  // open loop; latency counts from the scheduled instant
  reset();
  u64 t0 = nowus() + 1000, total = (u64)(r * secs + .5), k = 0, drainend = 0;
  for (;;) {
    u64 now = nowus();
    while (k < total) {
      u64 at = t0 + (u64)(k * 1e6 / r);
      if (now < at) break;
      if (now - at > latemax) latemax = now - at;
      publish(at);
      k++;
    }
    if (k >= total) {
      if (msgs >= expected) break;
      if (!drainend) drainend = now + (u64)(DRAIN * 1e6);
      if (now > drainend) break;
      tick(5000);
    } else {
      long w = (long)(t0 + (u64)(k * 1e6 / r)) - (long)nowus();
      tick(w < 0 ? 0 : w);
    }
  }
  report("rate", r, t0);
}
static void do_closed(int win, double secs) {  // closed loop: `win` messages in flight
  reset();
  u64 t0 = nowus(), end = t0 + (u64)(secs * 1e6), drainend = 0;
  for (;;) {
    u64 now = nowus();
    if (now < end) {
      while (msgs + (u64)(win - 1) * nready / (EVERYWHERE ? 1 : CHANNELS) >= expected) publish(nowus());
      tick(100000);
    } else {
      if (msgs >= expected) break;
      if (!drainend) drainend = now + (u64)(DRAIN * 1e6);
      if (now > drainend) break;
      tick(5000);
    }
  }
  report("closed", win, t0);
}
// Those that stopped read again: until each has the post of this number, or its connection is at its end.
static void do_wake(long seq, double timeout) {
  reset();
  int of = 0, caught = 0, ended = 0;
  u64 t = nowus(), end = t + (u64)(timeout * 1e6);
  for (int i = 0; i < N; i++) {
    conn *c = &C[i];
    if (!c->stalled) continue;
    of++;
    if (c->fd < 0) continue;
    // Level-triggered: what has queued up may end with the connection's end.
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
  }
  while (nowus() < end) {
    caught = ended = 0;
    for (int i = 0; i < N; i++) if (C[i].stalled) { if (C[i].fd < 0) ended++; else if (C[i].lastseq >= seq) caught++; }
    if (caught + ended == of) break;
    tick(20000);
  }
  for (int i = 0; i < N; i++) C[i].stalled = 0;
  printf("{\"ev\":\"wake\",\"of\":%d,\"caught\":%d,\"ended\":%d,\"resubs\":%llu,\"order_err\":0,\"secs\":%.3f,\"messages\":%llu,\"bytes\":%llu}\n", of, caught,
         ended, (unsigned long long)resubs, (nowus() - t) / 1e6, (unsigned long long)msgs, (unsigned long long)bytes);
}
// From now on it is noted when each reader is told something that has this text.
static void do_watch(const char *text) {
  static char kept[256];
  reset();
  snprintf(kept, sizeof kept, "%s", text);
  awaited = kept;
  awaitdone = 0;
  printf("{\"ev\":\"watch\",\"of\":%d}\n", nready);
}
// Until every reader was told: when the first and the last was, of the clock that all share.
static void do_told(double timeout) {
  u64 end = nowus() + (u64)(timeout * 1e6);
  while (awaitdone < (u64)nready && nowus() < end) tick(20000);
  awaited = NULL;
  printf("{\"ev\":\"told\",\"complete\":%llu,\"of\":%d,\"first_us\":%llu,\"last_us\":%llu}\n", (unsigned long long)awaitdone, nready,
         (unsigned long long)tfirst, (unsigned long long)tlast);
}
// Readers go, and come back with what they have, so many a second.
static void do_churn(double per_s, double secs) {
  reset();
  reconnecting = 1;
  gaps = repeats = resubs = failed = closed_unexpected = 0;
  u64 t0 = nowus(), end = t0 + (u64)(secs * 1e6), k = 0;
  unsigned seed = 1;
  while (nowus() < end) {
    u64 due = (u64)((nowus() - t0) / 1e6 * per_s);
    while (k < due) {
      conn *c = &C[rand_r(&seed) % N];
      k++;
      if (c->st == S_READY) conn_close(c, 0);
      if (c->st == S_CLOSED) conn_start(c);
    }
    tick(5000);
  }
  u64 settle = nowus() + 10000000;
  while (nready < N && nowus() < settle) tick(20000);
  printf("{\"ev\":\"churn\",\"connected\":%d,\"moved\":%llu,\"messages\":%llu,\"gaps\":%llu,\"repeats\":%llu,\"resubs\":%llu,\"failed\":%d,\"closed\":%d,"
         "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"secs\":%.3f,\"sink_cpu\":%.3f}\n",
         nready, (unsigned long long)k, (unsigned long long)msgs, (unsigned long long)gaps, (unsigned long long)repeats, (unsigned long long)resubs, failed,
         closed_unexpected, hq(.5) / 1e3, hq(.99) / 1e3, (nowus() - t0) / 1e6, cpu());
}
static void do_burst(int k, double secs) {  // k posts at one moment, and again when every reader has them
  reset();
  u64 t0 = nowus(), end = t0 + (u64)(secs * 1e6), drainend = 0;
  for (;;) {
    u64 now = nowus();
    if (msgs >= expected) {
      if (now >= end) break;
      holding = 1;
      for (int i = 0; i < k; i++) publish(now);
      holding = 0;
      flush();
      drainend = now + (u64)(DRAIN * 1e6);
    } else if (now > drainend) break;
    tick(100000);
  }
  report("burst", k, t0);
}
static void do_storm(int k, double timeout) {
  reset();
  stormK = k;
  reconnecting = 1;
  nextc = 0;
  failed = closed_unexpected = 0;
  u64 t = nowus(), end = t + (u64)(timeout * 1e6), tall = 0;
  while (stormdone < (u64)N && nowus() < end) {
    while (nextc < N && inflight < CONC) {
      conn *c = &C[nextc++];
      if (c->st == S_IDLE || c->st == S_CLOSED) conn_start(c);
    }
    tick(20000);
    if (!tall && nready == N) tall = nowus();
  }
  u64 t1 = nowus();
  u64 *v = malloc(sizeof *v * (N + 1));
  int m = 0;
  u64 oe = 0, extra = 0;
  for (int i = 0; i < N; i++) {
    if (C[i].tdone) v[m++] = C[i].tdone - t;
    oe += C[i].order_err;
    if (C[i].got > stormK) extra += C[i].got - stormK;
  }
  qsort(v, m, sizeof *v, cmp64);
  printf("{\"ev\":\"storm\",\"k\":%d,\"complete\":%llu,\"of\":%d,\"secs\":%.4f,\"all_ready_secs\":%.4f,\"p50_s\":%.4f,\"p99_s\":%.4f,"
         "\"messages\":%llu,\"extra\":%llu,\"order_err\":%llu,\"failed\":%d,\"closed\":%d,\"bytes\":%llu,\"sink_cpu\":%.3f}\n",
         k, (unsigned long long)stormdone, N, (t1 - t) / 1e6, tall ? (tall - t) / 1e6 : -1., m ? v[m / 2] / 1e6 : 0,
         m ? v[m * 99 / 100] / 1e6 : 0, (unsigned long long)msgs, (unsigned long long)extra, (unsigned long long)oe, failed,
         closed_unexpected, (unsigned long long)bytes, cpu());
  free(v);
  stormK = 0;
}
static void run_for(double s) {
  u64 end = nowus() + (u64)(s * 1e6);
  while (nowus() < end) tick(10000);
}
static int command(char *l) {
  char w[32] = "";
  double a = 0, b = 0;
  int n = sscanf(l, " %31s %lf %lf", w, &a, &b);
  if (n < 1) return 1;
  if (!strcmp(w, "connect")) do_connect(n > 1 && a <= N ? (int)a : N, 0);
  else if (!strcmp(w, "reconnect")) do_connect(N, 1);
  else if (!strcmp(w, "rate")) do_rate(a, n > 2 ? b : 5);
  else if (!strcmp(w, "closed")) do_closed(a < 1 ? 1 : (int)a, n > 2 ? b : 5);
  else if (!strcmp(w, "stall")) do_stall((int)a);
  else if (!strcmp(w, "wake")) do_wake((long)a, n > 2 ? b : 30);
  else if (!strcmp(w, "churn")) do_churn(a, n > 2 ? b : 5);
  else if (!strcmp(w, "watch")) {
    char text[256] = "";
    sscanf(l, " %*s %255s", text);
    do_watch(text);
  }
  else if (!strcmp(w, "told")) do_told(n > 1 ? a : 30);
  else if (!strcmp(w, "burst")) do_burst(a < 1 ? 1 : (int)a, n > 2 ? b : 5);
  else if (!strcmp(w, "publish")) {  // publish a messages, b per second (0: as fast as possible)
    for (int i = 0; i < (int)a; i++) { publish(nowus()); if (b > 0) run_for(1 / b); else tick(0); }
    printf("{\"ev\":\"publish\",\"n\":%d}\n", (int)a);
  } else if (!strcmp(w, "listen")) { u64 t = nowus(); reset(); run_for(a); report("listen", 0, t); }
  else if (!strcmp(w, "sleep")) { run_for(a); printf("{\"ev\":\"sleep\"}\n"); }
  else if (!strcmp(w, "drop")) {
    int k = 0;
    for (int i = 0; i < N; i++) if (C[i].st != S_IDLE && C[i].st != S_CLOSED) conn_close(&C[i], 0), k++;
    printf("{\"ev\":\"drop\",\"n\":%d}\n", k);
  } else if (!strcmp(w, "storm")) do_storm((int)a, n > 2 ? b : 60);
  else if (!strcmp(w, "quit")) return 0;
  else printf("{\"ev\":\"error\",\"what\":\"unknown command %s\"}\n", w);
  fflush(stdout);
  return 1;
}
int main(int argc, char **argv) {
  static struct option lo[] = {{"n", 1, 0, 'n'}, {"host", 1, 0, 'H'}, {"port", 1, 0, 'p'}, {"path", 1, 0, 'u'}, {"repath", 1, 0, 'U'},
    {"dialect", 1, 0, 'd'}, {"sub", 1, 0, 's'}, {"resub", 1, 0, 'S'}, {"ready", 1, 0, 'r'}, {"marker", 1, 0, 'm'}, {"idm", 1, 0, 'i'},
    {"seqm", 1, 0, 'q'}, {"csr", 0, 0, 'c'}, {"conc", 1, 0, 'C'}, {"pub", 1, 0, 'P'}, {"template", 1, 0, 't'}, {"size", 1, 0, 'z'},
    {"channels", 1, 0, 'k'}, {"do", 1, 0, 'D'}, {"header", 1, 0, 'h'}, {"drain", 1, 0, 'w'}, {"fin", 0, 0, 'F'},
    {"connect-packet", 1, 0, 'x'}, {"connect-timeout", 1, 0, 'T'}, {"everywhere", 0, 0, 'E'}, {"offsets", 0, 0, 'o'}, {0}};
  int o;
  while ((o = getopt_long(argc, argv, "", lo, NULL)) != -1) switch (o) {
      case 'n': N = atoi(optarg); break;
      case 'H': HOST = optarg; break;
      case 'p': PORT = atoi(optarg); break;
      case 'u': PATH = optarg; break;
      case 'U': REPATH = optarg; break;
      case 'd': DIALECT = !strcmp(optarg, "eio") ? D_EIO : !strcmp(optarg, "sse") ? D_SSE : D_RAW; break;
      case 's': SUB[NSUB++ % 16] = optarg; break;
      case 'S': RESUB[NRESUB++ % 16] = optarg; break;
      case 'r': READY = optarg; break;
      case 'm': MARK = optarg; break;
      case 'i': IDM = optarg; break;
      case 'q': SEQM = optarg; break;
      case 'c': CSR = 1; break;
      case 'C': CONC = atoi(optarg); break;
      case 'P': PUB = optarg; break;
      case 't': TPL = optarg; break;
      case 'z': SIZE = atoi(optarg); break;
      case 'k': CHANNELS = atoi(optarg); break;
      case 'D': DO = optarg; break;
      case 'h': HDR[NHDR++ % 16] = optarg; break;
      case 'w': DRAIN = atof(optarg); break;
      case 'F': FIN = 1; break;
      case 'x': CONNECT40 = optarg; break;
      case 'T': CTIMEOUT = atof(optarg); break;
      case 'E': EVERYWHERE = 1; break;
      case 'o': OFFSETS = 1; break;
      default: die("see README.md for the flags");
    }
  struct in_addr ia;
  if (inet_pton(AF_INET, HOST, &ia) != 1 || ntohl(ia.s_addr) >> 24 != 127) die("--host must be a 127.x.x.x address");
  signal(SIGPIPE, SIG_IGN);
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  if ((rlim_t)N + 20 > rl.rlim_cur) die("N=%d needs more than the %lu files allowed; run several sinks", N, (unsigned long)rl.rlim_cur);
  C = calloc(N, sizeof *C);
  for (int i = 0; i < N; i++) C[i].fd = -1, C[i].off = -1;
  chcount = calloc(CHANNELS, sizeof *chcount);
  big = malloc(BIG);
  ep = epoll_create1(0);
  pub_open();
  reset();
  if (DO) {
    char *s = strdup(DO), *save, *t;
    for (t = strtok_r(s, ";", &save); t; t = strtok_r(NULL, ";", &save)) if (!command(t)) break;
    return 0;
  }
  // commands on stdin, one a line; connections are served while waiting
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  char line[4096];
  size_t ll = 0;
  for (;;) {
    ssize_t r = read(0, line + ll, sizeof line - 1 - ll);
    if (r == 0) return 0;
    if (r > 0) {
      ll += r;
      line[ll] = 0;
      char *nl;
      while ((nl = strchr(line, '\n'))) {
        *nl = 0;
        if (!command(line)) return 0;
        ll -= nl + 1 - line;
        memmove(line, nl + 1, ll + 1);
      }
    }
    tick(5000);
  }
}
