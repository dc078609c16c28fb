/*
 * Many SIP phones in one thread: they subscribe over UDP (RFC 6665), answer every NOTIFY, repeat and give up as RFC 3261
 * says, and measure. Loopback only. What to do comes line by line on standard input, one JSON object a line goes back
 * (test/bench/generator.ts). Every phone has a source address of its own within 127.0.0.0/8 unless `addresses` says less.
 */
#define _GNU_SOURCE
#include "wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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

#define BATCH 64
#define LARGEST 4096
#define T1 500e6 /* RFC 3261 17.1.1.1; nanoseconds, like every time here */
#define T2 4e9
#define TIMER_F (64 * T1)
#define SK_MEMINFO_DROPS_INDEX 8

typedef double when; /* nanoseconds of CLOCK_MONOTONIC: exact for the first 104 days of a machine */

/* ------------------------------------------------------------------ settings of the process */
static struct sockaddr_in server;
static unsigned phones = 1000, sockets = 16, addresses = 0, origin = 0, resources = 1, base = 100000;
static const char *domain = "bench.test", *event = "dialog", *password = NULL;

/* ------------------------------------------------------------------ the phones */
enum { QUIET, ASKING, PAUSED };
typedef struct {
  when asked, due;      /* first sending of this wish; next repetition, or end of a pause */
  float wait;           /* between the last two sendings */
  unsigned cseq, heard; /* own CSeq; the highest CSeq of a NOTIFY */
  unsigned nonce_count, incarnation, seen; /* seen: the last phase that told this phone something */
  uint8_t state, owed, challenged, standing;
  char tag[40]; /* the server's */
  char *target, *nonce;
} phone;

static phone *all;
static char run[16], realm[128];
static int *fds, poller, port_of[1024];

/* ------------------------------------------------------------------ one phase: a command under way */
typedef struct {
  char name[16];
  unsigned id, from, count, window, started, finished, open;
  unsigned ok, failed, timeouts, told, shed, skipped;
  unsigned long long notifies, repeated, disorder, strange, retransmissions, challenges;
  double rate;
  when begin, deadline, repeat, first_told, last_told, last_final;
  int expires, stamps, wrong, press, watching, endless;
  unsigned statuses[700];
} phase;
static phase now_doing;
static int busy;
static unsigned long long sent, received, unreadable;
static unsigned drops_before;

typedef struct {
  float *values;
  size_t size, room;
} series;
static series finals, firsts, stamps; /* milliseconds */

static when clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (when)t.tv_sec * 1e9 + (when)t.tv_nsec;
}

static void die(const char *format, ...) {
  va_list list;
  va_start(list, format);
  vfprintf(stderr, format, list);
  va_end(list);
  fputc('\n', stderr);
  exit(2);
}

static void add(series *s, double ms) {
  if (s->size == s->room) {
    s->room = s->room ? s->room * 2 : 4096;
    s->values = realloc(s->values, s->room * sizeof *s->values);
    if (s->values == NULL) die("out of memory");
  }
  s->values[s->size++] = (float)ms;
}

/* ------------------------------------------------------------------ sending */
typedef struct {
  char bytes[BATCH][LARGEST], control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
  struct iovec pieces[BATCH];
  struct mmsghdr headers[BATCH];
  int size;
} outbox;
static outbox *outboxes;

static void flush(unsigned socket) {
  outbox *out = &outboxes[socket];
  for (int gone = 0; gone < out->size;) {
    int count = sendmmsg(fds[socket], out->headers + gone, (unsigned)(out->size - gone), 0);
    if (count > 0) gone += count;
    else if (errno == ECONNREFUSED) continue; /* an old error of the socket: nothing was sent yet */
    else if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) usleep(100);
    else die("sendmmsg: %s", strerror(errno));
  }
  sent += (unsigned)out->size;
  out->size = 0;
}

static void flush_all(void) {
  for (unsigned s = 0; s < sockets; s++)
    if (outboxes[s].size > 0) flush(s);
}

