// A bare TCP relay: what the kernel and one epoll thread cost, and nothing else. The yardstick beside portico.
// relay LISTEN_PORT TARGET_PORT, both on 127.0.0.1; ends on a signal.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, EVENTS = 256, BACKLOG = 4096 };

struct side {
  int fd;
  uint32_t watched;
  struct side *peer;
  // What the kernel did not take at once; its peer is not read meanwhile.
  char *pending;
  size_t from, left;
  int read_over, shut;
  // Freed after the batch of events that it died in, for a later event may still name it.
  struct side *next_dead;
  int dead;
};

static int poller, listener, target_port;
static char buffer[BUFFER];
static struct side *dead;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void watch(struct side *side) {
  uint32_t wanted = 0;
  if (!side->read_over && side->peer->left == 0) wanted |= EPOLLIN;
  if (side->left > 0) wanted |= EPOLLOUT;
  if (wanted == side->watched) return;
  struct epoll_event event = {.events = wanted, .data.ptr = side};
  epoll_ctl(poller, EPOLL_CTL_MOD, side->fd, &event);
  side->watched = wanted;
}

static void bury(struct side *side) {
  if (side->dead) return;
  struct side *pair[] = {side, side->peer};
  for (int i = 0; i < 2; i++) {
    close(pair[i]->fd);
    free(pair[i]->pending);
    pair[i]->pending = NULL;
    pair[i]->dead = 1;
    pair[i]->next_dead = dead;
    dead = pair[i];
  }
}

static void reset(struct side *side) {
  struct linger abort = {.l_onoff = 1, .l_linger = 0};
  setsockopt(side->fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  setsockopt(side->peer->fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  bury(side);
}

static void end_if_over(struct side *side) {
  if (side->peer->read_over && side->left == 0 && !side->shut) {
    shutdown(side->fd, SHUT_WR);
    side->shut = 1;
  }
  if (side->shut && side->peer->shut) bury(side);
}

static void flush_pending(struct side *side) {
  while (side->left > 0) {
    ssize_t n = write(side->fd, side->pending + side->from, side->left);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return reset(side);
    side->from += n;
    side->left -= n;
  }
  free(side->pending);
  side->pending = NULL;
  watch(side);
  watch(side->peer);
  end_if_over(side);
}

static void forward(struct side *side) {
  struct side *peer = side->peer;
  ssize_t n = read(side->fd, buffer, BUFFER);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) return reset(side);
  if (n == 0) {
    side->read_over = 1;
    watch(side);
    return end_if_over(peer);
  }
  ssize_t taken = write(peer->fd, buffer, n);
  if (taken < 0 && (errno == EAGAIN || errno == EINTR)) taken = 0;
  // The connect may still be on its way: then nothing is taken either.
  if (taken < 0 && errno == ENOTCONN) taken = 0;
  if (taken < 0) return reset(side);
  if (taken == n) return;
  peer->left = n - taken;
  peer->from = 0;
  peer->pending = malloc(peer->left);
  if (!peer->pending) fail("malloc");
  memcpy(peer->pending, buffer + taken, peer->left);
  watch(side);
  watch(peer);
}

static struct side *add(int fd, uint32_t watched) {
  struct side *side = calloc(1, sizeof *side);
  if (!side) fail("calloc");
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  side->fd = fd;
  side->watched = watched;
  struct epoll_event event = {.events = watched, .data.ptr = side};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
  return side;
}

static void welcome(void) {
  for (;;) {
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server < 0) fail("socket");
    struct sockaddr_in to = loopback(target_port);
    if (connect(server, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
    struct side *a = add(client, EPOLLIN), *b = add(server, EPOLLIN);
    a->peer = b;
    b->peer = a;
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: relay LISTEN_PORT TARGET_PORT\n"), 2;
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  target_port = atoi(argv[2]);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in at = loopback(atoi(argv[1]));
  if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0) fail("bind");
  if (listen(listener, BACKLOG) < 0) fail("listen");
  poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event accepting = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &accepting) < 0) fail("epoll_ctl");

  struct epoll_event events[EVENTS];
  for (;;) {
    int n = epoll_wait(poller, events, EVENTS, -1);
    if (n < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < n; i++) {
      struct side *side = events[i].data.ptr;
      uint32_t happened = events[i].events;
      if (!side) {
        welcome();
        continue;
      }
      if (!side->dead && (happened & EPOLLOUT)) flush_pending(side);
      if (!side->dead && (happened & EPOLLIN) && (side->watched & EPOLLIN)) forward(side);
      // Reported even when nothing is watched: the other side is gone for good.
      else if (!side->dead && (happened & EPOLLERR)) reset(side);
    }
    while (dead) {
      struct side *next = dead->next_dead;
      free(dead);
      dead = next;
    }
  }
}
