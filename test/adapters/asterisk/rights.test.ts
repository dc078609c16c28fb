import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rig, wish } from './rig.ts';

function codeOf(line: { readonly fields: object } | undefined): unknown {
  return line !== undefined && 'code' in line.fields ? line.fields.code : undefined;
}

describe('an account with too few rights', () => {
  test('without the right to write the data base a wish is refused, and the log names the rights', () =>
    rig({ before: ({ ami }) => void ami.denied.add('DBPut') }, async ({ telling, adapter, logger }) => {
      await telling.up();
      const answer = await adapter.setFeature(wish('dnd', true), 2000);
      assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-refused');
      const [line] = logger.lines.filter(({ level }) => level === 'error');
      assert.match(line?.message ?? '', /DBPut.*write = system,call,reporting/);
      assert.equal(codeOf(line), 'pbx-refused');
    }));

  test('without the right to set device states the row counts: granted, told, and the lack is in the log', () =>
    rig({ before: ({ ami }) => void ami.denied.add('Setvar') }, async ({ ami, telling, adapter, logger }) => {
      await telling.up();
      const answer = await adapter.setFeature(wish('dnd', true), 2000);
      assert.deepEqual(answer, { ok: true, value: { enabled: true, target: null, ringCount: null } });
      assert.equal(ami.database.get('DND/1001'), 'YES');
      const lines = logger.lines.filter(({ level }) => level === 'error');
      assert.match(lines[0]?.message ?? '', /Custom:DND1001.*write = system,call,reporting/);
    }));

  test('without the right to list the endpoints the link is stale with the reason, logged once, with the rights', () =>
    rig({ before: ({ ami }) => void ami.denied.add('PJSIPShowEndpoints') }, async ({ telling, logger }) => {
      const stale = () => telling.of('link').filter(({ reason }) => /write = system,call,reporting/.test(reason ?? ''));
      await telling.until(() => stale().length > 0, 'nothing is told');
      const lines = () => logger.lines.filter(({ message }) => /PJSIPShowEndpoints/.test(message));
      assert.equal(lines()[0]?.level, 'error');
      // the second attempt comes within a second and says nothing new
      await new Promise((resolve) => setTimeout(resolve, 1200));
      assert.equal(lines().length, 1);
    }));

  test('an ARI user that may only read is told apart from a PBX that is away', () =>
    rig({ ari: { username: 'reader' } }, async ({ telling, logger }) => {
      await telling.until(() => logger.lines.some(({ level }) => level === 'error'), 'nothing is logged');
      const [line] = logger.lines.filter(({ level }) => level === 'error');
      assert.match(line?.message ?? '', /read_only = no/);
      assert.equal(codeOf(line), 'pbx-refused');
    }));
});
