import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseSummary } from '../../../src/event-packages/message-summary/parse.ts';
import { renderSummary } from '../../../src/event-packages/message-summary/render.ts';
import type { MailboxCounts } from '../../../src/model/pbx-event.ts';
import { hostileText } from '../arbitraries.ts';
import { viewWith } from '../views.ts';

const type = 'application/simple-message-summary';

function read(text: string): readonly number[] {
  const outcome = parseSummary(Buffer.from(text), type);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  assert.ok(outcome.value.said?.kind === 'mailbox');
  const { new: fresh, old, newUrgent, oldUrgent } = outcome.value.said.counts;
  return [fresh, old, newUrgent, oldUrgent];
}

function refusal(text: string, contentType = type): readonly [number | undefined, string] {
  const outcome = parseSummary(Buffer.from(text), contentType);
  assert.ok(!outcome.ok, 'refused');
  return [outcome.refusal.status, outcome.refusal.code];
}

describe('a published message summary', () => {
  it('M38-01: is read with all counters, by CRLF, LF or CR', () => {
    for (const end of ['\r\n', '\n', '\r']) {
      const text = ['Messages-Waiting: yes', 'Message-Account: sip:ceo@example.com', 'Voice-Message: 2/8 (0/2)', ''];
      assert.deepEqual(read(text.join(end)), [2, 8, 0, 2]);
    }
  });

  it('is read in any letter case, with blanks, folded, without urgent ones, with messages behind it', () => {
    assert.deepEqual(read('MESSAGES-WAITING : YES\r\nvoice-message:1 / 0'), [1, 0, 0, 0]);
    assert.deepEqual(read('Messages-Waiting: yes\r\nVoice-Message:\r\n  3/1\r\n\t(1/1)\r\n'), [3, 1, 1, 1]);
    assert.deepEqual(
      read('Messages-Waiting: yes\r\nVoice-Message: 1/0\r\n\r\nTo: x\r\nVoice-Message: 9/9\r\n'),
      [1, 0, 0, 0],
    );
    assert.deepEqual(read('\r\nMessages-Waiting: no\r\nVoice-Message: 0/4\r\n'), [0, 4, 0, 0]);
  });

  it('without counts lights the lamp with one message, and with counts of other classes only does not', () => {
    assert.deepEqual(read('Messages-Waiting: yes\r\n'), [1, 0, 0, 0]);
    assert.deepEqual(read('Messages-Waiting: no\r\nMessage-Account: sip:a@b'), [0, 0, 0, 0]);
    assert.deepEqual(read('Messages-Waiting: yes\r\nFax-Message: 1/0\r\nText-Message: x'), [0, 0, 0, 0]);
  });

  it('keeps to what a reader need not take more of (RFC 3842 5.2)', () => {
    assert.deepEqual(
      read('Messages-Waiting: yes\nVoice-Message: 9999999999/4294967295 (4294967296/0)'),
      [4294967295, 4294967295, 4294967295, 0],
    );
  });

  it('is 415, 413 or 400 where it is none', () => {
    assert.deepEqual(refusal('Messages-Waiting: yes', 'text/plain'), [415, 'body-type']);
    assert.deepEqual(refusal(`Messages-Waiting: yes\n${' '.repeat(4096)}`), [413, 'body-too-large']);
    for (const text of [
      '',
      '\r\n',
      'hello',
      'Messages-Waiting: maybe',
      'Voice-Message: 1/0',
      'Messages-Waiting: yes no',
    ]) {
      assert.deepEqual(refusal(text), [400, 'no-message-summary'], text);
    }
    for (const counts of ['', '1', '1/x', '-1/0', '1/0 (1)', '1.5/0', '12345678901/0', '1/0 (0/0) x']) {
      assert.deepEqual(
        refusal(`Messages-Waiting: yes\nVoice-Message: ${counts}`),
        [400, 'message-summary-counts'],
        counts,
      );
    }
    assert.equal(
      refusal('Messages-Waiting: yes\nVoice-Message: 1/0\nVoice-Message: 2/0')[1],
      'message-summary-repeated',
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        parseSummary(Buffer.from(`Messages-Waiting: yes\r\n${text}`), type);
        parseSummary(Buffer.from(text), type);
      }),
    );
  });

  it('of ours is read back as the counts it was written from', () => {
    const count = fc.nat(2 ** 32 - 1);
    const counts: fc.Arbitrary<MailboxCounts> = fc
      .record({ new: count, old: count, newUrgent: count, oldUrgent: count })
      .map((any) => ({ ...any, new: Math.max(any.new, any.newUrgent), old: Math.max(any.old, any.oldUrgent) }));
    fc.assert(
      fc.property(counts, (mailbox) => {
        const { new: fresh, old, newUrgent, oldUrgent } = mailbox;
        const [body] = renderSummary(viewWith({ mailbox })).bodies;
        assert.deepEqual(read(body?.content ?? ''), [fresh, old, newUrgent, oldUrgent]);
      }),
    );
  });
});
