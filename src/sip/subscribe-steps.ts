import type { Aor } from '../model/aor.ts';
import type { Random } from '../model/random.ts';
import type { Authenticator, AuthResult } from './auth/authenticator.ts';
import { type DialogState, type DialogTable, isSameFlow, newDialog, newSecureTag, newTag, takeCseq } from './dialog.ts';
import type { SipAnswer, SipRequest } from './engine.ts';
import { extensions } from './extensions.ts';
import type { Watcher } from './front.ts';
import { isEncoded, splitLines, toleratesNoBody } from './headers.ts';
import { contactUser } from './own-contact.ts';
import type { Places } from './places.ts';
import type { SubscribeMessage } from './subscribe-message.ts';
import type { UnservedReports } from './unserved-domains.ts';

/** What the steps consult. */
export interface StepTools {
  readonly authenticator: Pick<Authenticator, 'check'>;
  readonly dialogs: DialogTable;
  readonly places: Places;
  readonly random: Random;
  readonly maxBodyBytes: number;
  /** Hears of domains that are not served; default: nobody does. */
  readonly unserved?: UnservedReports;
}

/** One SUBSCRIBE on its way to the notifier; the steps fill in what they find. */
export interface Attempt {
  readonly request: SipRequest;
  readonly message: SubscribeMessage;
  readonly initial: boolean;
  dialog: DialogState | null;
  /** What the Request-URI names; null: nothing of ours. */
  resource: Aor | null;
  /** As the authenticator says. */
  who: Aor | null;
  domain: string | null;
  how: Watcher['how'];
}

/** What SUBSCRIBE and PUBLISH are judged by alike. */
export interface Claim extends Pick<Attempt, 'request' | 'initial' | 'who' | 'domain' | 'how'> {
  readonly message: Pick<SubscribeMessage, 'uri' | 'fromUri' | 'toUri' | 'require'>;
}

/** null: go on; an answer ends it. */
export type Verdict = SipAnswer | null;
type Step = (attempt: Attempt, tools: StepTools) => Verdict | Promise<Verdict>;

/** The order is the design: what costs nothing first, nothing of ours is changed before `authenticate`. */
const steps: readonly Step[] = [
  refuseOtherExtensions,
  refuseForeignSchemes,
  refuseLargeBodies,
  refuseNeededEncodedBodies,
  findDialog,
  authenticate,
  requireSameUser,
  requireOrder,
  findResource,
  requireOneDomain,
  openDialog,
];

/** Runs all steps; null where every one let it pass: `attempt.dialog` is then there. */
export function judgeSubscribe(attempt: Attempt, tools: StepTools, from = 0): Verdict | Promise<Verdict> {
  for (let index = from; index < steps.length; index += 1) {
    const verdict = steps[index]?.(attempt, tools) ?? null;
    // Waits only where a step does: a trusted phone's SUBSCRIBE makes no promise (-3 us).
    if (verdict instanceof Promise) return verdict.then((late) => late ?? judgeSubscribe(attempt, tools, index + 1));
    if (verdict !== null) return verdict;
  }
  return null;
}

/** RFC 3261 8.2.2.3: there is no extension that a phone may insist on. */
export function refuseUnknownExtensions({ message }: Claim): Verdict {
  return unsupported(message.require);
}

/** RFC 3261 8.2.2.3: those of lists may be insisted on, and no other. */
function refuseOtherExtensions({ message }: Attempt): Verdict {
  if (message.require.length === 0) return null;
  return unsupported(message.require.filter((tag) => !extensions.includes(tag.toLowerCase())));
}

function unsupported(tags: readonly string[]): Verdict {
  return tags.length === 0 ? null : { status: 420, headers: [['Unsupported', tags.join(', ')]] };
}

/** RFC 3261 8.2.2.1. A `sips:` that did not come over TLS says that it is secure and is not (RFC 3261 26.2.2). */
export function refuseForeignSchemes({ message, request }: Claim): Verdict {
  const { scheme } = message.uri;
  return scheme === 'sip' || (scheme === 'sips' && leftSecured(request)) ? null : { status: 416 };
}

/**
 * Whether the phone sent it over TLS: to us, or to what ends TLS in front of us. There its own Via, the last one, still
 * says so, and how it goes on from there is the affair of the house (RFC 3261 26.2.2).
 */
function leftSecured(request: SipRequest): boolean {
  const { transport } = request.flow;
  if (transport === 'tls' || transport === 'wss') return true;
  const own = request.headers('Via').at(-1) ?? '';
  return /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*(?:TLS|WSS)[ \t]/i.test(splitLines([own])?.at(-1) ?? '');
}

/** RFC 3261 8.2.3: no body is larger than any package takes. */
export function refuseLargeBodies({ request }: Claim, { maxBodyBytes }: StepTools): Verdict {
  return request.body.length > maxBodyBytes ? { status: 413 } : null;
}

