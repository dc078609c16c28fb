import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Seeded } from '../fuzz/seeded.ts';
import { TenantsRig } from './tenants-rig.ts';

const names: Readonly<Record<string, readonly string[]>> = {
  'north.test': ['north.test', 'NORTH.test', 'north.test.', 'n.test', 'N.Test:5060'],
  'south.test': ['south.test', 'South.TEST.', 's.test', '192.0.2.50', '192.0.2.50:5070'],
  'east.test': ['east.test', 'EAST.test:5061'],
};
const machine = ['127.0.0.1', 'localhost', '127.0.0.1:5070'];
const strangers = ['x.test', 'sub.south.test', 'south.test.x.test', 'xsouth.test', '192.0.2.51', 'test'];
const hosts = [...Object.values(names).flat(), ...machine, ...strangers];
const extensions: Readonly<Record<string, readonly string[]>> = {
  'north.test': ['1001', '1002'],
  'south.test': ['1001', '1002', '3001'],
  'east.test': ['1001', '3001'],
};
const domains = Object.keys(names);

/** The domain that a host names. */
const named = (host: string) => domains.find((domain) => names[domain]?.includes(host)) ?? null;
const meant = (host: string) => named(host) ?? (machine.includes(host) ? 'north.test' : null);

test('whatever hosts, names and passwords are put together: in only with the own, and only into the own domain', async () => {
  const chance = new Seeded(20, 0);
  const one = <T>(list: readonly T[]): T => chance.pick(list);
  /** More often right than not, or nearly nobody would come far. */
  const mostly = <T>(right: T, list: readonly T[]): T => (chance.below(10) < 7 ? right : one(list));
  const rig = await TenantsRig.open();
  const seen = new Map<number, number>();
  try {
    const hand = await rig.hand('tcp');
    for (let round = 0; round < 600; round += 1) {
      const from = one(hosts);
      const domain = meant(from) ?? 'north.test';
      const own = mostly(one(names[domain] ?? []), hosts);
      const user = one(['1001', '1002']);
      const watched = mostly(user, ['1001', '1002', '3001', '4711']);
      const to = mostly(own, hosts);
      const username = mostly(user, [`${user}@${one(domains)}`, `${user}@x.test`, '1001', '1002']);
      const password = mostly(rig.password(user, domain), [rig.password(user, one(domains)), 'x', '']);
      const event = one(['dialog', 'as-feature-event']);
      const claim = {
        user,
        from,
        to,
        uri: `sip:${watched}@${own}`,
        username,
        password,
        event,
        lines: { Expires: '0' },
      };

      const [name, at] = username.split('@');
      const genuine =
        (at === undefined || at === domain) &&
        extensions[domain]?.includes(name ?? '') === true &&
        password === rig.password(name ?? '', domain);
      const place = meant(own);
      const expected = (): number => {
        if (!genuine) return 401;
        if (place === null) return 404;
        if (place !== domain || (named(to) ?? domain) !== domain) return 403;
        if (event === 'as-feature-event' && watched !== name) return 403;
        return extensions[domain]?.includes(watched) ? 200 : 404;
      };
      const { status, realm } = await rig.ask(hand, claim);
      assert.equal(status, expected(), JSON.stringify(claim));
      assert.equal(realm, domain, JSON.stringify(claim));
      seen.set(status, (seen.get(status) ?? 0) + 1);
    }
  } finally {
    await rig.close();
  }
  for (const status of [200, 401, 403, 404]) assert.ok((seen.get(status) ?? 0) > 20, JSON.stringify([...seen]));
});
