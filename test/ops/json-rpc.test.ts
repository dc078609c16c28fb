import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerRpc, mostInBatch, result } from '../../src/ops/rpc/json-rpc.ts';

const called: unknown[] = [];
const call = async (method: string, params: unknown) => {
  called.push([method, params]);
  return result(method);
};
const ask = (body: unknown) => answerRpc(typeof body === 'string' ? body : JSON.stringify(body), call);
// biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
const codeOf = async (body: unknown): Promise<any> => ((await ask(body)) as any)?.error?.code;
const one = (more: object = {}) => ({ jsonrpc: '2.0', method: 'm', id: 1, ...more });

test('a request is answered with its id, whatever kind it is', async () => {
  for (const id of [1, 'a', 0.5, null, '']) {
    assert.deepEqual(await ask(one({ id })), { jsonrpc: '2.0', result: 'm', id });
  }
});

test('positions and names reach the method; none is an empty list', async () => {
  called.length = 0;
  await ask(one({ params: [1, 'x'] }));
  await ask(one({ params: { a: 1 } }));
  await ask(one());
  assert.deepEqual(called, [
    ['m', [1, 'x']],
    ['m', { a: 1 }],
    ['m', []],
  ]);
});

test('a notification is carried out and not answered, alone and in a batch', async () => {
  called.length = 0;
  assert.equal(await ask({ jsonrpc: '2.0', method: 'm' }), null);
  assert.equal(
    await ask([
      { jsonrpc: '2.0', method: 'm' },
      { jsonrpc: '2.0', method: 'm' },
    ]),
    null,
  );
  assert.equal(called.length, 3);
});

test('what is no JSON is -32700 with id null', async () => {
  for (const text of ['', '{', '{"jsonrpc": "2.0", "method": "m", "params": "bar", "baz]', '[1,', '\u0000']) {
    assert.deepEqual(await ask(text), { jsonrpc: '2.0', error: { code: -32700, message: 'Parse error' }, id: null });
  }
});

test('what is no request is -32600, with its id where that can be seen', async () => {
  for (const body of [1, '"x"', null, [], 'true', one({ method: 7 }), one({ jsonrpc: '1.0' }), one({ jsonrpc: 2 })]) {
    assert.equal(await codeOf(body), -32600, JSON.stringify(body));
  }
  for (const id of [{}, [1], true]) {
    const answer = (await ask(one({ id }))) as { id: unknown; error: { code: number } };
    assert.deepEqual([answer.id, answer.error.code], [null, -32600]);
  }
  for (const params of ['x', 1, null, false]) assert.equal(await codeOf(one({ params })), -32600);
});

test('a batch is answered in its order, each for itself; the example of the specification', async () => {
  const answer = await ask([one({ id: '1' }), { jsonrpc: '2.0', method: 'n' }, { foo: 'boo' }, 1, one({ id: '9' })]);
  const codes = (answer as { id: unknown; error?: { code: number } }[]).map(({ id, error }) => [id, error?.code ?? 0]);
  assert.deepEqual(codes, [
    ['1', 0],
    [null, -32600],
    [null, -32600],
    ['9', 0],
  ]);
});

test('a batch has a limit, and then nothing of it is carried out', async () => {
  called.length = 0;
  assert.equal(await codeOf(Array.from({ length: mostInBatch + 1 }, () => one())), -32600);
  assert.equal(called.length, 0);
  assert.equal(((await ask(Array.from({ length: mostInBatch }, () => one()))) as unknown[]).length, mostInBatch);
});

test('depth and odd keys are only data', async () => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  assert.equal(await codeOf(`{"jsonrpc":"2.0","method":"m","id":${deep}}`), -32600);
  const odd = await ask('{"jsonrpc":"2.0","method":"__proto__","id":1,"__proto__":{"x":1},"params":{"__proto__":1}}');
  assert.deepEqual(odd, { jsonrpc: '2.0', result: '__proto__', id: 1 });
});

test('a number that does not survive the way through a computer is no id: the answer would belong to another request', async () => {
  called.length = 0;
  for (const id of ['9007199254740993', '12345678901234567890', '1e999', '-1e999']) {
    const answer = (await ask(`{"jsonrpc":"2.0","method":"m","id":${id}}`)) as {
      id: unknown;
      error?: { code: number };
    };
    assert.deepEqual([answer.id, answer.error?.code], [null, -32600], id);
  }
  assert.deepEqual(called, [], 'nothing is carried out of which nobody would hear');
  assert.deepEqual(await ask(one({ id: -9007199254740991 })), { jsonrpc: '2.0', result: 'm', id: -9007199254740991 });
});
