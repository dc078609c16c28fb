import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { featureEvents, featureType, setDnd, setForward } from '../support/phone.ts';
import { it, Site, skip } from './scene.ts';

/** A PBX of somebody's own making: other families, other keys, one device state. */
const templates = `features: astdb
    astdb:
      dnd:
        family: quiet
        key: 'phones/{ext}'
        on: '1'
        states: [{ name: 'Custom:QUIET{ext}', on: INUSE, off: NOT_INUSE }]
      cfa: { family: divert, key: '{ext}/all' }
      cfna: { family: divert, key: '{ext}/late' }
      ringTimer: { family: divert, key: '{ext}/seconds' }`;

let site: Site;

before(async () => {
  if (skip === null) site = await Site.open((usual) => usual.replace('features: freepbx', templates));
});
after(() => site?.close());

interface Shown {
  readonly features: Readonly<Record<'dnd' | 'cfa' | 'cfb' | 'cfna', { enabled: boolean; target?: string | null }>>;
}

function shown(ext: string, right: (features: Shown['features']) => boolean): Promise<Shown> {
  return site.daemon.until<Shown>(`/api/v1/extensions/${ext}`, ({ features }) => right(features), 10_000);
}

it('features: astdb writes the rows and states of the templates, and nothing of FreePBX', async () => {
  const desk = await site.desk('1001');
  const keys = await desk.subscribe({ event: 'as-feature-event' });
  await keys.refresh({ body: setDnd(true), contentType: featureType });
  await keys.next((one) => featureEvents(one).some(({ feature, enabled }) => feature === 'dnd' && enabled));
  await keys.refresh({ body: setForward('cfa', true, '1003'), contentType: featureType });
  await keys.next((one) => featureEvents(one).some(({ feature, target }) => feature === 'cfa' && target === '1003'));
  assert.match(await site.lab.cli('database show quiet'), /\/quiet\/phones\/1001\s*: 1\s/);
  assert.match(await site.lab.cli('devstate list'), /Custom:QUIET1001'?[\s\S]*?State: 'INUSE'/);
  assert.match(await site.lab.cli('database show divert'), /\/divert\/1001\/all\s*: 1003/);
  await keys.refresh({ body: setDnd(false), contentType: featureType });
  await keys.next((one) => featureEvents(one).some(({ feature, enabled }) => feature === 'dnd' && !enabled));
  assert.doesNotMatch(await site.lab.cli('database show'), /\/(?:quiet\/phones\/1001|DND\/1001|CF\/1001)\s/);
  assert.match(await site.lab.cli('devstate list'), /Custom:QUIET1001'?[\s\S]*?State: 'NOT_INUSE'/);
  assert.deepEqual(desk.violations, []);
});

it('rows written at the console are seen, whatever is in them, and taken back with their whole family', async () => {
  await site.lab.cli('database put quiet phones/1002 anything');
  await shown('1002', ({ dnd }) => dnd.enabled);
  for (const target of ['1002&SIP/trunk', 'Büro ☎', '<a>&amp;']) {
    await site.lab.cli(`database put divert 1002/all "${target}"`);
    await shown('1002', ({ cfa }) => cfa.target === target);
    // a wish without a target means this one: it is shown, and never written by us
    const answer = await site.daemon.api('/api/v1/extensions/1002/features/cfa', {
      method: 'PUT',
      body: { enabled: true },
    });
    assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
    const off = await site.daemon.api('/api/v1/extensions/1002/features/cfa', {
      method: 'PUT',
      body: { enabled: false },
    });
    assert.equal(off.status, 200);
    const again = await site.daemon.api('/api/v1/extensions/1002/features/cfa', {
      method: 'PUT',
      body: { enabled: true },
    });
    assert.notEqual(again.status, 200, 'a value that is forbidden now is not written back');
    assert.doesNotMatch(await site.lab.cli('database show divert'), /\/divert\/1002\/all/);
  }
  await site.lab.cli('database put divert 1002/late 1004');
  await site.lab.cli('database put divert 1002/seconds 25');
  await site.daemon.until<{ features: { cfna: { enabled: boolean; ringCount: number | null } } }>(
    '/api/v1/extensions/1002',
    ({ features }) => features.cfna.enabled && features.cfna.ringCount === 5,
    10_000,
  );
  await site.lab.cli('database deltree divert');
  await site.lab.cli('database deltree quiet');
  await shown('1002', ({ dnd, cfa, cfna }) => !dnd.enabled && !cfa.enabled && !cfna.enabled);
});

it('a feature without a template is not offered', async () => {
  const { status, body } = await site.daemon.api<{ error: { code: string } }>('/api/v1/extensions/1001/features/cfb', {
    method: 'PUT',
    body: { enabled: true, target: '1003' },
  });
  assert.ok(status >= 400 && status < 500);
  assert.equal(body.error.code, 'not-writable');
});
