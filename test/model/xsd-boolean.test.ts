import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readXsdBoolean } from '../../src/model/xsd-boolean.ts';

test('a truth of XML Schema is read in any case, and nothing else is one', () => {
  for (const yes of ['true', '1', 'True', ' TRUE\n']) assert.equal(readXsdBoolean(yes), true, yes);
  for (const no of ['false', '0', 'False']) assert.equal(readXsdBoolean(no), false, no);
  for (const neither of ['', 'yes', 'on', '2', null, undefined]) assert.equal(readXsdBoolean(neither), null);
});
