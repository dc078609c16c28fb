import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { it, Site, skip } from './scene.ts';

let site: Site;

before(async () => {
  if (skip !== null) return;
  const watching = "phones: { profiles: [{ name: all, match: '^test-phone/', watch: [presence] }] }";
  site = await Site.open((usual) => usual.replace(/^phones:.*$/m, watching));
});
after(() => site?.close());

interface Row {
  readonly contact: string;
  readonly userAgent: string | null;
  readonly reason: string | null;
}

it('a phone that registers at Asterisk is known by its User-Agent and asked at its contact, after a restart too', async () => {
  const line = await site.line('1001');
  const asked = () => line.trace.filter((message) => /^< SUBSCRIBE sip:1001@/.test(message)).length;
  const refused = (rows: readonly Row[]) => rows.some(({ reason }) => reason === 'SUBSCRIBE was answered 405');
  const [row] = await site.daemon.until<Row[]>('/api/v1/watched?ext=1001', refused, 30_000);
  assert.equal(row?.userAgent, 'test-phone/1.0');
  assert.match(row?.contact ?? '', new RegExp(`^sip:1001@127\\.0\\.0\\.1:${line.port}`));
  assert.equal(asked(), 1);
  // Now the first picture of the PBX has it.
  await site.daemon.stop();
  await site.restartDaemon((usual) =>
    usual.replace(/^phones:.*$/m, "phones: { profiles: [{ name: all, match: '^test-phone/', watch: [presence] }] }"),
  );
  await site.daemon.until<Row[]>('/api/v1/watched?ext=1001', refused, 30_000);
  assert.equal(asked(), 2);
  await line.unregister();
  await site.daemon.until<Row[]>('/api/v1/watched?ext=1001', (rows) => rows.length === 0, 30_000);
});
