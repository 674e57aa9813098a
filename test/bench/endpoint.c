/*
 * An HTTP endpoint that is never the limit: one thread, epoll, keep-alive, no allocation per request.
 *
 *   endpoint PORT [latency-ms] [status] [fail-every] [fail-status]
 *
 * Answers `status` to every request, `fail-status` to every `fail-every`th one, each after `latency-ms`. PORT 0 takes a free
 * port; the port is printed on standard output. SIGUSR1 prints "requests bytes" there. It ends with its standard input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FDS = 4096, BUFFER = 1 << 16, DUE = 1 << 16 };

struct connection { char *in; size_t have; size_t skip; int discard; };
struct due { int64_t at; int fd; unsigned generation; int failed; };

static struct connection connections[MAX_FDS];
static unsigned generations[MAX_FDS];
static struct due due[DUE];
static unsigned due_head, due_tail;
static char ok[256], failure[256];
static size_t ok_length, failure_length;
static unsigned long requests, bytes, fail_every;
static int64_t latency;

static int64_t now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void answer (int fd, int failed) {
  if (write(fd, failed ? failure : ok, failed ? failure_length : ok_length) < 0) perror("write");
}

static void requested (int fd) {
  int failed = fail_every && ++requests % fail_every == 0;
  if (!fail_every) requests++;
  if (!latency) answer(fd, failed);
  else due[due_tail++ % DUE] = (struct due) { now() + latency, fd, generations[fd], failed };
}

static void hang_up (int fd) {
  generations[fd]++;
  free(connections[fd].in);
  connections[fd] = (struct connection) { 0 };
  close(fd);
}

/* Takes whole requests off the front of the connection's buffer; `skip` is what is still to come of a body. */
static void consume (int fd) {
  struct connection *c = &connections[fd];
  size_t at = 0;
  while (at < c->have) {
    if (c->skip) {
      size_t part = c->have - at < c->skip ? c->have - at : c->skip;
      at += part;
      if (!(c->skip -= part)) requested(fd);
      continue;
    }
    c->in[c->have] = 0;
    char *end = strstr(c->in + at, "\r\n\r\n");
    if (!end) break;
    *end = 0;
    char *length = strcasestr(c->in + at, "\r\ncontent-length:");
    c->skip = length ? strtoul(length + 17, NULL, 10) : 0;
    at = (size_t) (end + 4 - c->in);
    if (!c->skip) requested(fd);
  }
  memmove(c->in, c->in + at, c->have - at);
  c->have -= at;
}

int main (int argc, char **argv) {
  int port = argc > 1 ? atoi(argv[1]) : 0;
  latency = argc > 2 ? (int64_t) (atof(argv[2]) * 1000) : 0;
  int status = argc > 3 ? atoi(argv[3]) : 200;
  fail_every = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
  int fail_status = argc > 5 ? atoi(argv[5]) : 503;
  ok_length = (size_t) sprintf(ok, "HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nok", status);
  failure_length = (size_t) sprintf(failure, "HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nno", fail_status);

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *) &address, size) || listen(listener, 1024)) return perror("bind"), 1;
  getsockname(listener, (struct sockaddr *) &address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);
  int reports = signalfd(-1, &signals, SFD_NONBLOCK), poller = epoll_create1(0);
  int watched[] = { listener, reports, 0 };
  for (int i = 0; i < 3; i++) epoll_ctl(poller, EPOLL_CTL_ADD, watched[i], &(struct epoll_event) { EPOLLIN, { .fd = watched[i] } });

  for (;;) {
    struct epoll_event events[256];
    int wait = -1;
    if (due_head != due_tail) {
      int64_t left = due[due_head % DUE].at - now();
      wait = left <= 0 ? 0 : (int) (left / 1000) + 1;
    }
    int n = epoll_wait(poller, events, 256, wait);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == 0) {
        char end[64];
        if (read(0, end, sizeof end) <= 0) return 0;
      } else if (fd == reports) {
        struct signalfd_siginfo info;
        if (read(reports, &info, sizeof info) > 0) printf("%lu %lu\n", requests, bytes), fflush(stdout);
      } else if (fd == listener) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (accepted < 0) continue;
        if (accepted >= MAX_FDS) { close(accepted); continue; }
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[accepted].in = malloc(BUFFER + 1);
        epoll_ctl(poller, EPOLL_CTL_ADD, accepted, &(struct epoll_event) { EPOLLIN, { .fd = accepted } });
      } else {
        struct connection *c = &connections[fd];
        ssize_t got = read(fd, c->in + c->have, BUFFER - c->have);
        if (got < 0 && errno == EAGAIN) continue;
        if (got <= 0) { hang_up(fd); continue; }
        bytes += (unsigned long) got;
        c->have += (size_t) got;
        consume(fd);
      }
    }
    int64_t time = now();
    while (due_head != due_tail && due[due_head % DUE].at <= time) {
      struct due d = due[due_head++ % DUE];
      if (generations[d.fd] == d.generation) answer(d.fd, d.failed);
    }
  }
}
