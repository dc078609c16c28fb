import assert from 'node:assert/strict';
import test from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import { Fault } from '../../src/model/errors.ts';
import type { Published } from '../../src/model/publication.ts';
import type { PublicationView } from '../../src/model/views.ts';
import { depsOf, domain, fakes, running } from './fake-deps.ts';

const alice = aorOf('1001', domain);

function publication(id: number, said: Published | null, more: Partial<PublicationView> = {}): PublicationView {
  return {
    id,
    aor: alice,
    event: 'dialog',
    publisher: alice,
    said,
    createdAt: 1_700_000_000_000,
    expiresAt: 1_700_000_060_000,
    source: 'udp:192.0.2.1:5060',
    userAgent: 'x',
    ...more,
  };
}

test('publications are listed with what they say; who withholds his identity is not named', () =>
  running(async (at) => {
    const remote = { number: '0316', name: 'Carol', presentable: false };
    const call = { id: 'a', phase: 'early', direction: 'recipient', holding: false, remote, since: 0 } as const;
    at.publications.push(
      publication(1, { kind: 'dialogs', dialogs: [call, { ...call, remote: { ...remote, presentable: true } }] }),
      publication(2, { kind: 'presence', basic: 'open', activities: ['busy'], notes: ['x'.repeat(999)] }),
      publication(3, null, { aor: aorOf('1002', domain), publisher: null, expiresAt: null }),
    );
    const [calls, presence, bare] = (await (await fetch(`${at.url}/api/v1/publications`)).json()) as {
      says: { dialogs: { remote: object }[]; presence: { notes: string[] } };
      publisher: string;
      expiresAt: string | null;
      createdAt: string;
    }[];
    assert.deepEqual(
      calls?.says.dialogs.map((each) => each.remote),
      [
        { number: null, name: null },
        { number: '0316', name: 'Carol' },
      ],
    );
    assert.equal(calls?.createdAt, '2023-11-14T22:13:20.000Z');
    assert.equal(presence?.says.presence.notes[0]?.length, 257);
    assert.deepEqual([bare?.publisher, bare?.says, bare?.expiresAt], ['api', null, null]);
    const some = (await (await fetch(`${at.url}/api/v1/publications?ext=1002`)).json()) as { id: number }[];
    assert.deepEqual(
      some.map(({ id }) => id),
      [3],
    );
    for (const id of ['9', 'x', '-1', '1e3']) {
      assert.equal((await fetch(`${at.url}/api/v1/publications/${id}`, { method: 'DELETE' })).status, 404, id);
    }
    assert.equal((await fetch(`${at.url}/api/v1/publications/1`, { method: 'DELETE' })).status, 204);
  }));

test('message counts that the disk does not take are 503 with the code of the fault', () => {
  const full = async () => {
    throw new Fault('store-full', 'no space');
  };
  const usual = depsOf(fakes()).publications;
  const publications = { ...usual, setMailbox: full, clearMailbox: full, remove: full };
  return running(
    async (at) => {
      for (const [method, path, body] of [
        ['PUT', 'extensions/1001/mailbox', '{"new":1}'],
        ['DELETE', 'extensions/1001/mailbox', null],
        ['DELETE', 'publications/1', null],
      ] as const) {
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(`${at.url}/api/v1/${path}`, { method, headers, body });
        const { error } = (await answer.json()) as { error: { code: string } };
        assert.deepEqual([answer.status, error.code], [503, 'store-full'], path);
      }
    },
    { publications },
  );
});
