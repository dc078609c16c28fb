import fc from 'fast-check';
import type { WireHeaders } from '../../../src/sip/message/write.ts';

/*
 * Arbitraries over the grammar of RFC 3261 25.1, each with what a reader must find in it. Latin-1: one character is one
 * byte of the wire.
 */

const alphanum = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'];
const mark = [..."-_.!~*'()"];

const text = (units: readonly string[], minLength = 1, maxLength = 10) =>
  fc.string({ unit: fc.constantFrom(...units), minLength, maxLength });

export const token = text([...alphanum, ..."-.!%*_+`'~"]);
const lws = fc.constantFrom('', '', ' ', '\t', '  ');
/** Any byte a value may hold: no control characters, no white space at the ends. */
export const wireValue = fc
  .string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
  })
  .map((value) => value.replace(/^ +| +$/g, ''));

/** What a quoted string says, and how it stands on the wire. */
export const quoted = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f),
      fc.boolean(),
    ),
    { maxLength: 12 },
  )
  .map((units) => {
    const chars = units.map(([code]) => String.fromCharCode(code));
    const wire = units.map(([code, escaped], at) =>
      escaped || code === 0x22 || code === 0x5c ? `\\${chars[at]}` : chars[at],
    );
    return { said: chars.join(''), wire: `"${wire.join('')}"` };
  });

const escapeSequence = fc
  .integer({ min: 0x20, max: 0x7e })
  .map((code) => ({ said: String.fromCharCode(code), wire: `%${code.toString(16).padStart(2, '0')}` }));
const plain = (units: readonly string[]) => fc.constantFrom(...units).map((unit) => ({ said: unit, wire: unit }));
const user = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: plain([...alphanum, ...mark, ...'&=+$,;?/']) },
      { weight: 1, arbitrary: escapeSequence },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((units) => ({ said: units.map(({ said }) => said).join(''), wire: units.map(({ wire }) => wire).join('') }));

const label = text([...'abcxyzABC019'], 1, 6);
/** `host` as a reader gives it, and as it is written. */
export const host = fc.oneof(
  fc
    .array(label, { minLength: 1, maxLength: 3 })
    .map((labels) => labels.join('.'))
    .map((name) => ({ host: name.toLowerCase(), wire: name })),
  fc.ipV4().map((address) => ({ host: address, wire: address })),
  fc.ipV6().map((address) => ({ host: address.toLowerCase(), wire: `[${address}]` })),
);
const port = fc.option(fc.integer({ min: 1, max: 65_535 }));
const suffix = (at: number | null) => (at === null ? '' : `:${at}`);

const uriParam = fc.tuple(
  text([...alphanum, ...'-_.'], 1, 6),
  fc.option(text([...alphanum, ...mark, ...'[]/:&+$'], 1, 8)),
);
const written = (params: readonly (readonly [string, string | null])[], equals = '=') =>
  params.map(([name, value]) => (value === null ? `;${name}` : `;${name}${equals}${value}`)).join('');
/** Each name once, as a reader has them: lower case. */
const unique = <T>(item: fc.Arbitrary<[string, T]>, maxLength = 3) =>
  fc.uniqueArray(item, { selector: ([name]) => name.toLowerCase(), maxLength });
/** As `parseUri` and `parseNameAddr` give it, with the parameters as a Map, which compares. */
export const withMap = <T extends { readonly params: Iterable<readonly [string, string | null]> }>(parsed: T | null) =>
  parsed === null ? null : { ...parsed, params: new Map(parsed.params) };

const asMap = <T>(params: readonly (readonly [string, T])[]) =>
  new Map(params.map(([name, value]) => [name.toLowerCase(), value] as const));

/** A SIP URI with its parts. */
export const uri = fc
  .record({
    scheme: fc.constantFrom('sip', 'sips', 'SIP'),
    user: fc.option(user),
    host,
    port,
    params: unique(uriParam),
  })
  .map((parts) => ({
    wire: `${parts.scheme}:${parts.user === null ? '' : `${parts.user.wire}@`}${parts.host.wire}${suffix(parts.port)}${written(parts.params)}`,
    scheme: parts.scheme.toLowerCase(),
    user: parts.user?.said ?? null,
    rawUser: parts.user?.wire ?? null,
    host: parts.host.host,
    port: parts.port,
    params: asMap(parts.params),
  }));

const headerParam = fc.tuple(
  token.filter((name) => !/^(?:tag|branch|received|rport)$/i.test(name)),
  fc.option(
    fc.oneof(
      token.map((value) => ({ said: value, wire: value })),
      quoted,
    ),
  ),
);

/** A From, To or Contact value with its parts. */
export const nameAddr = fc
  .record({
    display: fc.oneof(
      fc.constant({ said: null, wire: '' }),
      quoted,
      fc
        .array(token, { minLength: 1, maxLength: 3 })
        .map((words) => ({ said: words.join(' '), wire: `${words.join(' ')} ` })),
    ),
    uri,
    tag: fc.option(token),
    params: unique(headerParam),
    gaps: fc.tuple(lws, lws, lws),
  })
  .map(({ display, uri: inner, tag, params, gaps: [before, around, equals] }) => {
    const all = [...params, ...(tag === null ? [] : [['tag', { said: tag, wire: tag }] as const])];
    const wires = all.map(
      ([name, value]) => `${around};${around}${name}${value === null ? '' : `${equals}=${equals}${value.wire}`}`,
    );
    return {
      wire: `${display.wire}${display.said === null ? '' : before}<${inner.wire}>${wires.join('')}`,
      display: display.said,
      uri: inner.wire,
      tag,
      params: asMap(all.map(([name, value]) => [name, value?.said ?? null] as const)),
    };
  });

