import { isIP } from 'node:net';
import { z } from 'zod';
import { domain } from './common-schema.ts';
import { drachtioSchema, engineProblems } from './drachtio-schema.ts';
import { identitySchema } from './identity-schema.ts';
import { inlineSchema, missingListener, ownUpstream, upstreamSchema, upstreamsOf } from './inline-schema.ts';
import { parseListenPoint } from './listen-point.ts';

const listenPoint = z
  .string()
  .regex(/^(udp|tcp|tls|ws|wss):(\[[0-9a-fA-F:.]+(%[A-Za-z0-9._-]+)?\]|[0-9.]+):\d{1,5}$/, {
    error:
      'expected udp:ADDRESS:PORT (or tcp, tls, ws, wss) with an IPv4 address, or an IPv6 address in []; for every address of this host write 0.0.0.0 or [::]',
    abort: true,
  })
  .refine((text) => isIP(parseListenPoint(text).address) !== 0, {
    error: 'expected an IPv4 address, or an IPv6 address in []',
    abort: true,
  })
  .refine((text) => parseListenPoint(text).port <= 65_535, 'expected a port from 0 to 65535');

/** Each transport but UDP is TCP below, and WSS is TLS. */
const isSecure = (point: string) => /^(tls|wss):/.test(point);
const socketOf = (point: string) => point.replace(/^(tcp|tls|ws|wss):/, 'tcp:').toLowerCase();

