// The load generator of the benchmark: thousands of readers, the publisher and the clock in one process and one thread. It uses epoll and
// no libraries, so it costs little compared with the measured server. ../sink.ts drives it.
//
// Protocols: --dialect raw (plain WebSocket), eio (Engine.IO 4 with Socket.IO 5: sends 40, answers 2 with 3) or sse.
//   --n N, --host, --port, --path     number of connections and their target, which must be 127.x.x.x
//   --header TEXT                     another header of the request; may be repeated
//   --sub TEXT                        packets to send once connected; --ready PREFIX: a connection is ready once a payload begins with this
//   --resub, --repath                 replace --sub and --path for a reader that returns with a cursor
//   --connect-packet TEXT             replaces 40; --csr: connection state recovery, with the session's id and offset
//   --idm MARK                        what follows MARK in the last message replaces %O in --resub and --repath
//   --marker MARK                     in a message, 13 or more digits follow MARK: microseconds since 1970 at which the message was due
//   --seqm MARK                       the numbers after MARK must rise by one on each connection
//   --offsets                         each event must continue from the reader's offset, as Pressbox's wire protocol requires
//   --channels M, --everywhere        reader i follows channel i mod M, or each follows all
//   --pub KIND:PORT:ARG               line:PORT (one post per line), http:PORT:/path (POST), redis:PORT:channel (PUBLISH), nats:PORT:subject
//   --template, --size                the post: %S is its number, %T the time, %C the channel, %X padding up to --size bytes
//   --conc K, --connect-timeout S, --drain S, --fin, --do 'c1;c2'
//
// Commands on standard input, one per line. The answer to each is a line of JSON:
//   connect [n] · reconnect · drop · storm K [S] (all reconnect, until each has K messages) · churn PER_S S (readers leave and return)
//   rate R S (R posts per second; latency is measured from when a post was due) · closed W S (W posts in flight, each until
//     its last reader has it)
//   burst K S (K posts at once, repeated when all readers have them) · publish K [PER_S] · listen S · sleep S
//   watch TEXT · told S (until all readers received a message with that text) · stall K · wake NUMBER S · quit
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

#include "state.h"
#include "connections.h"
#include "receiving.h"
#include "publishing.h"
#include "commands.h"

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
  having = calloc((size_t)CHANNELS * UNDER_WAY, sizeof *having);
  big = malloc(BIG);
  ep = epoll_create1(0);
  pub_open();
  reset();
  if (DO) {
    char *s = strdup(DO), *save, *t;
    for (t = strtok_r(s, ";", &save); t; t = strtok_r(NULL, ";", &save)) if (!command(t)) break;
    return 0;
  }
  // commands on stdin, one per line; connections are served while waiting
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
