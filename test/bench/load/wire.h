/* What the load generator reads out of SIP messages, and MD5 for digest. */
#ifndef WIRE_H
#define WIRE_H
#include <stddef.h>

/* A piece of a message; `at` is NULL where there is none. */
typedef struct {
  const char *at;
  int size;
} text;

typedef struct {
  int status;  /* 0: a request */
  text method; /* of a request */
  text vias[8];
  int via_count;
  text from, to, call_id, cseq, contact, state, event, retry_after, body;
  text challenges[4];
  int challenge_count;
  unsigned cseq_number;
} message;

/* 0 where it is a message with the headers every answer needs, else -1. */
int read_message(const char *bytes, int size, message *into);
/* The value of `;name=value` behind the address of a From, To or Contact. */
text tag_of(text header);
/* What stands between < and >. */
text uri_of(text header);
/* A parameter of a challenge, quotes taken off. */
text challenge_part(text challenge, const char *name);
int contains(text where, const char *what);
unsigned long long number_of(text digits);
/* Lower-case hex of MD5 over a text. */
void md5_hex(char out[33], const char *in, size_t size);
#endif