/** One hop. */
export const via = fc
  .record({
    transport: fc.constantFrom('UDP', 'tcp', 'TLS', 'WSS', 'SCTP'),
    host,
    port,
    branch: fc.option(token),
    rport: fc.boolean(),
    params: unique(headerParam),
    gap: lws,
  })
  .map(({ transport, host: sentBy, port: at, branch, rport, params, gap }) => {
    const all = [
      ...params.map(([name, value]) => (value === null ? name : `${name}${gap}=${gap}${value.wire}`)),
      ...(rport ? ['rport'] : []),
      ...(branch === null ? [] : [`branch=${branch}`]),
    ];
    return {
      wire: `SIP${gap}/${gap}2.0${gap}/${gap}${transport} ${gap}${sentBy.wire}${at === null ? '' : `${gap}:${gap}${at}`}${all.map((param) => `${gap};${gap}${param}`).join('')}`,
      transport: transport.toUpperCase(),
      host: sentBy.host,
      port: at,
      branch,
    };
  });

/** Names that may stand several times, in canonical spelling. */
const further = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'Contact',
      'Accept',
      'Supported',
      'Allow-Events',
      'User-Agent',
      'Subject',
      'Warning',
      'P-Asserted-Identity',
      'Refer-Sub',
    ),
    wireValue,
  ),
  fc.tuple(
    text([...'abcdefghij0123'], 1, 8).map((name) => `X-${name.charAt(0).toUpperCase()}${name.slice(1)}`),
    wireValue,
  ),
  fc.tuple(
    fc.constant('Route'),
    nameAddr.map(({ wire }) => wire),
  ),
);

export interface Model {
  readonly start:
    | { readonly method: string; readonly uri: string }
    | { readonly status: number; readonly reason: string };
  /** Method of CSeq. */
  readonly method: string;
  readonly cseq: number;
  readonly from: { readonly tag: string | null };
  readonly to: { readonly tag: string | null };
  readonly via: {
    readonly transport: string;
    readonly host: string;
    readonly port: number | null;
    readonly branch: string | null;
  };
  /** All but Content-Length, in order: what a reader must hand out. */
  readonly headers: WireHeaders;
}

const method = fc.oneof(fc.constantFrom('SUBSCRIBE', 'NOTIFY', 'OPTIONS'), token);
const start = fc.oneof(
  fc.record({ method, uri: uri.map(({ wire }) => wire) }),
  fc.record({ status: fc.integer({ min: 100, max: 699 }), reason: wireValue }),
);

/** A whole message, its headers in any order. */
export const message: fc.Arbitrary<Model> = fc
  .record({
    start,
    cseqMethod: method,
    cseq: fc.integer({ min: 0, max: 0xffff_ffff }),
    vias: fc.array(via, { minLength: 1, maxLength: 3 }),
    joined: fc.boolean(),
    from: nameAddr.filter(({ tag }) => tag !== null),
    to: nameAddr,
    callId: token,
    more: fc.array(further, { maxLength: 8 }),
    order: fc.infiniteStream(fc.nat()),
  })
  .map(({ start: first, cseqMethod, cseq, vias, joined, from, to, callId, more, order }) => {
    const name = 'method' in first ? first.method : cseqMethod;
    const hops = vias.map(({ wire }) => wire);
    const others: [string, string][] = [
      ['From', from.wire],
      ['To', to.wire],
      ['Call-ID', callId],
      ['CSeq', `${cseq} ${name}`],
      ['Content-Type', 'application/octet-stream'],
      ...more,
    ];
    const shuffled = others.map((header) => ({ header, rank: order.next().value })).sort((a, b) => a.rank - b.rank);
    const headers: [string, string][] = [
      ...(joined ? [hops.join(', ')] : hops).map((value): [string, string] => ['Via', value]),
      ...shuffled.map(({ header }) => header),
    ];
    return { start: first, method: name, cseq, from, to, via: vias[0]!, headers };
  });

const shortForms: Readonly<Record<string, string>> = {
  Via: 'v',
  From: 'f',
  To: 't',
  'Call-ID': 'i',
  Contact: 'm',
  'Content-Type': 'c',
  'Content-Length': 'l',
  Supported: 'k',
  'Allow-Events': 'u',
  Subject: 's',
};

/** How one header is spelled: compact or odd letter case, gaps around the colon, folds in place of single spaces. */
export const spelling = fc.record({
  compact: fc.boolean(),
  upper: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  before: lws,
  after: fc.constantFrom('', ' ', '\t ', '\r\n ', ' \r\n\t'),
  fold: fc.constantFrom(null, '\r\n ', '\r\n\t', '\r\n \t\r\n  '),
  end: fc.constantFrom('', '', ' ', '\t'),
});
export type Spelling = typeof spelling extends fc.Arbitrary<infer T> ? T : never;

/** One header line in that spelling, with its line end. A fold stands where a reader must see one space. */
export function spell(name: string, value: string, how: Spelling): string {
  const short = how.compact ? shortForms[name] : undefined;
  const cased = [...(short ?? name)].map((char, at) =>
    how.upper[at % 4] === true ? char.toUpperCase() : char.toLowerCase(),
  );
  const at = how.fold === null ? -1 : value.search(/(?<=[^ \t]) (?=[^ \t])/);
  const folded = at < 0 ? value : `${value.slice(0, at)}${how.fold}${value.slice(at + 1)}`;
  return `${cased.join('')}${how.before}:${how.after}${folded}${value === '' ? '' : how.end}\r\n`;
}
