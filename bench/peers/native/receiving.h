// Receiving: parses frames and streams, and counts, times and checks messages.

static u64 rxnow;
static conn *more;
// A post is in flight until all its readers have it. Tracks the next post of each channel, or of all.
static void count_in(const conn *c) {
  int ch = EVERYWHERE ? 0 : (c - C) % CHANNELS;
  uint32_t *count = &having[ch * UNDER_WAY + c->got % UNDER_WAY];
  if (++*count == receivers(ch)) { *count = 0; finished++; }
}
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
    count_in(c);
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
// The rule of the wire protocol: an event fits if it begins at most one after the held offset, and ends after it.
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
      if (reconnecting && CSR) set_ready(c);  // the server restores the rooms with the session
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
  // Subscribes again from the cursor if the subscription ended because the reader was slow, or if there is more to catch up.
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
