import type { EventPackage, PhoneRequest } from '../event-packages/event-package.ts';
import type { SubscribeAnswer, SubscribeRequest } from '../sip/front.ts';

export type BodyRead = { readonly phone: PhoneRequest | null } | { readonly answer: SubscribeAnswer };

/** What the phone wishes in the body, null where it wishes nothing, or the answer that refuses the body. */
export function readBody(request: SubscribeRequest, pkg: EventPackage): BodyRead {
  // Content-Type without a body is common on phones and means no body.
  if (request.body.length === 0) return { phone: null };
  if (pkg.maxRequestBytes === 0 || pkg.request === undefined) {
    // A filter may be left unheard (RFC 6665 4.1.2.1), but not what must be understood (RFC 3261 8.2.3): no type is.
    return request.bodyRequired === true ? { answer: { status: 415, headers: [['Accept', '']] } } : { phone: null };
  }
  if (request.body.length > pkg.maxRequestBytes) return { answer: { status: 413 } };
  const types = pkg.requestTypes ?? pkg.contentTypes;
  if (request.contentType === null || !types.includes(request.contentType)) {
    return { answer: { status: 415, headers: [['Accept', types.join(', ')]] } }; // RFC 3261 8.2.3
  }
  const outcome = pkg.request(request.body, request.contentType);
  if (!outcome.ok) return { answer: { status: outcome.refusal.status ?? 400 } };
  return { phone: outcome.value };
}