/** RFC 3261 8.2.3: none is compressed. */
export function refuseEncodedBodies({ request }: Claim): Verdict {
  return isEncoded(request) ? { status: 415, headers: [['Accept-Encoding', 'identity']] } : null;
}

/** The same, but for what may be left alone: a SUBSCRIBE says enough without it (RFC 3261 20.11). */
function refuseNeededEncodedBodies(attempt: Attempt): Verdict {
  const refusal = refuseEncodedBodies(attempt);
  return refusal !== null && toleratesNoBody(attempt.request.header('Content-Disposition')) ? null : refusal;
}

/** RFC 3261 12.2.2. An unknown dialog is said at once, unchallenged: the phone subscribes anew without delay. */
function findDialog(attempt: Attempt, { dialogs }: StepTools): Verdict {
  const { callId, fromTag, toTag } = attempt.message;
  if (toTag === null) return null;
  attempt.dialog = dialogs.find({ callId, localTag: toTag, remoteTag: fromTag });
  return attempt.dialog === null ? { status: 481 } : null;
}

export function authenticate(attempt: Claim, { authenticator }: StepTools): Verdict | Promise<Verdict> {
  const result = authenticator.check(attempt.request, attempt.message.fromUri);
  return result instanceof Promise ? result.then((late) => identify(attempt, late)) : identify(attempt, result);
}

function identify(attempt: Claim, result: AuthResult): Verdict {
  if (!result.ok) return result.answer;
  attempt.who = result.who;
  attempt.domain = result.domain;
  attempt.how = result.how;
  return null;
}

/** A dialog belongs to the credentials it was made with: another user of the domain must not turn or end it by its tags. */
function requireSameUser({ dialog, who }: Attempt): Verdict {
  return dialog !== null && dialog.user !== who ? { status: 403, reason: 'Not Your Dialog' } : null;
}

/** E65-32. The CSeq is taken even where the rest is refused; the dialog follows the phone only when it is granted. */
function requireOrder({ dialog, message, request }: Attempt, { dialogs }: StepTools): Verdict {
  if (dialog === null) return null;
  if (!dialogs.has(dialog)) return { status: 481 }; // it ended while the PBX was asked for the password
  // The same number by another path is no retransmission: a restart has forgotten which nonce counts were used.
  if (message.cseq === dialog.remoteCseq && !isSameFlow(dialog.flow, request.flow)) {
    return { status: 500, reason: 'CSeq Out Of Order' };
  }
  const taken = takeCseq(dialog, message.cseq);
  return taken.ok ? null : { status: 500, reason: taken.refusal.message };
}

/** RFC 3261 8.2.2.1. A refresh is for the resource of its dialog, whatever its Request-URI says: often our bare Contact. */
function findResource(attempt: Attempt, tools: StepTools): Verdict {
  const { initial, message } = attempt;
  const { places } = tools;
  attempt.resource = !initial && message.uri.user === contactUser ? null : places.aorFor(message.uri);
  return initial && attempt.resource === null ? notFound(attempt, tools) : null;
}

/** The same of what comes without a dialog. */
export function requireOurResource(claim: Claim, tools: StepTools): Verdict {
  return claim.initial && tools.places.aorFor(claim.message.uri) === null ? notFound(claim, tools) : null;
}

/** Whoever comes so far has shown who he is: a stranger's domains are told to nobody. */
function notFound({ message, request, who }: Claim, { places, unserved }: StepTools): SipAnswer {
  const { host } = message.uri;
  if (!places.isOurs(host)) unserved?.note(host, who, request.flow);
  return { status: 404 };
}

/** Tenants never meet: who asks, what he asks for and whom he calls it (To) are of one domain. */
export function requireOneDomain({ initial, domain, message }: Claim, { places }: StepTools): Verdict {
  if (!places.several) return null;
  const addressed = message.toUri === null ? null : places.namedBy(message.toUri.host);
  const isOne = domain !== null && (addressed ?? domain) === domain;
  const asked = initial ? places.domainFor(message.uri.host) : domain;
  return isOne && asked === domain ? null : { status: 403, reason: 'Not Your Domain' };
}

function openDialog(attempt: Attempt, { random }: StepTools): Verdict {
  const { request, who } = attempt;
  const { uri, callId, from, fromTag, to, cseq, remoteTarget, recordRoute } = attempt.message;
  attempt.dialog ??= newDialog({
    callId,
    from,
    remoteTag: fromTag,
    to,
    localTag: uri.scheme === 'sips' ? newSecureTag(random) : newTag(random),
    cseq,
    remoteTarget,
    recordRoute,
    flow: request.flow,
    user: who,
  });
  return null;
}
