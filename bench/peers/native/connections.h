// Connections from the first packet to the end, and what is sent on them.

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
  memset(f + h, 0, 4);  // a masking key of zero is legal and leaves the payload unchanged
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

// Spread connections over addresses, because a server may limit connections per address.
#define PER_ADDRESS 1000

static void conn_start(conn *c) {
  int i = c - C, one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket: %s (raise ulimit -n)", strerror(errno));
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in s = {.sin_family = AF_INET};
  unsigned r = (unsigned)getpid();
  s.sin_addr.s_addr = htonl(0x7f000000u | (16 + r % 200) << 16 | ((r / 200) % 250) << 8 | (1 + i / PER_ADDRESS));
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
