import assert from 'node:assert/strict';
import { request } from 'node:http';
import { simulated } from '../../adapters/simulated/simulated.ts';
import { aorOf } from '../../src/model/aor.ts';
import { systemClock } from '../../src/model/clock.ts';
import { granted } from '../../src/model/outcome.ts';
import { systemRandom } from '../../src/model/random.ts';
import { tokenOf } from '../../src/ops/access/tokens.ts';
import type { OpsDeps } from '../../src/ops/deps.ts';
import { impliedRefusals } from '../../src/ops/mount.ts';
import { openApi } from '../../src/ops/openapi.ts';
import type { Route } from '../../src/ops/route.ts';
import { routes } from '../../src/ops/routes/table.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { problems, referred, type Schema } from '../support/json-schema.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { domain, type Running, running, viewOf } from './fake-deps.ts';
import { fakeDesks } from './fake-desks.ts';

/** The published document: what is answered is held against it. */
export const document = openApi(routes, '0.0.0-test') as Schema & object;

export const tokens = { read: 'token-that-may-read', operate: 'token-to-operate', admin: 'token-of-an-admin' };

/** A second domain, so that `7009` is two users. */
const tenant = 'tenant.test';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
  readonly body: any;
}

export interface Call {
  readonly token?: string | null;
  readonly method?: string;
  /** In place of parts of the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  /** In place of the example. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Rig extends Running {
  readonly clock: FakeClock;
  call(route: Route, call?: Call): Promise<Answered>;
}

/** A server with everything that the examples of the routes name, and a token of each role. */
export async function everyRoute(use: (rig: Rig) => Promise<void>, more: Partial<OpsDeps> = {}): Promise<void> {
  const clock = new FakeClock();
  const pbx = simulated(
    { name: 'demo', domain, domains: [{ name: domain, aliases: [] }], options: {}, remembered: [] },
    { clock: systemClock, random: systemRandom, logger: silentLogger },
  );
  const deps: Partial<OpsDeps> = {
    ...fakeDesks(),
    clock,
    token: null,
    tokens: Object.entries(tokens).map(([name, text]) => tokenOf(name, name as keyof typeof tokens, text)),
    domains: [
      { name: domain, aliases: [] },
      { name: tenant, aliases: [] },
      { name: 'other.test', aliases: [] },
    ],
    groups: [{ name: 'sales', domain, extensions: /^1/ }],
    simulator: pbx.simulator ?? null,
    phoneOrders: {
      events: ['check-sync'],
      send: async ({ event }) => granted({ via: 'pbx' as const, event, phones: [] }),
    },
    ...more,
  };
  await running(async (at) => {
    pbx.start((event) => at.hub.apply(event));
    for (const other of [tenant, 'other.test']) {
      at.hub.views.set(aorOf('7009', other), { ...viewOf('7009'), aor: aorOf('7009', other) });
    }
    fill(at);
    try {
      await use(Object.assign(at, { clock, call: (route: Route, call: Call = {}) => call_(at.port, route, call) }));
    } finally {
      await pbx.stop();
    }
  }, deps);
}

function fill(at: Running): void {
  const aor = aorOf('1001', domain);
  const now = 1_700_000_000_000;
  const common = { id: 1, aor, event: 'dialog', source: 'udp:192.0.2.1:5060', userAgent: null, createdAt: now };
  const times = { expiresAt: now + 600_000, lastNotifyAt: now, lastStatus: 200, notifies: 3 };
  at.subscriptions.push({ ...common, ...times, eventId: null, watcher: aor, device: 'urn:uuid:1' });
  const said = { kind: 'presence', basic: 'open', activities: ['busy'], notes: [] } as const;
  at.publications.push({ ...common, event: 'presence', publisher: aor, said, expiresAt: null });
  const origin = { kind: 'api', who: 'anna', from: '127.0.0.1', userAgent: null } as const;
  const forward = { enabled: true, target: '1002', ringCount: 4 };
  const value = { before: { ...forward, enabled: false }, after: forward, wished: forward };
  at.audit.push({ at: now, aor, feature: 'cfna', origin, ...value, decision: 'granted', reason: null });
  const agent = { phase: 'notReady', reason: 'lunch' } as const;
  at.audit.push({
    at: now,
    aor,
    feature: 'agent',
    origin,
    before: agent,
    after: agent,
    wished: null,
    decision: 'refused',
    reason: 'x',
  });
  at.agentVerdict = ({ phase, reason }) => ({
    decision: 'granted',
    refusal: null,
    state: { phase: phase === 'loggedOn' ? 'ready' : phase, reason },
  });
  at.hub.put('1001', {
    agent: { ...agent, since: now },
    mailbox: { new: 1, old: 0, newUrgent: 0, oldUrgent: 0 },
    dialogs: [
      {
        id: 'd1',
        phase: 'early',
        direction: 'recipient',
        holding: false,
        remote: { number: '1002', name: null, presentable: true },
        since: now,
      },
    ],
  });
}

/** The path of a route with its examples filled in. */
export function pathOf(route: Route, given: Readonly<Record<string, string>> = {}): string {
  return route.path.replace(/\{(\w+)\+?\}/g, (_all, name: string) =>
    encodeURIComponent(given[name] ?? String(exampleOf(route.params?.shape[name] as never))),
  );
}

function exampleOf(schema: { meta(): { examples?: readonly unknown[] } | undefined } | undefined): unknown {
  const [example] = schema?.meta()?.examples ?? [];
  assert.ok(example !== undefined, 'every body and every part of a path has an example');
  return example;
}

export function exampleBody(route: Route): string | null {
  if (route.raw !== null) return route.raw.schema === undefined ? 'a document' : '{"jsonrpc":"2.0","method":"x"}';
  return route.body === null ? null : JSON.stringify(exampleOf(route.body as never));
}

async function call_(port: number, route: Route, call: Call): Promise<Answered> {
  const { token = tokens.admin, method = route.method, path, query = '', headers = {} } = call;
  const body = call.body ?? exampleBody(route);
  const type = route.raw?.types[0] ?? 'application/json';
  const sent: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(body === null ? {} : { 'content-type': type }),
    ...headers,
  };
  const answer = await exchange(port, method, pathOf(route, path) + query, sent, body);
  if (method === route.method) hold(route, answer);
  return answer;
}