/* Where a phone is: 127.1.0.0 and up, far from the addresses of servers. */
static struct in_addr place_of(unsigned index) {
  unsigned number = addresses == 0 ? index : index % addresses;
  return (struct in_addr){htonl(0x7f010000u + origin + number)};
}

static char *room_for(unsigned socket) {
  if (outboxes[socket].size == BATCH) flush(socket);
  return outboxes[socket].bytes[outboxes[socket].size];
}

static void post(unsigned socket, unsigned index, int size) {
  outbox *out = &outboxes[socket];
  int k = out->size++;
  out->pieces[k] = (struct iovec){out->bytes[k], (size_t)size};
  struct msghdr *head = &out->headers[k].msg_hdr;
  *head = (struct msghdr){.msg_name = &server, .msg_namelen = sizeof server, .msg_iov = &out->pieces[k], .msg_iovlen = 1,
                          .msg_control = out->control[k], .msg_controllen = sizeof out->control[k]};
  struct cmsghdr *about = CMSG_FIRSTHDR(head);
  *about = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
  struct in_pktinfo from = {.ipi_spec_dst = place_of(index)};
  memcpy(CMSG_DATA(about), &from, sizeof from);
}

static unsigned user_of(unsigned index) { return base + index; }
static unsigned resource_of(unsigned index) { return base + index % resources; }
static unsigned socket_of(unsigned index) { return index % sockets; }

static int authorization(char *into, size_t size, phone *p, unsigned index, const char *uri) {
  char piece[512], secret[64] = "", ha1[33], ha2[33], response[33];
  const char *mark = strstr(password, "<ext>"); /* as the simulated PBX writes it */
  if (mark == NULL) snprintf(secret, sizeof secret, "%s", password);
  else snprintf(secret, sizeof secret, "%.*s%u%s", (int)(mark - password), password, user_of(index), mark + 5);
  if (now_doing.wrong) strcat(secret, "x");
  int n = snprintf(piece, sizeof piece, "%u:%s:%s", user_of(index), realm, secret);
  md5_hex(ha1, piece, (size_t)n);
  n = snprintf(piece, sizeof piece, "SUBSCRIBE:%s", uri);
  md5_hex(ha2, piece, (size_t)n);
  n = snprintf(piece, sizeof piece, "%s:%s:%08x:%s:auth:%s", ha1, p->nonce, p->nonce_count, run, ha2);
  md5_hex(response, piece, (size_t)n);
  return snprintf(into, size,
                  "Authorization: Digest username=\"%u\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", "
                  "algorithm=MD5, qop=auth, cnonce=\"%s\", nc=%08x\r\n",
                  user_of(index), realm, p->nonce, uri, response, run, p->nonce_count);
}

static const char *accepted(void) {
  if (strcmp(event, "dialog") == 0) return "application/dialog-info+xml";
  if (strcmp(event, "as-feature-event") == 0) return "application/x-as-feature-event+xml, multipart/mixed";
  return strcmp(event, "message-summary") == 0 ? "application/simple-message-summary" : "application/pidf+xml";
}

/* A key press: do not disturb, on and off in turn. */
static int key_press(char *into, size_t size, phone *p) {
  return snprintf(into, size,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<SetDoNotDisturb "
                  "xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed3\"><device></device>"
                  "<doNotDisturbOn>%s</doNotDisturbOn></SetDoNotDisturb>\r\n", p->cseq & 1 ? "true" : "false");
}

