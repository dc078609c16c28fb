import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDialog, writeDialog } from '../../src/notifier/dialog-json.ts';
import type { DialogState } from '../../src/sip/dialog.ts';

/** Whatever the grammar lets through: no line break, but quotes, backslashes, and bytes of any alphabet. */
const text = fc
  .uint8Array({ minLength: 1, maxLength: 30 })
  .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\n', '"'));
const person = fc.string({ minLength: 1, unit: 'grapheme' }).filter((drawn) => !drawn.includes('\n'));
const port = fc.nat({ max: 65_535 });
const endpoint = fc.record({ address: text, port });

const dialogs: fc.Arbitrary<DialogState> = fc.record({
  callId: fc.oneof(text, fc.constant('{"a"}')),
  localTag: text.filter((drawn) => !drawn.startsWith('{')),
  remoteTag: fc.oneof(fc.constant(''), text),
  localParty: text,
  remoteParty: text,
  remoteTarget: text,
  routeSet: fc.array(text, { maxLength: 3 }),
  localCseq: fc.constant(7),
  localCseqLimit: fc.constant(7),
  remoteCseq: fc.nat(),
  flow: fc.record({
    transport: fc.constantFrom('udp', 'tcp', 'tls', 'ws', 'wss'),
    local: endpoint,
    remote: endpoint.filter((drawn) => drawn.port > 0),
    connection: fc.oneof(fc.constant(''), text),
  }),
  user: fc.option(person),
  moved: fc.constant(false),
  note: fc.constant(null),
});

test('a stored dialog reads back as it was, from lines and from the JSON of older versions', () => {
  fc.assert(
    fc.property(dialogs, (drawn) => {
      const dialog = structuredClone(drawn); // with the prototypes of plain objects
      assert.deepEqual(readDialog(writeDialog(dialog), 7), dialog);
      assert.deepEqual(readDialog(JSON.stringify(dialog), 7), dialog);
    }),
  );
});
