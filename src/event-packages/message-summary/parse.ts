import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { MailboxCounts } from '../../model/pbx-event.ts';
import type { Publication } from '../event-package.ts';
import { mediaType } from '../media-type.ts';
import { mediaType as summaryType } from './render.ts';

/** A status, an account, six message classes; what follows are headers of messages, which are not read. */
export const maxPublishBytes = 4096;

/** RFC 3842 5.2: readers need not take more. */
const mostMessages = 2 ** 32 - 1;

const counters = /^(\d{1,10})\s*\/\s*(\d{1,10})(?:\s*\(\s*(\d{1,10})\s*\/\s*(\d{1,10})\s*\))?$/;

/**
 * Reads a message summary (RFC 3842 5.2) of a voicemail that is not the PBX's. The account is no evidence and is passed
 * over, other classes than voice messages too. Refusals: 415, 413, 400 (no status line, voice messages twice or without
 * counts).
 */
export function parseSummary(body: Buffer, contentType: string): Outcome<Publication> {
  if (mediaType(contentType) !== summaryType) return refused('body-type', `expected ${summaryType}`, 415);
  if (body.length > maxPublishBytes) return refused('body-too-large', `more than ${maxPublishBytes} bytes`, 413);
  const lines = summaryLines(body.toString('latin1'));
  const waiting = /^messages-waiting\s*:\s*(yes|no)\s*$/i.exec(lines[0] ?? '')?.[1]?.toLowerCase();
  if (waiting === undefined) return refused('no-message-summary', 'expected Messages-Waiting: yes or no', 400);

  const summaries = lines.slice(1).filter((line) => /^[a-z]+-message\s*:/i.test(line));
  const voice = summaries.filter((line) => /^voice-message\s*:/i.test(line));
  if (voice.length > 1) return refused('message-summary-repeated', 'voice messages are told twice', 400);
  const [line] = voice;
  // Without any class the status is of the one lamp that there is.
  if (line === undefined) return told(waiting === 'yes' && summaries.length === 0 ? { ...none, new: 1 } : none);
  const numbers = counters.exec(line.slice(line.indexOf(':') + 1).trim());
  if (numbers === null)
    return refused('message-summary-counts', 'expected Voice-Message: new/old (urgent/urgent)', 400);
  const count = (at: number) => Math.min(Number(numbers[at] ?? 0), mostMessages);
  return told({ new: count(1), old: count(2), newUrgent: count(3), oldUrgent: count(4) });
}

const none: MailboxCounts = { new: 0, old: 0, newUrgent: 0, oldUrgent: 0 };

function told(counts: MailboxCounts): Outcome<Publication> {
  return granted({ said: { kind: 'mailbox', counts }, wishes: [] });
}

/** Up to the first blank line, folded ones joined (RFC 3261 7.3.1); line ends as they come. */
function summaryLines(text: string): readonly string[] {
  const lines = text.replace(/^\s+/, '').split(/\r\n|\n|\r/);
  const blank = lines.findIndex((line) => line.trim() === '');
  const summary: string[] = [];
  for (const line of blank === -1 ? lines : lines.slice(0, blank)) {
    if (/^[ \t]/.test(line) && summary.length > 0) summary.push(`${summary.pop()} ${line.trim()}`);
    else summary.push(line);
  }
  return summary;
}
