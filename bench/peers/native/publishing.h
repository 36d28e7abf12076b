// Publishing posts to the server.

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
// Concurrent posts are sent in one piece, so that a server finds all of them waiting.
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