/* Sends, or repeats byte for byte, what the phone asks for. */
static void send_subscribe(phone *p, unsigned index) {
  unsigned socket = socket_of(index);
  char *out = room_for(socket), uri[160], credentials[1024] = "", body[512] = "", host[INET_ADDRSTRLEN];
  struct in_addr place = place_of(index);
  inet_ntop(AF_INET, &place, host, sizeof host);
  if (p->target) snprintf(uri, sizeof uri, "%s", p->target);
  else snprintf(uri, sizeof uri, "sip:%u@%s", resource_of(index), domain);
  if (p->nonce) authorization(credentials, sizeof credentials, p, index, uri);
  int length = now_doing.press ? key_press(body, sizeof body, p) : 0;
  int n = snprintf(out, LARGEST,
                   "SUBSCRIBE %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s.%u.%u.%u;rport\r\nMax-Forwards: 70\r\n"
                   "From: <sip:%u@%s>;tag=%s.%u.%u\r\nTo: <sip:%u@%s>%s%s\r\nCall-ID: %s.%u.%u@load\r\nCSeq: %u SUBSCRIBE\r\n"
                   "Contact: <sip:%u@%s:%d>\r\nEvent: %s\r\nAccept: %s\r\nExpires: %d\r\nUser-Agent: lamplighter-load\r\n%s%s"
                   "Content-Length: %d\r\n\r\n%s",
                   uri, host, port_of[socket], run, index, p->incarnation, p->cseq, user_of(index), domain, run, index, p->incarnation,
                   resource_of(index), domain, p->tag[0] ? ";tag=" : "", p->tag, run, index, p->incarnation, p->cseq, user_of(index),
                   host, port_of[socket], event, accepted(), now_doing.expires, credentials,
                   length ? "Content-Type: application/x-as-feature-event+xml\r\n" : "", length, body);
  if (n >= LARGEST) die("a SUBSCRIBE of %d bytes", n);
  post(socket, index, n);
}

static void begin_request(phone *p, unsigned index, when now) {
  p->cseq++;
  if (p->nonce) p->nonce_count++;
  p->state = ASKING;
  p->wait = (float)(now_doing.repeat > 0 ? now_doing.repeat : T1);
  p->due = now + p->wait;
  send_subscribe(p, index);
}

static void begin_wish(unsigned index, when now) {
  phone *p = &all[index];
  p->asked = now;
  p->owed = 1;
  p->challenged = 0;
  now_doing.open++;
  begin_request(p, index, now);
}

/* ------------------------------------------------------------------ receiving */
static void finish(phone *p, int good) {
  p->state = QUIET;
  if (good && p->owed) return; /* its NOTIFY is still to come */
  now_doing.open--;
  now_doing.finished++;
}

/* The dialog is over: what still comes for it is strange, and the next one has a new Call-ID. */
static void forget(phone *p) {
  p->incarnation++;
  free(p->target);
  p->target = NULL;
  p->tag[0] = 0;
  p->heard = 0;
  p->standing = 0;
}

static int take_challenge(phone *p, const message *m) {
  for (int i = 0; i < m->challenge_count; i++) {
    text c = m->challenges[i], algorithm = challenge_part(c, "algorithm"), nonce = challenge_part(c, "nonce");
    if (nonce.at == NULL || (algorithm.at && !(algorithm.size == 3 && strncasecmp(algorithm.at, "MD5", 3) == 0))) continue;
    text named = challenge_part(c, "realm");
    snprintf(realm, sizeof realm, "%.*s", named.size, named.at);
    free(p->nonce);
    p->nonce = strndup(nonce.at, (size_t)nonce.size);
    p->nonce_count = 0;
    return 1;
  }
  return 0;
}

static void take_response(phone *p, unsigned index, const message *m, when now) {
  if (m->status < 200 || p->state != ASKING || m->cseq_number != p->cseq) return;
  now_doing.statuses[m->status < 700 ? m->status : 699]++;
  if ((m->status == 401 || m->status == 407) && !p->challenged && password && take_challenge(p, m)) {
    p->challenged = 1;
    now_doing.challenges++;
    begin_request(p, index, now);
    return;
  }
  unsigned pause = m->status == 503 ? (unsigned)number_of(m->retry_after) : 0;
  if (pause > 0) { /* RFC 3261 21.5.4 */
    now_doing.shed++;
    p->state = PAUSED;
    p->due = now + pause * 1e9;
    return;
  }
  int good = m->status < 300;
  if (good) {
    text tag = tag_of(m->to), target = uri_of(m->contact);
    snprintf(p->tag, sizeof p->tag, "%.*s", tag.size, tag.at ? tag.at : "");
    if (target.at && (p->target == NULL || strncmp(p->target, target.at, (size_t)target.size) != 0)) {
      free(p->target);
      p->target = strndup(target.at, (size_t)target.size);
    }
    p->standing = now_doing.expires > 0;
    if (!p->standing && !p->owed) forget(p);
    now_doing.ok++;
    add(&finals, (now - p->asked) / 1e6);
  } else if (m->status == 481) forget(p);
  if (!good) {
    if (now_doing.wrong && (m->status == 401 || m->status == 403)) now_doing.ok++;
    else now_doing.failed++;
    p->owed = 0;
  }
  now_doing.last_final = now;
  finish(p, good);
}

