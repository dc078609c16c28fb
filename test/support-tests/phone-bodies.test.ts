import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { testFile } from '../interop/lab/paths.ts';
import { dialogInfo, featureEvents, lamp, Message, setDnd, setForward } from '../support/phone.ts';

const fixture = (name: string) => Message.parse(readFileSync(testFile('fixtures', 'sip', name)));
const content = (message: Message) => ({ contentType: message.header('Content-Type') ?? '', body: message.text });
const info = (version: number, inner = '') =>
  `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="full" entity="sip:1002@pbx.test">${inner}</dialog-info>`;
const infoType = 'application/dialog-info+xml';

describe('bodies', () => {
  test('features are read from every layout that servers send', () => {
    assert.deepEqual(featureEvents(content(fixture('notify-features-dnd-last.sip'))), [
      { feature: 'cfa', enabled: true, target: '1002' },
      { feature: 'cfb', enabled: false, target: '' },
      { feature: 'cfna', enabled: true, target: '1003', ringCount: 4 },
      { feature: 'dnd', enabled: false },
    ]);
    assert.deepEqual(
      featureEvents(content(fixture('notify-features-dnd-first.sip'))).map(
        ({ feature, enabled }) => `${feature} ${enabled}`,
      ),
      ['dnd true', 'cfa false', 'cfb true', 'cfna false'],
    );
    assert.deepEqual(featureEvents(content(fixture('notify-features-single.sip'))), [
      { feature: 'cfna', enabled: true, target: '1002', ringCount: 3 },
    ]);
    assert.deepEqual(featureEvents({ contentType: '', body: '' }), []);
  });

  test('a feature document without the CSTA namespace is refused, as a Polycom would in its own way', () => {
    assert.throws(() => featureEvents(content(fixture('notify-features-no-namespace.sip'))), /wrong namespace/);
  });

  test('the lamp follows the rule most phones share', () => {
    const lampOf = (name: string) => lamp(dialogInfo(content(fixture(name))));
    assert.equal(lampOf('notify-dialog-ringing.sip'), 'ringing');
    assert.equal(lampOf('notify-dialog-held.sip'), 'held');
    assert.equal(lampOf('notify-dialog-two-calls.sip'), 'ringing');
    assert.equal(lampOf('notify-dialog-idle.sip'), 'off');
    const one = (state: string, direction: string) =>
      lamp(
        dialogInfo({
          contentType: infoType,
          body: info(1, `<dialog id="1" direction="${direction}"><state>${state}</state></dialog>`),
        }),
      );
    assert.equal(one('early', 'initiator'), 'busy');
    assert.equal(one('confirmed', 'recipient'), 'busy');
    assert.equal(one('terminated', 'recipient'), 'off');
  });

  test('a dialog is read with its parties, tags and escaped names', () => {
    const read = dialogInfo(content(fixture('notify-dialog-ringing.sip')));
    assert.deepEqual([read.version, read.state, read.entity], [7, 'full', 'sip:1002@pbx.example.com']);
    assert.deepEqual(read.dialogs, [
      {
        id: 'c1',
        direction: 'recipient',
        state: 'early',
        local: { identity: 'sip:1002@pbx.example.com', display: 'Phone 1002', target: 'sip:1002@pbx.example.com' },
        remote: {
          identity: 'sip:1001@pbx.example.com',
          display: 'Frau <Müller> & Söhne',
          target: 'sip:**1002@pbx.example.com',
        },
        holding: false,
        callId: 'a84b4c76e66710@pbx',
        localTag: '4f2a',
        remoteTag: '9b1c',
      },
    ]);
  });

  test('keys are written in a Polycom’s order', () => {
    const order = [...setForward('cfna', true, '102', 3).matchAll(/<(\w+)>([^<]*)</g)].map(
      ([, name, value]) => `${name}=${value}`,
    );
    assert.deepEqual(order, [
      'device=7659366',
      'activateForward=true',
      'forwardingType=forwardNoAns',
      'forwardDN=102',
      'ringCount=3',
    ]);
    assert.match(setForward('cfa', false), /<forwardDN><\/forwardDN>\r\n<ringCount><\/ringCount>/);
    assert.match(setDnd(false), /<doNotDisturbOn>false<\/doNotDisturbOn>/);
  });
});
