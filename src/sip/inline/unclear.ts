import { readParameters } from '../auth/digest-parameters.ts';
import type { HeaderEdits, RelayedResponse, SipAnswer, SipRequest } from '../engine.ts';
import { isToken, readContentType } from '../headers.ts';
import { parseNameAddr, parseParams, splitList } from '../message/name-addr.ts';
import { parseUri } from '../message/uri.ts';
import { parseVia } from '../message/via.ts';
import { fromText, toText, trimmed } from '../message/wire-text.ts';
import { keepsRoutes, readRoutes } from './routes.ts';

/*
 * What stands between our reading of a phone's request and the PBX's. The engine writes everything anew: start line, header
 * names in their long form, unfolded values, the body as long as Content-Length says. Left are values that our parser had
 * no need to understand, and that a PBX takes apart: they are read here by the grammar of RFC 3261 25, or refused.
 */

type Check = (values: readonly string[]) => boolean;

/** RFC 3261 25.1: `word [ "@" word ]` */
const callId = /^[A-Za-z0-9\-.!%*_+`'~()<>:\\"/[\]?{}]+(?:@[A-Za-z0-9\-.!%*_+`'~()<>:\\"/[\]?{}]+)?$/;
const credentials = /^[A-Za-z0-9\-.!%*_+`'~]+[ \t]+[^ \t]/;
const number = /^\d{1,10}$/;
const ascii = /^[\t\x20-\x7e]*$/;

const once =
  (check: (value: string) => boolean): Check =>
  ([value = '', ...others]) =>
    others.length === 0 && check(value);

const each =
  (check: (value: string) => boolean): Check =>
  (lines) =>
    lines.every((line) => splitList(line)?.every(check) === true);

const tokens = each(isToken);
const addresses = each(isAddress);
const oneNumber = once((value) => number.test(value));
/** `90;refresher=uac` */
const numberWithParams = once((value) => {
  const [, digits = '', rest = ''] = /^(\d+)[ \t]*(.*)$/.exec(value) ?? [];
  return number.test(digits) && parseParams(rest) !== null;
});

/** How each header is read; those that must not come twice are counted by the parser, too. */
const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['Via', each((value) => parseVia(value) !== null && ascii.test(value))],
  ['Call-ID', once((value) => callId.test(value))],
  ['Record-Route', (lines) => readRoutes(lines) !== null],
  ['Path', (lines) => readRoutes(lines) !== null],
  ['Refer-To', once(isAddress)],
  ['Referred-By', once(isAddress)],
  ['P-Preferred-Identity', addresses],
  ['Remote-Party-Id', addresses],
  ['Diversion', addresses],
  ['Reply-To', once(isAddress)],
  ['Require', tokens],
  ['Content-Type', (lines) => readContentType(lines).ok && lines.every(hasParams)],
  ['Content-Disposition', once((value) => isToken(value.split(';', 1)[0]?.trim() ?? '') && hasParams(value))],
  ['Content-Encoding', tokens],
  ['Event', once((value) => isToken(value.split(';', 1)[0]?.trim() ?? ''))],
  ['Subscription-State', once((value) => isToken(value.split(';', 1)[0]?.trim() ?? '') && hasParams(value))],
  ['Expires', oneNumber],
  ['Min-Expires', oneNumber],
  ['Session-Expires', numberWithParams],
  ['Min-SE', numberWithParams],
  ['RSeq', oneNumber],
  ['RAck', once((value) => /^\d{1,10}[ \t]+\d{1,10}[ \t]+[A-Z]+$/.test(value))],
  ['Replaces', once(isDialog)],
  ['Join', once(isDialog)],
  ['Target-Dialog', once(isDialog)],
  ['Authorization', (lines) => lines.every(isCredentials)],
  ['Proxy-Authorization', (lines) => lines.every(isCredentials)],
]);

/** Lists of what a phone can do: a comma too many is no reason to leave it without service. */
const offers = ['Supported', 'Allow', 'Allow-Events'];

/** RFC 3325 5: asserted by nobody whom the PBX would trust. COMPAT(FreeSWITCH): X-AUTH-… says where a phone is. */
const assertions = ['P-Asserted-Identity', 'P-Asserted-Service', 'X-Auth-Ip', 'X-Auth-Port', 'X-Auth-Domain'];

/** The refusal of a request that the PBX might read in another way than we do; null: there is but one reading. */
export function unclear(request: SipRequest): SipAnswer | null {
  for (const [name, check] of checks) {
    const lines = request.headers(name);
    if (lines.length > 0 && !check(lines)) return { status: 400, reason: `Malformed ${name}` };
  }
  // responses and later requests find their transaction and their dialog by these bytes
  if (![request.parts?.from.tag, request.parts?.to.tag].every((tag) => ascii.test(tag ?? ''))) {
    return { status: 400, reason: 'Malformed Tag' };
  }
  // RFC 3261 19.1.1, table 1
  if (request.parts?.from.uri?.headers || request.parts?.to.uri?.headers) {
    return { status: 400, reason: 'Headers In From Or To' };
  }
  if (!isContact(request)) return { status: 400, reason: 'Malformed Contact' };
  for (const [name] of request.entries?.() ?? []) {
    // RFC 3261 7.3.3: a compact form that we do not know stands for a header that we do not know
    if (name.length === 1) return { status: 400, reason: 'Unknown Compact Form' };
  }
  return null;
}

/**
 * What is written otherwise than it came: assertions of the phone are left out, lists of what it can do lose what nobody can read, and what is no UTF-8 (RFC 3261 7.3.1) was
 * the Latin-1 of an old phone and becomes UTF-8, so that a PBX that reads bytes as text does not stumble.
 */
export function cleared(request: SipRequest): HeaderEdits {
  const edits = new Map<string, readonly string[]>();
  for (const name of assertions) if (request.headers(name).length > 0) edits.set(name, []);
  for (const name of offers) {
    const lines = request.headers(name);
    if (!tokens(lines)) edits.set(name, readable(lines));
  }
  for (const [name, value] of request.entries?.() ?? []) {
    if (edits.has(name) || isUtf8(value)) continue;
    edits.set(
      name,
      request.headers(name).map((line) => fromText(toText(line))),
    );
  }
  return edits;
}

/**
 * The same for a phone's answer to the PBX: what names the transaction and the dialog is as the PBX wrote it, what cannot be
 * read is left out, and the route set is ours: a phone that loses it, or makes up another, would have the PBX send past us.
 *
 * @param recorded Record-Route as the request left; empty: it had none
 */
export function clearedResponse(
  request: SipRequest,
  response: RelayedResponse,
  recorded: readonly string[],
): HeaderEdits {
  const edits = new Map<string, readonly string[]>();
  for (const name of echoed) {
    if (response.header(name) !== request.header(name)) edits.set(name, request.headers(name));
  }
  for (const name of assertions) if (response.headers(name).length > 0) edits.set(name, []);
  for (const [name, check] of checks) {
    const lines = response.headers(name);
    if (lines.length > 0 && name !== 'Via' && !edits.has(name) && !check(lines)) edits.set(name, []);
  }
  const contacts = response.headers('Contact');
  if (contacts.length > 0 && !each(isAddress)(contacts)) edits.set('Contact', []); // several: a 3xx
  const makesDialog = response.status > 100 && response.status < 300 && recorded.length > 0;
  if (makesDialog && !keepsRoutes(response.headers('Record-Route'), recorded)) edits.set('Record-Route', recorded);
  return edits;
}

/** RFC 3261 8.2.6.2: copied from the request. */
const echoed = ['From', 'Call-ID', 'CSeq'];

/** Those of a list that can be read, in one line. */
function readable(lines: readonly string[]): readonly string[] {
  const found = lines.flatMap((line) => line.split(',').map(trimmed)).filter(isToken);
  return found.length === 0 ? [] : [found.join(', ')];
}

/** RFC 3261 25.1. A digest that we could not read the PBX might, and whoever guesses passwords that way would not be noticed. */
function isCredentials(value: string): boolean {
  if (!/^digest[ \t]/i.test(value)) return credentials.test(value);
  return readParameters(value, 'digest '.length, []) !== null;
}

function isUtf8(value: string): boolean {
  return fromText(toText(value)) === value;
}

/** RFC 3261 8.1.1.8: one that is an address; a REGISTER may have several, or a star. */
function isContact(request: SipRequest): boolean {
  const lines = request.headers('Contact');
  if (request.method === 'REGISTER') return each((value) => value === '*' || isPlace(value))(lines);
  return lines.length === 0 || once(isPlace)(lines);
}

/** RFC 3261 19.1.1: what is taken for a SIP URI must be one. */
function isAddress(value: string): boolean {
  const named = parseNameAddr(value);
  return named !== null && parseUri(named.uri) !== null;
}

/** The same for a place that is sent to later: a URI with headers would have a request of the PBX say what a phone wants. */
function isPlace(value: string): boolean {
  const named = parseNameAddr(value);
  return named !== null && parseUri(named.uri)?.headers === null;
}

/** RFC 3891 6.1: a Call-ID, and parameters. */
function isDialog(value: string): boolean {
  const end = value.indexOf(';');
  return callId.test((end < 0 ? value : value.slice(0, end)).trim()) && hasParams(value);
}

function hasParams(value: string): boolean {
  const end = value.indexOf(';');
  return end < 0 || parseParams(value.slice(end)) !== null;
}
