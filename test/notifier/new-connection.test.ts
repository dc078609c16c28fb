import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DialogState } from '../../src/sip/dialog.ts';
import { alice, newDialog, settle, tcp, World } from './support.ts';

/** A world whose SIP side can connect anew to the peers named. */
function worldOf(addresses: readonly string[], from?: World): World {
  const world = from === undefined ? new World() : new World(from.store);
  const reachable = ({ flow }: DialogState) => addresses.includes(flow.remote.address);
  Object.assign(world.sender, { reachable });
  return world;
}

const proxy = '192.0.2.1';

test('after a restart those behind a proxy that can be connected to are told at once, other streams wait', async () => {
  for (const [addresses, expected] of [
    [[proxy], 1],
    [[], 0],
  ] as const) {
    const first = worldOf(addresses);
    await first.lamp({ dialog: newDialog(tcp('c1')) });
    await first.notifier.stop();
    const second = worldOf(addresses, first);
    second.notifier.restore([...first.store.rows.values()], 10);
    second.notifier.start();
    await second.clock.run(10_000);
    assert.equal(second.sender.take().length, expected);
    await second.notifier.stop();
  }
});

test('while no connection can be had the lamp is tried again after pauses, and told the newest state', async () => {
  const world = worldOf([proxy]);
  await world.lamp({ dialog: newDialog(tcp('c1')), expires: 3600 });
  world.sender.script = () => ({ status: 503, local: true });
  world.state.calls(alice, 'a');
  await settle();
  assert.equal(world.sender.take().length, 1);
  await world.clock.run(29_000, 1000);
  assert.equal(world.sender.take().length, 0, 'no tight loop');
  world.sender.script = () => 200;
  await world.clock.run(2_000, 1000);
  const [again] = world.sender.take();
  assert.ok(again?.message.content.includes('"ids":["a"]'), again?.message.content);
  assert.equal(world.notifier.list().length, 1);
  await world.notifier.stop();
});
