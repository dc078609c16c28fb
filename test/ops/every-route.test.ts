import assert from 'node:assert/strict';
import test from 'node:test';
import { userOf } from '../../src/model/aor.ts';
import { refused } from '../../src/model/outcome.ts';
import { covers, roles } from '../../src/ops/access/roles.ts';
import type { Route } from '../../src/ops/route.ts';
import { routes } from '../../src/ops/routes/table.ts';
import { off } from './fake-deps.ts';
import { everyRoute, exampleBody, type Rig, tokens } from './route-rig.ts';

const nameOf = ({ method, path }: Route) => `${method} ${path}`;
const guarded = routes.filter(({ role }) => role !== 'everybody');
const roleOf = ({ role }: Route) => (role === 'everybody' ? 'read' : role);
const withBody = routes.filter(({ body }) => body !== null);
const ofExtension = routes.filter(({ path }) => path.includes('{ext}'));

/** What the server of these tests has not, and its own tests have. */
const absent = ['no-metrics', 'unknown-profile'];

function untouched(at: Rig): void {
  assert.deepEqual([at.wishes, at.removed, at.told], [[], [], []], 'something was done all the same');
}

test('every route answers its own example as it is documented', async () => {
  for (const route of routes) {
    await everyRoute(async (at) => {
      assert.doesNotThrow(() => exampleBody(route), nameOf(route));
      const { status, body, text } = await at.call(route);
      const missing = absent.includes(body?.error?.code) || route.path.endsWith('{action}');
      // There is no call yet, and nobody is an agent.
      const early = route.tag === 'Simulator' && ['unknown-call', 'wrong-state'].includes(body?.error?.code);
      assert.ok(status < 300 || missing || early, `${nameOf(route)}: ${status} ${text}`);
    });
  }
});

test('every route but probes and the document asks for a token, and a wrong one is none', async () => {
  await everyRoute(async (at) => {
    for (const route of guarded) {
      for (const token of [null, 'wrong-token', tokens.admin.toUpperCase(), `${tokens.admin}x`]) {
        // So many guesses at once would be too many.
        at.clock.advance(10_000);
        const answer = await at.call(route, { token });
        assert.equal(answer.status, 401, nameOf(route));
        assert.equal(answer.body.error.code, 'token-needed');
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
      }
    }
    for (const route of routes.filter(({ role }) => role === 'everybody')) {
      assert.notEqual((await at.call(route, { token: null })).status, 401, nameOf(route));
    }
    untouched(at);
  });
});

test('a role that is too small is 403 with the one that is wanted, and nothing is done', async () => {
  await everyRoute(async (at) => {
    for (const route of guarded) {
      for (const role of roles.filter((one) => !covers(one, roleOf(route)))) {
        const answer = await at.call(route, { token: tokens[role] });
        assert.deepEqual([answer.status, answer.body?.error.code], [403, 'role-too-small'], `${nameOf(route)} ${role}`);
        assert.match(answer.body.error.message, new RegExp(`role ${route.role}$`));
      }
      const query = route.query?.shape['ext'] === undefined ? '' : '?ext=1001';
      const enough = await at.call(route, { token: tokens[roleOf(route)], query });
      assert.notEqual(enough.body?.error?.code, 'role-too-small', nameOf(route));
    }
  });
});

test('a token of role read changes nothing: whatever is no GET refuses it', async () => {
  await everyRoute(async (at) => {
    for (const route of guarded.filter(({ method, path }) => method !== 'GET' && path !== '/rpc')) {
      assert.equal((await at.call(route, { token: tokens.read })).status, 403, nameOf(route));
    }
    untouched(at);
  });
});

test('the same by JSON-RPC: each route that has a name there refuses a role that is too small', async () => {
  await everyRoute(async (at) => {
    const rpc = routes.find(({ path }) => path === '/rpc')!;
    for (const route of guarded) {
      const role = roles.find((one) => !covers(one, roleOf(route)));
      if (route.rpc === null || role === undefined) continue;
      const body = JSON.stringify({ jsonrpc: '2.0', method: route.rpc, params: [], id: 1 });
      const answer = await at.call(rpc, { token: tokens[role], body });
      assert.equal(answer.body.error.data.code, 'role-too-small', route.rpc);
    }
    for (const method of ['presence:refresh_watchers', 'presence_dfks:set_feature', 'presence:expose']) {
      const body = JSON.stringify({ jsonrpc: '2.0', method, params: ['1001', 'dialog'], id: 1 });
      const answer = await at.call(rpc, { token: tokens.read, body });
      assert.equal(answer.body.error.data.code, 'role-too-small', method);
    }
    untouched(at);
  });
});

test('an extension that the PBX has not is 404, one that two domains have is 409 with both', async () => {
  await everyRoute(async (at) => {
    for (const route of ofExtension) {
      const unknown = await at.call(route, { path: { ext: '4711' } });
      assert.equal(unknown.status, 404, nameOf(route));
      const twice = await at.call(route, { path: { ext: '7009' } });
      assert.deepEqual([twice.status, twice.body?.error?.code], [409, 'ambiguous-extension'], nameOf(route));
      assert.match(twice.body.error.message, /7009@tenant\.test, 7009@other\.test/);
    }
    for (const route of routes.filter(({ query }) => query?.shape['ext'] !== undefined)) {
      const { status, body } = await at.call(route, { query: '?ext=7009' });
      assert.ok(status === 409 || absent.includes(body.error.code), nameOf(route));
    }
    untouched(at);
  });
});

