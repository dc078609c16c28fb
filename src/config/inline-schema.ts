import { isIP } from 'node:net';
import { z } from 'zod';
import type { ConfiguredPoint } from './listen-point.ts';

const uriPattern =
  /^sip:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?(?:;transport=(?:udp|tcp))?$/i;

/** `sip.upstream`: the PBX that inline requests go on to, and another for when it is away. */
export const upstreamSchema = z
  .union([z.string(), z.array(z.string())])
  .superRefine((given, context) => {
    const list = typeof given === 'string' ? [given] : given;
    if (list.length === 0 || list.length > 2) {
      context.addIssue({ code: 'custom', message: 'expected one PBX, or a list of two' });
    }
    for (const [index, text] of list.entries()) {
      const message = problemOf(text);
      const path = typeof given === 'string' ? [] : [index];
      if (message !== null) context.addIssue({ code: 'custom', path, message });
    }
  })
  .optional()
  .describe(
    'Lamplighter stands inline: phones use it as outbound proxy, and what it does not serve itself goes on to this PBX. A list of two: the second is used while the first does not answer. docs/deploy/inline.md.',
  );

/** `sip.inline`: how, where `sip.upstream` is set. */
export const inlineSchema = z
  .strictObject({
    reach: z
      .enum(['contact', 'path'])
      .default('contact')
      .describe(
        'How the PBX finds a phone. contact: the Contact of a REGISTER leads here; path: it stays as it is and a Path (RFC 3327) leads here, for PBXs that support it.',
      ),
    pbx: z
      .array(z.string().regex(/^[A-Za-z0-9\-.!%*_+`'~]+$/, 'expected the name of an event package'))
      .default([])
      .describe('Event packages that stay with the PBX, such as message-summary.'),
    unsolicited: z
      .enum(['pbx', 'never'])
      .default('pbx')
      .describe(
        "A NOTIFY outside of any dialog. pbx: the PBX's own reach the phones that registered through here, as message-summary of Asterisk's does; never: none does.",
      ),
    believe: z
      .enum(['none', 'streams', 'all'])
      .default('none')
      .describe(
        'Whether a phone that has just registered through here may subscribe without its password. streams: by the very TCP, TLS or WebSocket connection; all: by UDP too, where its address could be forged.',
      ),
    probe: z
      .int()
      .min(1)
      .max(300)
      .default(5)
      .describe('How often each upstream is asked by OPTIONS whether it is there; seconds.'),
  })
  .prefault({});

/** What is wrong with an upstream beside these listeners: it would send to ourselves. */
export function ownUpstream(upstream: string, listen: readonly ConfiguredPoint[]): boolean {
  const [, host = '', port = '5060'] = uriPattern.exec(upstream) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const isLoopback = bare === 'localhost' || bare === '::1' || bare.startsWith('127.');
  return listen.some(
    (point) =>
      point.port === Number(port) &&
      (point.address === bare || (isLoopback && ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(point.address))),
  );
}

/**
 * The listener that an upstream needs and does not have; null: it has it. Datagrams leave by a UDP listener of its family; who
 * is connected to by TCP is told of a TCP listener, for a connection's own port is nobody's once it is closed.
 */
export function missingListener(upstream: string, listen: readonly ConfiguredPoint[]): string | null {
  const [, host = ''] = uriPattern.exec(upstream) ?? [];
  const transport = /;transport=tcp$/i.test(upstream) ? 'tcp' : 'udp';
  const points = listen.filter((point) => point.transport === transport);
  if (points.length === 0) return `${transport}:`;
  const family = isIP(host.replace(/^\[(.*)\]$/, '$1'));
  if (family === 0 || points.some(({ address }) => isIP(address) === family)) return null;
  return family === 6 ? `${transport}:[…]:` : `${transport}: of IPv4`;
}

/** The upstreams in order of preference; empty: not inline. */
export function upstreamsOf({
  upstream,
}: {
  readonly upstream?: string | readonly string[] | undefined;
}): readonly string[] {
  if (upstream === undefined) return [];
  return typeof upstream === 'string' ? [upstream] : upstream;
}

function problemOf(text: string): string | null {
  const found = text.length > 255 ? null : uriPattern.exec(text);
  if (found === null) return 'expected sip:HOST or sip:HOST:PORT, with ;transport=tcp where it is not UDP';
  const [, host = '', port = '5060'] = found;
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  // RFC 3261 25.1: the last label of a host name begins with a letter, so that no name looks like an address
  const isName = /(?:^|\.)[A-Za-z][A-Za-z0-9-]*\.?$/.test(bare) && !bare.includes('..') && !bare.includes(':');
  const isPlace = (isIP(bare) !== 0 || isName) && Number(port) >= 1 && Number(port) <= 65_535;
  return isPlace ? null : 'expected a host name or an address that there can be, and a port from 1 to 65535';
}
