import { asFeatureEvent } from '../../src/event-packages/as-feature-event/as-feature-event.ts';
import { dialog } from '../../src/event-packages/dialog/dialog.ts';
import { call, requestWith, viewWith } from '../event-packages/views.ts';
import type { Benchmark } from './benchmark.ts';
import { nanosecondsOf } from './micro.ts';

const idle = viewWith();
const talking = viewWith({ dialogs: [call('a')] });
const busy = viewWith({
  dialogs: ['a', 'b', 'c'].map((id) =>
    call(id, { remote: { number: '1002', name: 'Zoë "Z" <Bee>', presentable: true } }),
  ),
});
const lamp = requestWith({ shown: ['a'] });
const keys = requestWith({ contentType: 'application/x-as-feature-event+xml', occasion: 'initial', own: true });

/** Documents, written in this process by the packages alone. */
export const render: Benchmark = {
  name: 'render',
  about: 'The renderers alone, in the process of the benchmark: warm, median of nine stretches of 50 ms.',
  limitSeconds: 60,
  figures: {
    idle: { title: 'dialog-info, idle', unit: 'µs' },
    talking: { title: 'dialog-info, one call', unit: 'µs' },
    busy: { title: 'dialog-info, three calls with names to escape', unit: 'µs' },
    features: { title: 'as-feature-event, all features', unit: 'µs' },
  },
  run: async () => ({
    idle: nanosecondsOf(() => dialog.render(idle, lamp)) / 1000,
    talking: nanosecondsOf(() => dialog.render(talking, lamp)) / 1000,
    busy: nanosecondsOf(() => dialog.render(busy, lamp)) / 1000,
    features: nanosecondsOf(() => asFeatureEvent.render(idle, keys)) / 1000,
  }),
};
