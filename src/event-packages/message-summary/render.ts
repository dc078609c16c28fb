import type { MailboxCounts } from '../../model/pbx-event.ts';
import type { ResourceView } from '../../model/views.ts';
import { accountUri } from '../account-uri.ts';
import type { Rendered } from '../event-package.ts';

export const mediaType = 'application/simple-message-summary';

/** RFC 3842 5.2: readers need not take more. */
const mostMessages = 2 ** 32 - 1;

/**
 * RFC 3842 5.2. The account always, and without angle brackets: phones dial it. A user without a mailbox has nothing
 * waiting, and no counts: refused, phones would ask again for ever, and one that is given a mailbox would not hear of it.
 */
export function renderSummary({ aor, mailbox }: ResourceView): Rendered {
  const counts = mailbox === null ? null : clean(mailbox);
  const lines = [
    `Messages-Waiting: ${counts !== null && counts.new > 0 ? 'yes' : 'no'}`,
    `Message-Account: ${accountUri(aor)}`,
    ...(counts === null
      ? []
      : [`Voice-Message: ${counts.new}/${counts.old} (${counts.newUrgent}/${counts.oldUrgent})`]),
  ];
  const content = lines.map((line) => `${line}\r\n`).join('');
  return { bodies: [{ contentType: mediaType, content, covers: 'full' }], shown: [] };
}

/** Urgent messages are among the others (RFC 3842 3.5); of a PBX that counts them apart they must not get lost. */
function clean(counts: MailboxCounts): MailboxCounts {
  const [newUrgent, oldUrgent] = [messages(counts.newUrgent), messages(counts.oldUrgent)];
  return {
    new: Math.max(messages(counts.new), newUrgent),
    old: Math.max(messages(counts.old), oldUrgent),
    newUrgent,
    oldUrgent,
  };
}

/** What a PBX says is foreign: no sign, no fraction, no NaN. */
function messages(count: number): number {
  return count > 0 ? Math.min(Math.floor(count), mostMessages) : 0;
}
