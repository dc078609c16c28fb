#define _GNU_SOURCE
#include "wire.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int is_name(text name, const char *full, char compact) {
  if (name.size == 1) return compact != 0 && (name.at[0] | 32) == compact;
  return (int)strlen(full) == name.size && strncasecmp(name.at, full, (size_t)name.size) == 0;
}

static text trimmed(const char *from, const char *to) {
  while (from < to && (*from == ' ' || *from == '\t')) from++;
  while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r')) to--;
  return (text){from, (int)(to - from)};
}

static void keep(message *m, text name, text value) {
  if (is_name(name, "Via", 'v')) {
    if (m->via_count < 8) m->vias[m->via_count++] = value;
  } else if (is_name(name, "From", 'f')) m->from = value;
  else if (is_name(name, "To", 't')) m->to = value;
  else if (is_name(name, "Call-ID", 'i')) m->call_id = value;
  else if (is_name(name, "Contact", 'm')) m->contact = value;
  else if (is_name(name, "Event", 'o')) m->event = value;
  else if (is_name(name, "Subscription-State", 0)) m->state = value;
  else if (is_name(name, "Retry-After", 0)) m->retry_after = value;
  else if (is_name(name, "CSeq", 0)) {
    m->cseq = value;
    m->cseq_number = (unsigned)number_of(value);
  } else if (is_name(name, "WWW-Authenticate", 0) || is_name(name, "Proxy-Authenticate", 0)) {
    if (m->challenge_count < 4) m->challenges[m->challenge_count++] = value;
  }
}

int read_message(const char *bytes, int size, message *into) {
  const char *end = bytes + size, *eol = memchr(bytes, '\n', (size_t)size);
  memset(into, 0, sizeof *into);
  if (eol == NULL) return -1;
  if (size > 12 && memcmp(bytes, "SIP/2.0 ", 8) == 0) into->status = (int)number_of((text){bytes + 8, 3});
  else {
    const char *space = memchr(bytes, ' ', (size_t)(eol - bytes));
    if (space == NULL) return -1;
    into->method = (text){bytes, (int)(space - bytes)};
  }
  for (const char *line = eol + 1; line < end; line = eol + 1) {
    eol = memchr(line, '\n', (size_t)(end - line));
    if (eol == NULL) return -1;
    if (eol == line || (eol == line + 1 && *line == '\r')) {
      into->body = (text){eol + 1, (int)(end - eol - 1)};
      break;
    }
    const char *colon = memchr(line, ':', (size_t)(eol - line));
    if (colon != NULL) keep(into, trimmed(line, colon), trimmed(colon + 1, eol));
  }
  return into->via_count > 0 && into->call_id.at && into->cseq.at && into->from.at && into->to.at ? 0 : -1;
}

text tag_of(text header) {
  const char *gt = header.at ? memrchr(header.at, '>', (size_t)header.size) : NULL;
  const char *from = gt ? gt : header.at, *end = header.at + header.size;
  const char *found = from ? memmem(from, (size_t)(end - from), ";tag=", 5) : NULL;
  if (found == NULL) return (text){NULL, 0};
  const char *stop = found + 5;
  while (stop < end && *stop != ';' && *stop != ' ') stop++;
  return (text){found + 5, (int)(stop - found - 5)};
}

text uri_of(text header) {
  const char *lt = header.at ? memchr(header.at, '<', (size_t)header.size) : NULL;
  const char *gt = lt ? memchr(lt, '>', (size_t)(header.at + header.size - lt)) : NULL;
  return gt ? (text){lt + 1, (int)(gt - lt - 1)} : (text){NULL, 0};
}

text challenge_part(text challenge, const char *name) {
  const char *end = challenge.at + challenge.size;
  size_t length = strlen(name);
  for (const char *p = challenge.at; p + length + 1 < end; p++) {
    if (strncasecmp(p, name, length) != 0 || p[length] != '=' || (p[-1] != ' ' && p[-1] != ',')) continue;
    const char *from = p + length + 1, *to = from;
    if (*from == '"') {
      from++;
      to = memchr(from, '"', (size_t)(end - from));
      if (to == NULL) break;
    } else
      while (to < end && *to != ',' && *to != ' ') to++;
    return (text){from, (int)(to - from)};
  }
  return (text){NULL, 0};
}

int contains(text where, const char *what) {
  return where.at != NULL && memmem(where.at, (size_t)where.size, what, strlen(what)) != NULL;
}

unsigned long long number_of(text digits) {
  unsigned long long value = 0;
  for (int i = 0; i < digits.size && digits.at[i] >= '0' && digits.at[i] <= '9'; i++)
    value = value * 10 + (unsigned)(digits.at[i] - '0');
  return value;
}

/* RFC 1321, for little-endian machines. */
static void md5_block(uint32_t state[4], const unsigned char *block) {
  static const unsigned char turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  static const int factor[4] = {1, 5, 3, 7}, start[4] = {0, 1, 5, 0};
  static uint32_t sines[64];
  uint32_t words[16], a = state[0], b = state[1], c = state[2], d = state[3];
  if (sines[0] == 0)
    for (int i = 0; i < 64; i++) sines[i] = (uint32_t)(fabs(sin(i + 1)) * 4294967296.0);
  memcpy(words, block, 64);
  for (int i = 0; i < 64; i++) {
    int round = i / 16, turn = turns[round][i % 4];
    uint32_t mixed = round == 0 ? (b & c) | (~b & d) : round == 1 ? (d & b) | (~d & c) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
    mixed += a + sines[i] + words[(start[round] + factor[round] * i) % 16];
    a = d;
    d = c;
    c = b;
    b += mixed << turn | mixed >> (32 - turn);
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

void md5_hex(char out[33], const char *in, size_t size) {
  uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  unsigned char last[128] = {0};
  uint64_t bits = (uint64_t)size * 8;
  size_t whole = size & ~(size_t)63, rest = size - whole, padded = rest < 56 ? 64 : 128;
  for (size_t i = 0; i < whole; i += 64) md5_block(state, (const unsigned char *)in + i);
  memcpy(last, in + whole, rest);
  last[rest] = 0x80;
  memcpy(last + padded - 8, &bits, 8);
  for (size_t i = 0; i < padded; i += 64) md5_block(state, last + i);
  for (int i = 0; i < 16; i++) sprintf(out + 2 * i, "%02x", ((unsigned char *)state)[i]);
}
