import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventPackageContract } from '../contracts/event-package.ts';
import { alice, call, requestWith, viewWith } from '../event-packages/views.ts';
import { reachable } from './reachable.ts';

// The example of docs/extending/add-an-event-package.md does all that the notifier relies on.
eventPackageContract(reachable);

test('the example of docs/extending says who can be reached, and wakes nobody for what it does not tell', () => {
  const told = (view: Parameters<typeof viewWith>[0]) => {
    const { bodies } = reachable.render(viewWith(view), requestWith({ contentType: 'text/plain' }));
    return bodies.map(({ content }) => content);
  };
  assert.deepEqual(told({ contacts: 2 }), ['Phones: 2\r\nTalking: no\r\n']);
  assert.deepEqual(told({ contacts: 1, dialogs: [call('a')] }), ['Phones: 1\r\nTalking: yes\r\n']);
  const concerns = (aspects: readonly string[]) =>
    reachable.concerns?.({ topic: 'registration', aor: alice, aspects }) ?? true;
  assert.deepEqual([concerns(['contacts']), concerns(['devices'])], [true, false]);
});
