import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { SipRequest } from './engine.ts';
import { isToken, readContentType, readEvent, readExpires, readIfMatch, splitLines } from './headers.ts';
import { parseUri, type SipUri } from './message/uri.ts';
import { type Addressing, readAddressing } from './subscribe-message.ts';

/**
 * Everything a PUBLISH says, its grammar checked; nothing about whether it may. Contact and Record-Route mean nothing
 * here: no dialog comes of it (RFC 3903 6).
 */
export interface PublishMessage extends Addressing {
  readonly uri: SipUri;
  readonly event: string;
  readonly ifMatch: string | null;
  /** Seconds; null where absent. */
  readonly expires: number | null;
  readonly contentType: string | null;
  /** Option tags. */
  readonly require: readonly string[];
}

/** A refusal carries the SIP status: 400, or 489 where there is no Event at all. */
export function readPublish(request: SipRequest): Outcome<PublishMessage> {
  const uri = request.parts?.target ?? parseUri(request.uri);
  if (uri === null) return refused('uri-malformed', 'Malformed Request-URI', 400);
  const addressing = readAddressing(request);
  if (!addressing.ok) return addressing;
  const event = readEvent(request.headers('Event'));
  if (!event.ok) return event;
  const ifMatch = readIfMatch(request.headers('SIP-If-Match'));
  if (!ifMatch.ok) return ifMatch;
  const expires = readExpires(request.headers('Expires'));
  if (!expires.ok) return expires;
  const contentType = readContentType(request.headers('Content-Type'));
  if (!contentType.ok) return contentType;
  const require = splitLines(request.headers('Require'));
  if (!require?.every(isToken)) return refused('require-malformed', 'Malformed Require Header', 400);
  return granted({
    ...addressing.value,
    uri,
    event: event.value.event,
    ifMatch: ifMatch.value,
    expires: expires.value,
    contentType: contentType.value,
    require,
  });
}