static void answer(unsigned socket, unsigned index, const message *m, int status) {
  char *out = room_for(socket);
  int n = snprintf(out, LARGEST, "SIP/2.0 %s\r\n", status == 200 ? "200 OK" : "481 Subscription Does Not Exist");
  for (int i = 0; i < m->via_count; i++) n += snprintf(out + n, (size_t)(LARGEST - n), "Via: %.*s\r\n", m->vias[i].size, m->vias[i].at);
  n += snprintf(out + n, (size_t)(LARGEST - n), "From: %.*s\r\nTo: %.*s\r\nCall-ID: %.*s\r\nCSeq: %.*s\r\nContent-Length: 0\r\n\r\n",
                m->from.size, m->from.at, m->to.size, m->to.at, m->call_id.size, m->call_id.at, m->cseq.size, m->cseq.at);
  if (n < LARGEST) post(socket, index, n);
}

static void take_notify(phone *p, unsigned index, const message *m, when now) {
  answer(socket_of(index), index, m, 200);
  now_doing.notifies++;
  if (m->cseq_number == p->heard) {
    now_doing.repeated++;
    return;
  }
  if (m->cseq_number < p->heard) now_doing.disorder++;
  else p->heard = m->cseq_number;
  if (now_doing.stamps) {
    const char *mark = memmem(m->body.at, (size_t)m->body.size, "stamp ", 6);
    if (mark) add(&stamps, (now - (when)number_of((text){mark + 6, (int)(m->body.at + m->body.size - mark - 6)})) / 1e6);
  }
  if (now_doing.first_told == 0) now_doing.first_told = now;
  now_doing.last_told = now;
  if (p->seen != now_doing.id) now_doing.told++;
  p->seen = now_doing.id;
  int over = contains(m->state, "terminated");
  if (!p->owed) {
    if (over) forget(p);
    return;
  }
  if (now_doing.expires == 0 && !over) return; /* a change on its way while the phone says goodbye */
  p->owed = 0;
  add(&firsts, (now - p->asked) / 1e6);
  if (p->state != QUIET) return; /* the NOTIFY came first: the response ends the wish */
  now_doing.open--;
  now_doing.finished++;
  if (over) forget(p);
}

static void take(unsigned socket, const char *bytes, int size, when now) {
  message m;
  received++;
  if (read_message(bytes, size, &m) != 0) {
    unreadable++;
    return;
  }
  size_t own = strlen(run);
  unsigned index = phones, incarnation = 0;
  if ((size_t)m.call_id.size > own + 1 && memcmp(m.call_id.at, run, own) == 0) {
    char rest[32];
    snprintf(rest, sizeof rest, "%.*s", (int)(m.call_id.size - (int)own - 1), m.call_id.at + own + 1);
    if (sscanf(rest, "%u.%u@", &index, &incarnation) != 2) index = phones;
  }
  int mine = index < phones && all[index].incarnation == incarnation;
  if (m.status > 0) {
    if (mine) take_response(&all[index], index, &m, now);
  } else if (mine && m.method.size == 6 && memcmp(m.method.at, "NOTIFY", 6) == 0) take_notify(&all[index], index, &m, now);
  else {
    now_doing.strange++;
    answer(socket, index < phones ? index : 0, &m, 481);
  }
}