/** With headers that fetch would not let us choose. Of a stream only its beginning. */
function exchange(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Uint8Array | null,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      const done = () => {
        const text = Buffer.concat(chunks).toString();
        const type = answer.headers['content-type'] ?? '';
        resolve({
          status: answer.statusCode ?? 0,
          headers: new Headers(answer.headers as Record<string, string>),
          text,
          body: type.startsWith('application/json') ? JSON.parse(text) : null,
        });
      };
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (answer.headers['content-type']?.startsWith('text/event-stream')) {
          done();
          answer.destroy();
        }
      });
      answer.on('end', done);
      answer.on('error', () => undefined);
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

/** An answer is one the document has, and refuses with a code that the route declares. */
function hold(route: Route, { status, headers, text, body }: Answered): void {
  const name = `${route.method} ${route.path} → ${status} ${text.slice(0, 200)}`;
  const operation = referred(
    `#/paths/${route.path.replace('+}', '}').replaceAll('/', '~1')}/${route.method.toLowerCase()}`,
    document,
  );
  const { responses } = operation as {
    readonly responses: Readonly<Record<string, { $ref?: string; content?: object }>>;
  };
  const given = responses[status];
  assert.ok(given !== undefined, `${name}: no such answer is declared`);
  const response = given.$ref === undefined ? given : (referred(given.$ref, document) as typeof given);
  if (text === '') return;
  const [type = ''] = (headers.get('content-type') ?? '').split(';');
  const { [type]: media, '*/*': any } = (response.content ?? {}) as Readonly<
    Record<string, { readonly schema?: Schema }>
  >;
  assert.ok(media !== undefined || any !== undefined, `${name}: no ${type} is declared`);
  if (body === null || media?.schema === undefined) return;
  assert.deepEqual(problems(body, media.schema, document), [], name);
  // The schemas of answers let further fields pass, for the sake of clients; here none is forgotten.
  const answer = route.answers[status];
  if (answer?.schema !== undefined) assert.deepEqual(answer.schema.safeParse(body).error?.issues ?? [], [], name);
  if (answer !== undefined) return;
  const declared = { ...impliedRefusals(route), ...route.refusals };
  assert.equal(declared[body.error.code], status, `${name}: ${body.error.code} is not declared`);
}
