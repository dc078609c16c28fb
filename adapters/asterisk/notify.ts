import { Fault } from '../../src/model/errors.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { isPlainEvent, type PhoneNotice } from '../../src/model/phone-notice.ts';
import { type AmiLink, refusal } from './ami.ts';
import type { Fields } from './ami-wire.ts';

/**
 * Lets Asterisk send a NOTIFY to every contact of an endpoint (AMI `PJSIPNotify`, class `system`). It answers when the
 * NOTIFYs are queued and never tells what the phones said to them. Rejects with a Fault where AMI is silent, or the account
 * may not.
 */
export async function notifyEndpoint(
  ami: AmiLink,
  endpoint: string,
  notice: PhoneNotice,
  deadlineMs: number,
): Promise<Outcome<null>> {
  if (!isPlainEvent(notice.event) || /[\r\n\0]/.test(endpoint)) return refused('pbx-refused', 'not a plain event');
  const variables: Fields = [['Variable', `Event=${notice.event}`], ...bodyOf(notice)];
  const answer = await ami.action('PJSIPNotify', [['Endpoint', endpoint], ...variables], deadlineMs);
  if (answer.ok) return granted(null);
  const error = refusal('PJSIPNotify', answer.message);
  if (error instanceof Fault) throw error;
  return refused('pbx-refused', answer.message);
}

/** A line of the body is a variable of its own; commas part variables, so that they stand in quotes (checked with 22). */
function bodyOf({ contentType, body }: PhoneNotice): Fields {
  if (contentType === null || body === '') return [];
  const lines = body.replace(/\r?\n$/, '').split(/\r?\n/);
  return [
    ['Variable', `Content-type=${contentType}`],
    ...lines.map((line) => ['Variable', `Content=${quoted(line)}`] as const),
  ];
}

function quoted(line: string): string {
  return /[,"\\]/.test(line) ? `"${line.replace(/[\\"]/g, '\\$&')}"` : line;
}