static void receive(unsigned socket) {
  static char bytes[BATCH][65536];
  static struct iovec pieces[BATCH];
  static struct mmsghdr headers[BATCH];
  static struct sockaddr_in from[BATCH];
  for (int i = 0; i < BATCH; i++) {
    pieces[i] = (struct iovec){bytes[i], sizeof bytes[i]};
    headers[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  int count = recvmmsg(fds[socket], headers, BATCH, MSG_DONTWAIT, NULL);
  when now = clock_now();
  for (int i = 0; i < count; i++)
    if ((ntohl(from[i].sin_addr.s_addr) >> 24) == 127) take(socket, bytes[i], (int)headers[i].msg_len, now);
}

/* ------------------------------------------------------------------ the course of a phase */
static void repeat_and_give_up(when now) {
  for (unsigned i = now_doing.from; i < now_doing.from + now_doing.count; i++) {
    phone *p = &all[i];
    if (p->state == QUIET || p->due > now) continue;
    if (p->state == PAUSED) {
      p->asked = now;
      begin_request(p, i, now);
    } else if (now - p->asked >= TIMER_F && now_doing.repeat == 0) { /* RFC 3261 17.1.2.2 */
      now_doing.timeouts++;
      p->owed = 0;
      finish(p, 0);
    } else {
      now_doing.retransmissions++;
      send_subscribe(p, i);
      if (now_doing.repeat == 0) p->wait = (float)(p->wait * 2 < T2 ? p->wait * 2 : T2);
      p->due = now + p->wait;
    }
  }
}

static void start_more(when now) {
  unsigned due = now_doing.count;
  if (now_doing.rate > 0) {
    double should = (now - now_doing.begin) / 1e9 * now_doing.rate;
    due = should < due ? (unsigned)should : due;
  }
  while (now_doing.started < due && (now_doing.window == 0 || now_doing.open < now_doing.window)) {
    unsigned index = now_doing.from + now_doing.started++;
    if (all[index].state == QUIET && !all[index].owed) begin_wish(index, now);
    else now_doing.skipped++;
  }
}

static unsigned drops(void) {
  unsigned total = 0, info[16];
  for (unsigned s = 0; s < sockets; s++) {
    socklen_t size = sizeof info;
    if (getsockopt(fds[s], SOL_SOCKET, SO_MEMINFO, info, &size) == 0) total += info[SK_MEMINFO_DROPS_INDEX];
  }
  return total;
}

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void print_series(const char *name, series *s) {
  if (s->size > 0) {
    qsort(s->values, s->size, sizeof *s->values, by_value);
    printf(",\"%s\":{\"count\":%zu,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, s->size, s->values[s->size / 2],
           s->values[(size_t)((double)(s->size - 1) * 0.99)], s->values[s->size - 1]);
  }
  s->size = 0;
}

static void report(when now) {
  phase *d = &now_doing;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  unsigned standing = 0, owed = 0;
  for (unsigned i = 0; i < phones; i++) standing += all[i].standing, owed += all[i].owed;
  printf("{\"phase\":\"%s\",\"begin\":%.0f,\"end\":%.0f,\"ok\":%u,\"failed\":%u,\"timeouts\":%u,\"told\":%u,\"untold\":%u,\"shed\":%u,"
         "\"skipped\":%u,\"notifies\":%llu,\"repeated\":%llu,\"disorder\":%llu,\"strange\":%llu,\"retransmissions\":%llu,"
         "\"challenges\":%llu,\"firstTold\":%.0f,\"lastTold\":%.0f,\"lastFinal\":%.0f,\"standing\":%u,\"sent\":%llu,\"received\":%llu,"
         "\"unreadable\":%llu,\"drops\":%u,\"cpuSeconds\":%.3f",
         d->name, d->begin, now, d->ok, d->failed, d->timeouts, d->told, owed, d->shed, d->skipped, d->notifies, d->repeated,
         d->disorder, d->strange, d->retransmissions, d->challenges, d->first_told, d->last_told, d->last_final, standing, sent,
         received, unreadable, drops() - drops_before,
         (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
  print_series("finalMs", &finals);
  print_series("notifyMs", &firsts);
  print_series("stampMs", &stamps);
  for (unsigned i = d->from; i < d->from + d->count; i++) all[i].state = QUIET, all[i].owed = 0; /* what ran out of time */
  printf(",\"statuses\":{");
  for (int i = 0, any = 0; i < 700; i++)
    if (d->statuses[i] > 0) printf("%s\"%d\":%u", any++ ? "," : "", i, d->statuses[i]);
  printf("}}\n");
  fflush(stdout);
  busy = 0;
}

static double option(const char *line, const char *name, double otherwise) {
  char wanted[40];
  snprintf(wanted, sizeof wanted, " %s=", name);
  const char *found = strstr(line, wanted);
  return found ? atof(found + strlen(wanted)) : otherwise;
}

/* Datagrams that are no SIP, or nearly: seeded, so that a run can be repeated. */
static void garbage(unsigned count, unsigned seed) {
  srand(seed);
  for (unsigned i = 0; i < count; i++) {
    unsigned socket = (unsigned)rand() % sockets, index = (unsigned)rand() % phones;
    char *out = room_for(socket);
    int n = 1 + rand() % 600;
    if (i % 2 == 0)
      n = snprintf(out, LARGEST, "SUBSCRIBE sip:%u@%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK%d\r\nCSeq: %d SUBSCRIBE\r\n"
                   "Call-ID: %d\r\nFrom: <sip:x@%s>;tag=%d\r\nTo: <sip:y@%s>\r\nEvent: dialog\r\nContent-Length: %d\r\n\r\n",
                   index, domain, rand(), rand(), rand(), domain, rand(), domain, rand() % 3);
    for (int k = 0, changes = i % 2 ? n : 3; k < changes; k++) out[i % 2 ? k : rand() % n] = (char)rand();
    post(socket, index, n);
  }
  flush_all();
}

static void obey(const char *line) {
  static unsigned next_id = 1;
  when now = clock_now();
  if (strncmp(line, "quit", 4) == 0) exit(0);
  if (busy) die("a command while one is under way");
  now_doing = (phase){.id = next_id++, .begin = now};
  sscanf(line, "%15s", now_doing.name);
  phase *d = &now_doing;
  d->from = (unsigned)option(line, "from", 0);
  d->count = (unsigned)option(line, "count", phones - d->from);
  if (d->from + d->count > phones) die("there are only %u phones", phones);
  d->window = (unsigned)option(line, "window", 64);
  d->rate = option(line, "rate", 0);
  if (d->rate > 0) d->window = 0;
  d->expires = (int)option(line, "expires", 3600);
  d->repeat = option(line, "repeat", 0) * 1e6;
  d->stamps = (int)option(line, "stamps", 0);
  d->wrong = (int)option(line, "wrong", 0);
  d->press = (int)option(line, "press", 0);
  d->endless = (int)option(line, "endless", 0);
  d->deadline = now + option(line, "timeout", 60000) * 1e6;
  d->watching = strcmp(d->name, "watch") == 0;
  drops_before = drops();
  busy = 1;
  if (d->watching) {
    printf("{\"phase\":\"armed\"}\n");
    fflush(stdout);
  } else if (strcmp(d->name, "forget") == 0) { /* the phones lose power: new Call-IDs, nothing remembered */
    for (unsigned i = d->from; i < d->from + d->count; i++) {
      forget(&all[i]);
      free(all[i].nonce);
      all[i].nonce = NULL;
      all[i].state = QUIET;
      all[i].owed = 0;
    }
    report(now);
  } else if (strcmp(d->name, "garbage") == 0) {
    garbage(d->count, (unsigned)option(line, "seed", 1));
    report(clock_now());
  } else if (strcmp(d->name, "subscribe") != 0) die("unknown command %s", d->name);
}

static void read_commands(void) {
  static char waiting[4096];
  static size_t size;
  ssize_t got = read(0, waiting + size, sizeof waiting - size - 1);
  if (got == 0) exit(0); /* whoever started us is gone */
  if (got < 0) return;
  size += (size_t)got;
  waiting[size] = 0;
  for (char *eol; (eol = strchr(waiting, '\n')) != NULL;) {
    *eol = 0;
    obey(waiting);
    size -= (size_t)(eol + 1 - waiting);
    memmove(waiting, eol + 1, size + 1);
  }
}

static void go_on(when now) {
  static when looked;
  phase *d = &now_doing;
  if (d->watching) {
    if ((d->told >= d->count && !d->endless) || now >= d->deadline) report(now);
    return;
  }
  start_more(now);
  if (now - looked >= (d->repeat > 0 ? 2e6 : 20e6)) {
    repeat_and_give_up(now);
    looked = now;
  }
  if ((d->started == d->count && d->open == 0) || now >= d->deadline) report(now);
}

static void open_sockets(void) {
  fds = calloc(sockets, sizeof *fds);
  outboxes = calloc(sockets, sizeof *outboxes);
  all = calloc(phones, sizeof *all);
  poller = epoll_create1(0);
  if (fds == NULL || outboxes == NULL || all == NULL) die("out of memory");
  for (unsigned s = 0; s < sockets; s++) {
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t size = sizeof own;
    int room = 32 << 20;
    fds[s] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(fds[s], SOL_SOCKET, SO_BINDTODEVICE, "lo", 3); /* what cannot be bound so is filtered in receive */
    if (setsockopt(fds[s], SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)) setsockopt(fds[s], SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fds[s], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (bind(fds[s], (struct sockaddr *)&own, sizeof own) != 0) die("bind: %s", strerror(errno));
    getsockname(fds[s], (struct sockaddr *)&own, &size);
    port_of[s] = ntohs(own.sin_port);
    epoll_ctl(poller, EPOLL_CTL_ADD, fds[s], &(struct epoll_event){.events = EPOLLIN, .data.u32 = s});
  }
  fcntl(0, F_SETFL, O_NONBLOCK);
  epoll_ctl(poller, EPOLL_CTL_ADD, 0, &(struct epoll_event){.events = EPOLLIN, .data.u32 = UINT32_MAX});
}

/* load SERVER-ADDRESS SERVER-PORT [name=value …] */
int main(int argc, char **argv) {
  if (argc < 3) die("usage: load ADDRESS PORT [phones=N sockets=N addresses=N origin=N resources=N base=N domain=D event=E password=P]");
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 || strncmp(argv[1], "127.", 4) != 0) die("servers on loopback only");
  for (int i = 3; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (value == NULL) die("%s has no value", argv[i]);
    *value++ = 0;
    if (!strcmp(argv[i], "phones")) phones = (unsigned)atoi(value);
    else if (!strcmp(argv[i], "sockets")) sockets = (unsigned)atoi(value);
    else if (!strcmp(argv[i], "addresses")) addresses = (unsigned)atoi(value);
    else if (!strcmp(argv[i], "origin")) origin = (unsigned)atoi(value);
    else if (!strcmp(argv[i], "resources")) resources = (unsigned)atoi(value);
    else if (!strcmp(argv[i], "base")) base = (unsigned)atoi(value);
    else if (!strcmp(argv[i], "domain")) domain = value;
    else if (!strcmp(argv[i], "event")) event = value;
    else if (!strcmp(argv[i], "password")) password = value;
    else die("unknown setting %s", argv[i]);
  }
  if (phones < 1 || sockets < 1 || sockets > 1024 || resources < 1) die("a number is out of range");
  snprintf(run, sizeof run, "r%x", (unsigned)(getpid() * 2654435761u ^ (unsigned)time(NULL)) & 0xffffff);
  open_sockets();
  for (;;) {
    struct epoll_event ready[64];
    int wait = !busy ? 1000 : 0; /* awake: else each datagram to it would cost its sender a wake-up, and no phone on a network does */
    int count = epoll_wait(poller, ready, 64, wait);
    for (int i = 0; i < count; i++)
      if (ready[i].data.u32 == UINT32_MAX) read_commands();
      else receive(ready[i].data.u32);
    if (busy) go_on(clock_now());
    flush_all();
  }
}