test('what is named in a path and is none is 404: odd ids, other words', async () => {
  await everyRoute(async (at) => {
    for (const route of routes.filter(({ path }) => path.includes('{id}'))) {
      for (const id of ['2', '0', '-1', '1e0', 'x', '99999999999999999999', '../1', '<b>']) {
        const { status, body } = await at.call(route, { path: { id } });
        assert.deepEqual([status, /^unknown-/.test(body.error.code)], [404, true], `${nameOf(route)} ${id}`);
      }
    }
    untouched(at);
  });
});

test('a query with a name that the route does not know is refused: a slip of the pen is no wish for everything', async () => {
  await everyRoute(async (at) => {
    for (const route of routes.filter(({ path }) => path.startsWith('/api/'))) {
      const { status, body } = await at.call(route, { query: '?exten=1001' });
      assert.deepEqual([status, body.error.code], [400, 'invalid-query'], nameOf(route));
      assert.match(body.error.message, /exten/);
    }
  });
});

test('a body that is none is refused by its kind: type, size, form, fields', async () => {
  await everyRoute(async (at) => {
    for (const route of withBody) {
      const no = async (expected: readonly unknown[], body: string | Uint8Array<ArrayBuffer>, headers = {}) => {
        const answer = await at.call(route, { body, headers });
        assert.deepEqual(
          [answer.status, answer.body.error.code],
          expected,
          `${nameOf(route)} ${String(body).slice(0, 40)}`,
        );
      };
      const example = exampleBody(route) ?? '';
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
        await no([415, 'not-json'], example, { 'content-type': type });
      }
      await no([413, 'too-large'], JSON.stringify({ fill: 'x'.repeat(70_000) }));
      const other = example.replace(/^\{/, '{"surprise":1,');
      for (const text of ['', '{', '[]', 'null', '"x"', '1', other]) await no([400, 'invalid-body'], text);
      await no([400, 'invalid-body'], new Uint8Array([0x7b, 0xff, 0x7d]));
    }
    untouched(at);
  });
});

test('what another site made a browser send is refused, and so is a name that is none of ours', async () => {
  await everyRoute(async (at) => {
    for (const route of routes) {
      const rebound = await at.call(route, { headers: { host: 'evil.example' } });
      assert.deepEqual([rebound.status, rebound.body.error.code], [403, 'wrong-host'], nameOf(route));
      if (route.tag === 'Health' && route.role === 'everybody') continue;
      const foreign = await at.call(route, { headers: { 'sec-fetch-site': 'cross-site' } });
      assert.deepEqual([foreign.status, foreign.body.error.code], [403, 'cross-site'], nameOf(route));
    }
    untouched(at);
  });
});

test('a method that a path does not take is 405 with those that it takes', async () => {
  await everyRoute(async (at) => {
    for (const route of routes) {
      const answer = await at.call(route, { method: 'PATCH' });
      assert.deepEqual([answer.status, answer.body.error.code], [405, 'not-allowed'], nameOf(route));
      assert.ok(answer.headers.get('allow')?.split(', ').includes(route.method), nameOf(route));
    }
  });
});

test('the PBX is away: what is read is the last truth and says that it is stale', async () => {
  await everyRoute(async (at) => {
    at.hub.linkIs('down', 'connection refused');
    for (const view of at.hub.list()) at.hub.put(userOf(view.aor), { stale: true }, 'extension');
    at.health = { ready: false, checks: [{ name: 'pbx demo', ok: false, reason: 'connection refused' }] };
    for (const route of routes.filter(({ method, path }) => method === 'GET' && path !== '/readyz')) {
      const { status, body } = await at.call(route);
      assert.ok(status === 200 || absent.includes(body.error.code), nameOf(route));
    }
    const of = async (path: string) => at.call(routes.find((one) => one.method === 'GET' && one.path === path)!);
    assert.equal((await of('/readyz')).status, 503);
    assert.equal((await of('/api/v1/extensions/{ext}')).body.stale, true);
    assert.deepEqual((await of('/api/v1/dialogs')).body[0].stale, true);
    const { ready, links } = (await of('/api/v1/status')).body;
    assert.deepEqual([ready, links[0].state, links[0].reason], [false, 'down', 'connection refused']);
  });
});

test('the PBX is away: a wish is refused with the reason and what stands', async () => {
  const away = { code: 'pbx-away', message: 'the PBX is away' };
  const no = { decision: 'failed', refusal: away } as const;
  const phoneOrders = { events: ['check-sync'], send: async () => refused<never>(away.code, away.message) };
  await everyRoute(
    async (at) => {
      at.verdict = () => ({ ...no, state: { ...off, enabled: true } });
      at.agentVerdict = () => ({ ...no, state: { phase: 'ready', reason: null } });
      const of = async (path: string) => {
        const answer = await at.call(routes.find((one) => one.method !== 'GET' && one.path === path)!);
        assert.deepEqual([answer.status, answer.body.error.code], [503, 'pbx-away'], path);
        return answer.body;
      };
      assert.deepEqual((await of('/api/v1/extensions/{ext}/features/{feature}')).feature, { enabled: true });
      assert.deepEqual((await of('/api/v1/extensions/{ext}/agent')).agent, { state: 'ready', reason: null });
      await of('/api/v1/extensions/{ext}/check-sync');
    },
    { phoneOrders },
  );
});
