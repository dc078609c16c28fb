import { Fault } from '../../src/model/errors.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import { isPlainEvent, type PhoneNotice } from '../../src/model/phone-notice.ts';
import { type AmiLink, refusal } from './ami.ts';
import type { Fields } from './ami-wire.ts';
import { contentLines } from './notify-lines.ts';

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
  const body = bodyOf(notice);
  if (body === null || notice.body.includes('\0')) return refused('pbx-refused', 'AMI cannot carry this body');
  const variables: Fields = [['Variable', `Event=${notice.event}`], ...body];
  const answer = await ami.action('PJSIPNotify', [['Endpoint', endpoint], ...variables], deadlineMs);
  if (answer.ok) return granted(null);
  const error = refusal('PJSIPNotify', answer.message);
  if (error instanceof Fault) throw error;
  return refused('pbx-refused', answer.message);
}

/** A line of the body is a variable of its own; null: AMI cannot carry it. */
function bodyOf({ contentType, body }: PhoneNotice): Fields | null {
  if (contentType === null || body === '') return [];
  if (/[\r\n\0,"\\]/.test(contentType)) return null;
  const lines = contentLines(contentType, body);
  if (lines === null) return null;
  return [
    ['Variable', `Content-type=${contentType}`],
    ...lines.map((line) => ['Variable', `Content=${line}`] as const),
  ];
}
