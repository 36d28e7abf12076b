// The event loop and the commands.

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
        // edge-triggered: one read() with a large enough buffer empties the socket, so no second poll per message
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
static void do_closed(int win, double secs) {  // closed loop: `win` posts in flight
  reset();
  u64 t0 = nowus(), end = t0 + (u64)(secs * 1e6), drainend = 0;
  for (;;) {
    u64 now = nowus();
    if (now < end) {
      while (published - finished < (u64)win) publish(nowus());
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
// Lets stopped readers read again until each has the post with this number or its connection has ended.
static void do_wake(long seq, double timeout) {
  reset();
  int of = 0, caught = 0, ended = 0;
  u64 t = nowus(), end = t + (u64)(timeout * 1e6);
  for (int i = 0; i < N; i++) {
    conn *c = &C[i];
    if (!c->stalled) continue;
    of++;
    if (c->fd < 0) continue;
    // Level-triggered, because the end of the connection may come right after the queued input.
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
// From now on, records when each reader receives a message that contains this text.
static void do_watch(const char *text) {
  static char kept[256];
  reset();
  snprintf(kept, sizeof kept, "%s", text);
  awaited = kept;
  awaitdone = 0;
  printf("{\"ev\":\"watch\",\"of\":%d}\n", nready);
}
// Waits until every reader has received that text. Reports when the first and the last received it, by the shared clock.
static void do_told(double timeout) {
  u64 end = nowus() + (u64)(timeout * 1e6);
  while (awaitdone < (u64)nready && nowus() < end) tick(20000);
  awaited = NULL;
  printf("{\"ev\":\"told\",\"complete\":%llu,\"of\":%d,\"first_us\":%llu,\"last_us\":%llu}\n", (unsigned long long)awaitdone, nready,
         (unsigned long long)tfirst, (unsigned long long)tlast);
}
// Lets readers leave and return with their cursors at this rate per second.
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
static void do_burst(int k, double secs) {  // k posts at once, and again when every reader has them
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
