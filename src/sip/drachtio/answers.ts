import { writeAnswer } from '../embedded/compose.ts';
import { inProportion } from '../embedded/proportion.ts';
import type { Flow, HeaderList, SipAnswer } from '../engine.ts';
import type { ParsedRequest } from '../message/parse.ts';
import { reasonPhrase } from '../message/reasons.ts';
import { srfHeaders } from './drafts.ts';

export interface WrittenAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
}

/**
 * An answer for srf; the server adds the rest. Over UDP it stays in proportion to its request like the other engine's
 * (`proportion.ts`), but for one thing: silence would keep the request at the server, so the least is a bare refusal.
 *
 * Throws Fault('internal') where a value could open a line.
 */
export function writtenAnswer(
  message: ParsedRequest,
  flow: Flow,
  bytes: number,
  answer: SipAnswer,
  server: string,
): WrittenAnswer {
  if (flow.transport !== 'udp') return written(message, answer, server);
  const forms = new Map<string, readonly [SipAnswer, string]>();
  const wire = inProportion(answer, bytes, server, (form, name) => {
    const text = writeAnswer(message, flow.remote, form, ownTag, name);
    if (!forms.has(text)) forms.set(text, [form, name]);
    return text;
  });
  const [form, name] = forms.get(wire) ?? [{ status: answer.status === 401 ? 403 : answer.status }, ''];
  return written(message, form, name);
}

/** As long as a tag that the server makes. */
const ownTag = '0123456789abcdef';

function written(message: ParsedRequest, answer: SipAnswer, server: string): WrittenAnswer {
  const { status, reason, headers = [], toTag } = answer;
  const own: HeaderList = server === '' ? headers : [...headers, ['Server', server]];
  const all = srfHeaders(own);
  // srf takes only the tag out of it, and the server that out of what srf then writes
  if (toTag !== undefined && message.toTag === null) all['To'] = `<sip:lamplighter>;tag=${toTag}`;
  return { status, reason: cleanReason(reason ?? reasonPhrase(status)), headers: all };
}

/** It stands in a start line. */
function cleanReason(reason: string): string {
  return reason.replace(/[^\x20-\x7e]/g, ' ');
}
