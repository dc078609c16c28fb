import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { messageSummary } from '../../../src/event-packages/message-summary/message-summary.ts';
import { aorOf } from '../../../src/model/aor.ts';
import type { MailboxCounts } from '../../../src/model/pbx-event.ts';
import { hostileText, renderRequest, resourceView } from '../arbitraries.ts';
import { requestWith, viewWith } from '../views.ts';

const type = 'application/simple-message-summary';
const none: MailboxCounts = { new: 0, old: 0, newUrgent: 0, oldUrgent: 0 };

function summary(mailbox: Partial<MailboxCounts> | null, aor = aorOf('alice', 'vmail.example.com')): string {
  const view = viewWith({ aor, mailbox: mailbox === null ? null : { ...none, ...mailbox } });
  const { bodies, shown } = messageSummary.render(view, requestWith({ contentType: type }));
  assert.deepEqual([bodies.length, bodies[0]?.contentType, bodies[0]?.covers, shown], [1, type, 'full', []]);
  return bodies[0]!.content;
}

const voice = (mailbox: Partial<MailboxCounts>) => summary(mailbox).split('\r\n')[2];

describe('a message summary', () => {
  it('M38-01: is that of RFC 3842 4.1, byte by byte', () => {
    assert.equal(
      summary({ new: 2, old: 8, oldUrgent: 2 }),
      'Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\nVoice-Message: 2/8 (0/2)\r\n',
    );
  });

  it('M38-01: of an empty mailbox, and of one that was heard, says that nothing waits, with its counts', () => {
    assert.equal(
      summary({}),
      'Messages-Waiting: no\r\nMessage-Account: sip:alice@vmail.example.com\r\nVoice-Message: 0/0 (0/0)\r\n',
    );
    assert.match(
      summary({ old: 5, oldUrgent: 1 }),
      /^Messages-Waiting: no\r\n[\s\S]*\r\nVoice-Message: 0\/5 \(0\/1\)\r\n$/,
    );
  });

  it('of a user without a mailbox says that nothing waits, and counts nothing', () => {
    assert.equal(summary(null), 'Messages-Waiting: no\r\nMessage-Account: sip:alice@vmail.example.com\r\n');
  });

  it('counts urgent ones among the others, also where the PBX counts them apart: FreeSWITCH', () => {
    assert.equal(voice({ new: 0, newUrgent: 1 }), 'Voice-Message: 1/0 (1/0)');
    assert.match(summary({ new: 0, newUrgent: 1 }), /^Messages-Waiting: yes\r\n/);
    assert.equal(voice({ new: 4, old: 8, newUrgent: 1, oldUrgent: 2 }), 'Voice-Message: 4/8 (1/2)');
  });

  it('M38-01: has counts up to 2^32-1, and none that is no number', () => {
    const most = 4_294_967_295;
    assert.equal(voice({ new: most, old: most + 1 }), `Voice-Message: ${most}/${most} (0/0)`);
    assert.equal(voice({ new: 1e21, old: Number.POSITIVE_INFINITY }), `Voice-Message: ${most}/${most} (0/0)`);
    assert.equal(voice({ new: -3, old: Number.NaN, newUrgent: -0.5 }), 'Voice-Message: 0/0 (0/0)');
    assert.equal(voice({ new: 2.9 }), 'Voice-Message: 2/0 (0/0)');
  });

  it('cannot be given a line by a name: header injection', () => {
    const evil = aorOf('a\r\nVoice-Message: 99/0 <"é\uD800>', 'vmail.example.com');
    assert.equal(
      summary({}, evil),
      'Messages-Waiting: no\r\nMessage-Account: sip:aVoice-Message%3A%2099/0%20%3C%22%C3%A9%3E@vmail.example.com\r\nVoice-Message: 0/0 (0/0)\r\n',
    );
  });

  it('has the grammar of RFC 3842 5.2 whatever is in it', () => {
    const lines =
      /^Messages-Waiting: (yes|no)\r\nMessage-Account: sip:[^\s<>"]*@lamplighter\.test\r\n(Voice-Message: \d{1,10}\/\d{1,10} \(\d{1,10}\/\d{1,10}\)\r\n)?$/;
    fc.assert(
      fc.property(resourceView, renderRequest([type], []), hostileText, (view, request, entity) => {
        const [body] = messageSummary.render(view, { ...request, entity }).bodies;
        const [, waits, counts] = lines.exec(body?.content ?? '') ?? assert.fail(body?.content);
        assert.equal(counts === undefined, view.mailbox === null);
        assert.equal(waits === 'yes', /^Voice-Message: 0*[1-9]/.test(counts ?? ''));
      }),
    );
  });
});
