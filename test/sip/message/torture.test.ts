import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { StreamFramer } from '../../../src/sip/embedded/framing.ts';
import { parseMessage, refuse } from '../../../src/sip/message/parse.ts';
import { someDesk, write } from './torture-draft.ts';
import { torturePage } from './torture-page.ts';
import { type TortureRow, tortureRows } from './torture-rows.ts';

/** The names and sections of the messages, as the two RFCs give them. */
const rfc4475 = `3.1.1.1 wsinv, 3.1.1.2 intmeth, 3.1.1.3 esc01, 3.1.1.4 escnull, 3.1.1.5 esc02, 3.1.1.6 lwsdisp, 3.1.1.7 longreq,
  3.1.1.8 dblreq, 3.1.1.9 semiuri, 3.1.1.10 transports, 3.1.1.11 mpart01, 3.1.1.12 unreason, 3.1.1.13 noreason,
  3.1.2.1 badinv01, 3.1.2.2 clerr, 3.1.2.3 ncl, 3.1.2.4 scalar02, 3.1.2.5 scalarlg, 3.1.2.6 quotbal, 3.1.2.7 ltgtruri,
  3.1.2.8 lwsruri, 3.1.2.9 lwsstart, 3.1.2.10 trws, 3.1.2.11 escruri, 3.1.2.12 baddate, 3.1.2.13 regbadct,
  3.1.2.14 badaspec, 3.1.2.15 baddn, 3.1.2.16 badvers, 3.1.2.17 mismatch01, 3.1.2.18 mismatch02, 3.1.2.19 bigcode,
  3.2.1 badbranch, 3.3.1 insuf, 3.3.2 unkscm, 3.3.3 novelsc, 3.3.4 unksm2, 3.3.5 bext01, 3.3.6 invut, 3.3.7 regaut01,
  3.3.8 multi01, 3.3.9 mcl01, 3.3.10 bcast, 3.3.11 zeromf, 3.3.12 cparam01, 3.3.13 cparam02, 3.3.14 regescrt,
  3.3.15 sdp01, 3.4.1 inv2543`;
const rfc5118 = `4.1 ipv6-good, 4.2 ipv6-bad, 4.3 port-ambiguous, 4.4 port-unambiguous, 4.5 via-received-param-with-delim,
  4.5 via-received-param-no-delim, 4.6 ipv6-in-sdp, 4.7 mult-ip-in-header, 4.8 mult-ip-in-sdp, 4.9 ipv4-mapped-ipv6,
  4.10 ipv6-bug-abnf-3-colons, 4.10 ipv6-correct-abnf-2-colons`;

const listed = (text: string) => text.split(/,\s+/).map((entry) => entry.trim());

describe('the table of torture messages', () => {
  for (const [rfc, list, count] of [
    [4475, rfc4475, 49],
    [5118, rfc5118, 12],
  ] as const) {
    test(`has every message of RFC ${rfc}, in order, and no other`, () => {
      const rows = tortureRows.filter((row) => row.rfc === rfc).map(({ section, name }) => `${section} ${name}`);
      assert.deepEqual([...new Set(rows)], listed(list));
      assert.equal(listed(list).length, count);
    });
  }
});

test('docs/torture-tests.md is what the table makes', () => {
  assert.equal(readFileSync('docs/torture-tests.md', 'utf8'), torturePage(), 'run `npm run generate`');
});

/** What the parser says, behind the framer where the message came on a stream. */
function reading(row: TortureRow): TortureRow['parsed'] {
  const bytes = Buffer.from(write(row.draft(someDesk), someDesk, row.over ?? 'udp'), 'latin1');
  if (row.over !== 'tcp') return outcome(parseMessage(bytes, 'datagram'));
  let read: TortureRow['parsed'] = 'waits';
  new StreamFramer().push(bytes, (frame) => {
    if (frame.kind === 'message') read = outcome(parseMessage(frame.bytes, 'stream'));
    if (frame.kind === 'broken') read = outcome(refuse(frame.bytes, frame.status, frame.reason, true));
  });
  return read;
}

function outcome(parsed: ReturnType<typeof parseMessage>): 'request' | 'response' | number {
  return parsed.kind === 'refused' ? parsed.status : parsed.kind;
}

describe('the parser reads', () => {
  for (const row of tortureRows) {
    test(`RFC ${row.rfc} ${row.section} ${row.name}: ${row.what} (${row.over ?? 'udp'}) as ${row.parsed}`, () => {
      assert.equal(reading(row), row.parsed);
    });
  }
});