const tls = z
  .strictObject({
    cert: z.string().min(1).describe('Path of the certificate and its chain, PEM. A new one is taken while running.'),
    key: z.string().min(1).describe('Path of its private key, PEM without a passphrase.'),
    clientCa: z.string().min(1).optional().describe("Path of the authorities that sign the phones' certificates, PEM."),
    clientCert: z
      .enum(['none', 'request', 'require'])
      .default('none')
      .describe('request: a certificate that a phone shows must be good; require: every phone must show one.'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('The oldest TLS that is spoken.'),
  })
  .superRefine(({ clientCa, clientCert }, context) => {
    if (clientCert === 'none' || clientCa !== undefined) return;
    const message = `missing; clientCert: ${clientCert} needs the authorities that sign the phones' certificates`;
    context.addIssue({ code: 'custom', path: ['clientCa'], message });
  });

const advertised = z
  .string()
  .max(255)
  .regex(
    /^(?:(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*)$/,
    { error: 'expected a host name or an address, with or without :PORT', abort: true },
  )
  .refine(isHostAndPort, 'expected a host name or an address that there can be, and a port from 1 to 65535');

function isHostAndPort(text: string): boolean {
  const [, host = text, port = '5060'] = /^(\[.*\]|[^:]*):(\d+)$/.exec(text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  // RFC 3261 25.1: the last label of a host name begins with a letter, so that no name looks like an address
  const isName = /(?:^|\.)[A-Za-z][A-Za-z0-9-]*\.?$/.test(bare) && !bare.includes('..') && !bare.includes(':');
  return (isIP(bare) !== 0 || isName) && Number(port) >= 1 && Number(port) <= 65_535;
}

const network = z
  .string()
  .regex(
    /^([0-9.]+(\/\d{1,2})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(\/\d{1,3})?)$/,
    'expected an address or a network such as 10.0.0.0/8',
  );

const sipSettings = z.strictObject({
  engine: z
    .enum(['embedded', 'drachtio'])
    .default('embedded')
    .describe('The SIP engine. embedded: its own; drachtio: a drachtio-server: docs/deploy/drachtio.md.'),
  listen: z
    .array(listenPoint)
    .min(1)
    .default(['udp:0.0.0.0:5070', 'tcp:0.0.0.0:5070'])
    .describe('Where phones reach Lamplighter: udp, tcp, tls, ws or wss, each as often as wanted.'),
  tls: tls.optional().describe('The certificate of tls: and wss: addresses.'),
  webSocketOrigins: z
    .array(
      z
        .string()
        .regex(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/i, 'expected an origin such as https://phone.example.com, or *'),
    )
    .default([])
    .describe('Web pages whose phones may connect by ws: and wss:, or *. Phones that are no web page need no entry.'),
  connections: z
    .strictObject({
      perAddress: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(50)
        .describe(
          'Connections from one address; `identity.from`, and with auth: trusted the `trusted` networks, are exempt.',
        ),
      total: z.int().min(1).max(1_000_000).default(10_000).describe('Connections in all.'),
    })
    .prefault({})
    .describe('Limits on TCP, TLS and WebSocket.'),
  advertise: advertised
    .optional()
    .describe('The address or host name phones are told, where it differs from the one bound (NAT).'),
  auth: z
    .enum(['pbx', 'users', 'trusted'])
    .default('pbx')
    .describe(
      "pbx: the PBX's own passwords; users: the list below; trusted: From is believed from `trusted` networks.",
    ),
  trusted: z.array(network).default(['127.0.0.0/8']).describe('Networks that are believed with auth: trusted.'),
  identity: identitySchema(network)
    .optional()
    .describe('Proxies that have asked for the password say in a header who it is: docs/deploy/kamailio.md.'),
  digest: z
    .enum(['sha-256', 'md5'])
    .default('sha-256')
    .describe(
      'sha-256: SHA-256 is offered first, MD5 second; md5: MD5 alone, for phones that read only the first offer (baresip 1, sipsak).',
    ),
  expirySpread: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.2)
    .describe(
      'Where more than 20 phones subscribe within two seconds, intervals beyond two minutes are granted up to this share shorter, at random, so that they do not come back at once. 0: always as asked.',
    ),
  users: z
    .array(
      z.strictObject({
        user: z.string().min(1),
        domain: domain.optional().describe('Whose user it is; default: of `domain`.'),
        password: z.string().min(1),
      }),
    )
    .default([])
    .describe('With auth: users. `passwordFile` may stand for `password`.'),
  warmUp: z
    .boolean()
    .default(true)
    .describe(
      'Rehearse at start for one to three and a half seconds, with phones of its own on loopback: the first storm then meets code that is compiled.',
    ),
  batches: z
    .boolean()
    .default(true)
    .describe(
      'UDP over IPv4 by the calls of Linux that read and write many datagrams at once: about half the price of each. Where they cannot be used, and with false, datagrams go one by one.',
    ),
  limits: z
    .strictObject({
      perSource: z
        .strictObject({
          rate: z.number().min(1).max(1_000_000).default(500).describe('Requests a second, in the long run.'),
          burst: z.int().min(1).max(1_000_000).default(2000).describe('Requests at once.'),
        })
        .prefault({})
        .describe(
          'From one IPv4 address or IPv6 /64; beyond it 503, then silence. This host is exempt, `identity.from`, and with auth: trusted the `trusted` networks.',
        ),
    })
    .prefault({})
    .describe('What any source may ask.'),
  upstream: upstreamSchema,
  inline: inlineSchema.describe('With `upstream`: how it stands between phones and PBX.'),
  drachtio: drachtioSchema.optional().describe('With engine: drachtio, its control port.'),
});

/** `sip`: how phones come. */
export const sipSchema = sipSettings.superRefine((settings, context) => {
  const { listen, tls: certificate, auth, identity, upstream } = settings;
  for (const { path, message } of engineProblems(settings)) {
    context.addIssue({ code: 'custom', path: [...path], message });
  }
  if (identity !== undefined && identity.from === undefined && auth !== 'trusted') {
    const message = `missing; auth: ${auth} has no trusted networks that could be meant`;
    context.addIssue({ code: 'custom', path: ['identity', 'from'], message });
  }
  const points = listen.map(parseListenPoint);
  for (const one of upstreamsOf({ upstream })) {
    const missing = missingListener(one, points);
    const isOwn = ownUpstream(one, points);
    if (!isOwn && missing === null) continue;
    const message = isOwn ? 'is an address of Lamplighter itself' : `needs a listener ${missing} in sip.listen`;
    context.addIssue({ code: 'custom', path: ['upstream'], message: `${one} ${message}` });
  }
  for (const [index, point] of listen.entries()) {
    const path = ['listen', index];
    const before = point.endsWith(':0') ? -1 : listen.findIndex((other) => socketOf(other) === socketOf(point));
    if (before >= 0 && before < index) {
      context.addIssue({ code: 'custom', path, message: `the address and port of ${listen[before]} are taken` });
    }
    if (isSecure(point) && certificate === undefined) {
      context.addIssue({ code: 'custom', path, message: 'needs sip.tls with cert and key' });
    }
  }
});
