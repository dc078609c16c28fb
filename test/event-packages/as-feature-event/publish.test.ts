import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asFeatureEvent } from '../../../src/event-packages/as-feature-event/as-feature-event.ts';
import { parsePublication, parseRequest } from '../../../src/event-packages/as-feature-event/parse.ts';
import { featureNames } from '../../../src/model/feature.ts';
import { requestWith, viewWith } from '../views.ts';

const type = 'application/x-as-feature-event+xml';
const ns = 'http://www.ecma-international.org/standards/ecma-323/csta/ed3';
const document = (name: string, inner: string) =>
  `<?xml version="1.0"?><${name} xmlns="${ns}"><device>x</device>${inner}</${name}>`;

function wishes(body: string, contentType = type) {
  const outcome = parsePublication(Buffer.from(body, 'latin1'), contentType);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  assert.equal(outcome.value.said, null, 'nothing of it stands');
  return outcome.value.wishes;
}

function status(body: string, contentType = type): number | undefined {
  const outcome = parsePublication(Buffer.from(body), contentType);
  assert.ok(!outcome.ok);
  return outcome.refusal.status;
}

const forward = (parts: string) => document('ForwardingEvent', parts);

describe('published feature documents', () => {
  it('are wishes where they are requests', () => {
    assert.deepEqual(wishes(document('SetDoNotDisturb', '<doNotDisturbOn>true</doNotDisturbOn>')), [
      { feature: 'dnd', enabled: true },
    ]);
    const set =
      '<forwardingType>forwardBusy</forwardingType><activateForward>1</activateForward><forwardDN>1002</forwardDN>';
    assert.deepEqual(wishes(document('SetForwarding', set)), [{ feature: 'cfb', enabled: true, target: '1002' }]);
  });

  it('are wishes where they say how things stand, off as well as on', () => {
    for (const enabled of [true, false]) {
      const dnd = document('DoNotDisturbEvent', `<doNotDisturbOn>${enabled}</doNotDisturbOn>`);
      assert.deepEqual(wishes(dnd), [{ feature: 'dnd', enabled }]);
    }
    const noAnswer =
      '<forwardingType>forwardNoAns</forwardingType><forwardStatus>true</forwardStatus><forwardTo>1002</forwardTo><ringCount>4</ringCount>';
    assert.deepEqual(wishes(forward(noAnswer)), [{ feature: 'cfna', enabled: true, target: '1002', ringCount: 4 }]);
    const off =
      '<forwardingType>forwardImmediate</forwardingType><forwardStatus>false</forwardStatus><forwardTo>1002</forwardTo>';
    assert.deepEqual(wishes(forward(off)), [{ feature: 'cfa', enabled: false }]);
  });

  it('that cannot be used wish nothing: no truth value, unknown type, unknown document', () => {
    const broken = '<forwardingType>forwardImmediate</forwardingType><forwardStatus>maybe</forwardStatus>';
    for (const body of [
      document('DoNotDisturbEvent', ''),
      forward(broken),
      forward(broken.replace('Immediate', 'Sideways')),
      document('HotelingEvent', ''),
    ]) {
      assert.deepEqual(wishes(body), []);
    }
  });

  it('that are refused: no body, another type, no XML, too large', () => {
    assert.equal(status(''), 400);
    assert.equal(status(' \r\n\0'), 400);
    assert.equal(status('<x/>', 'text/plain'), 415);
    assert.equal(status('<x'), 400);
    assert.equal(status('<'.repeat(8193)), 413);
  });

  it('that stand in a SUBSCRIBE are wishes only where they are requests', () => {
    const event = document('DoNotDisturbEvent', '<doNotDisturbOn>true</doNotDisturbOn>');
    assert.deepEqual(parseRequest(Buffer.from(event), type), { ok: true, value: { wishes: [], tell: 'full' } });
  });

  it('of ours are read back as what they say, all four in one body', () => {
    const features = {
      dnd: { enabled: true },
      cfa: { enabled: false, target: '1002' },
      cfb: { enabled: true, target: '1003' },
      cfna: { enabled: true, target: '1004', ringCount: 5 },
    };
    const request = requestWith({ contentType: type, profile: { initialNotify: 'multipart' } });
    const [body] = asFeatureEvent.render(viewWith({ features }), request).bodies;
    assert.deepEqual(wishes(body?.content ?? '', body?.contentType ?? ''), [
      { feature: 'dnd', enabled: true },
      { feature: 'cfa', enabled: false },
      { feature: 'cfb', enabled: true, target: '1003' },
      { feature: 'cfna', enabled: true, target: '1004', ringCount: 5 },
    ]);
    assert.equal(featureNames.length, 4);
  });
});
