import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Meters } from '../../src/model/meters.ts';
import type { LinkState } from '../../src/model/pbx-event.ts';
import type { LinkView } from '../../src/model/views.ts';
import type { Hub } from '../../src/state/hub.ts';
import { ChangeLog } from '../../src/wiring/change-log.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

test('a link that stays as it was has no line but at debug, whatever reasons its attempts bring; one that changes has one', () => {
  const logger = new RecordingLogger();
  let told: (link: LinkView) => void = () => undefined;
  const link = (state: LinkState, reason: string | null) => ({ source: 'main', state, reason, since: 0 });
  const hub: Pick<Hub, 'view' | 'links' | 'onChange' | 'onLink'> = {
    view: () => assert.fail('nobody asks'),
    links: () => [link('down', null)],
    onChange: () => () => undefined,
    onLink: (listener) => {
      told = listener;
      return () => undefined;
    },
  };
  new ChangeLog(logger, new Meters({ events: [], pbxs: ['main'] })).watch(hub);
  for (const reason of ['ARI: ECONNREFUSED', 'AMI: ECONNREFUSED', 'ARI: ECONNREFUSED']) told(link('down', reason));
  told(link('stale', 'reading the PBX'));
  told(link('up', null));
  told(link('down', 'AMI: closed'));
  told(link('down', 'AMI: ECONNREFUSED'));
  assert.deepEqual(
    logger.lines.map(({ level, fields }) => [level, (fields as LinkView).reason]),
    [
      ['debug', 'ARI: ECONNREFUSED'],
      ['debug', 'AMI: ECONNREFUSED'],
      ['debug', 'ARI: ECONNREFUSED'],
      ['info', 'reading the PBX'],
      ['info', null],
      ['warn', 'AMI: closed'],
      ['debug', 'AMI: ECONNREFUSED'],
    ],
  );
});
