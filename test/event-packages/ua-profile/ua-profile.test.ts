import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RenderRequest } from '../../../src/event-packages/event-package.ts';
import { uaProfile, uaProfileWith } from '../../../src/event-packages/ua-profile/ua-profile.ts';
import { aorOf } from '../../../src/model/aor.ts';
import type { ProfileShelf } from '../../../src/model/profile-document.ts';
import { eventPackageContract } from '../../contracts/event-package.ts';
import { hostileText } from '../arbitraries.ts';
import { requestWith, viewWith } from '../views.ts';
import { document, shelf } from './documents.ts';

eventPackageContract(uaProfile);

const domain = 'lamplighter.test';
const alice = aorOf('1001', domain);
const bob = aorOf('1002', domain);
const device = aorOf('MAC:001565112233', domain);
const yealink = { 'profile-type': 'device', vendor: 'Yealink', model: 'SIP-T54W', version: '96.85.0.5' };

interface Told {
  readonly type: string | null;
  readonly content: string;
  readonly effectiveBy: string | undefined;
  readonly shown: readonly string[];
}

/** What a phone of Alice is sent; null: nothing. */
function told(profiles: ProfileShelf | undefined, parts: Partial<RenderRequest> = {}, aor = device): Told | null {
  const request = requestWith({ contentType: '*/*', watcher: alice, params: yealink, occasion: 'initial' });
  const { bodies, shown } = uaProfile.render(viewWith({ aor, profiles }), { ...request, ...parts });
  const [body, ...others] = bodies;
  assert.deepEqual(others, []);
  if (body === undefined) return null;
  return { type: body.contentType, content: body.content, effectiveBy: body.eventParams?.['effective-by'], shown };
}

function admitted(profiles: ProfileShelf | undefined, parts: object = {}, aor = device): string | number | undefined {
  const intent = { watcher: alice, own: false, accept: null, params: yealink, ...parts };
  const outcome = uaProfile.admits?.(viewWith({ aor, profiles }), intent);
  return outcome?.ok ? outcome.value : outcome?.refusal.status;
}

describe('the document of a phone', () => {
  const models = new Map(
    ['yealink', 'yealink/sip-t54w', 'yealink/sip-t54w/96.85.0.5', 'snom'].map((name) => [
      name,
      document({ kind: 'model', name, content: `for ${name}`, etag: name }),
    ]),
  );

  it('U60-01: is its own, else that of its version, its model, its make, else none', () => {
    assert.equal(told(shelf({ models, device: document() }))?.content, 'account.1.enable = 1\n');
    const lean = new Map(models);
    for (const name of ['yealink/sip-t54w/96.85.0.5', 'yealink/sip-t54w', 'yealink']) {
      assert.equal(told(shelf({ models: lean }))?.content, `for ${name}`);
      lean.delete(name);
    }
    assert.deepEqual(told(shelf({ models: lean })), {
      type: null,
      content: '',
      effectiveBy: undefined,
      shown: ['nothing'],
    });
    assert.equal(told(undefined)?.type, null);
  });

  it('COMPAT(AudioCodes): is what profile-type=application gets, too; a device that names no type gets it', () => {
    for (const type of ['application', 'DEVICE', undefined]) {
      const { 'profile-type': _, ...rest } = yealink;
      const params = type === undefined ? rest : { ...rest, 'profile-type': type };
      assert.equal(told(shelf({ models }), { params })?.content, 'for yealink/sip-t54w/96.85.0.5', type);
    }
  });

  it('is of the type it has, with its parameters, and says by when it counts', () => {
    const xml = document({ contentType: 'application/x-yealink;charset=utf-8', effectiveBy: 0 });
    const one = told(shelf({ device: xml }));
    assert.deepEqual([one?.type, one?.effectiveBy], ['application/x-yealink;charset=utf-8', '0']);
    const delivery = { url: null, prefer: 'document', effectiveBy: 600 } as const;
    assert.equal(told(shelf({ device: document(), delivery }))?.effectiveBy, '600');
    assert.equal(told(shelf({ device: xml, delivery }))?.effectiveBy, '0', 'its own word counts more');
    assert.equal(told(shelf({ device: document() }))?.effectiveBy, undefined);
  });
});

describe('who may have it', () => {
  it("U60-01: a user's profile is for that user alone, document or not", () => {
    const user = document({ kind: 'user', name: '1001', readers: 'everybody' });
    const params = { 'profile-type': 'user' };
    const profiles = shelf({ user, deviceName: null });
    assert.equal(admitted(profiles, { params, own: true }, alice), '*/*');
    for (const one of [profiles, shelf({ deviceName: null }), undefined]) {
      assert.equal(admitted(one, { params, watcher: bob }, alice), 403);
      assert.equal(admitted(one, { params, watcher: null }, alice), 403);
      assert.equal(told(one, { params, watcher: bob }, alice)?.content, '');
    }
    assert.equal(told(profiles, { params, own: true }, alice)?.content, user.content);
  });

  it('U60-01: that of a device is for the users it names, and hides what is for all', () => {
    const profiles = shelf({
      device: document({ readers: [alice] }),
      models: new Map([['yealink', document({ kind: 'model', name: 'yealink' })]]),
    });
    assert.equal(admitted(profiles), '*/*');
    for (const watcher of [bob, aorOf('1001', 'other.test'), null]) {
      assert.equal(admitted(profiles, { watcher }), 403);
      assert.deepEqual(told(profiles, { watcher })?.content, '');
    }
    assert.equal(admitted(shelf({ device: document({ readers: [] }) })), 403, 'nobody is nobody');
  });

  it('one for everybody is for the users of its domain, and for phones of trusted networks that have no name', () => {
    const profiles = shelf({ device: document() });
    for (const watcher of [bob, null]) assert.equal(admitted(profiles, { watcher }), '*/*');
    assert.equal(admitted(profiles, { watcher: aorOf('1001', 'other.test') }), 403);
  });

  it('loses it when the owners change, though the subscription goes on', () => {
    assert.equal(
      told(shelf({ device: document({ readers: [bob], etag: 'e2' }) }), { occasion: 'change', shown: ['document e1'] })
        ?.type,
      null,
    );
  });

  it('a type that nobody knows is refused', () => {
    assert.equal(admitted(shelf(), { params: { 'profile-type': 'presence' } }), 489);
  });
});

describe('how it is brought', () => {
  const delivery = {
    url: 'https://prov.test/{vendor}/{model}/{mac}.cfg',
    prefer: 'document',
    effectiveBy: null,
  } as const;
  const where = 'https://prov.test/Yealink/SIP-T54W/001565112233.cfg';

  it('U60-01: as a URL to phones that take nothing else, in the form they take', () => {
    const profiles = shelf({ delivery, device: document() });
    const url = told(profiles, { contentType: 'application/url' });
    assert.deepEqual([url?.type, url?.content], ['application/url', where]);
    const external = told(profiles, { contentType: 'message/external-body, text/html' });
    assert.equal(external?.type, `message/external-body; access-type="URL"; URL="${where}"`);
    assert.equal(external?.content, `Content-Type: text/plain\r\nContent-ID: <e1@${domain}>\r\n\r\n`);
    assert.equal(told(profiles, { contentType: 'application/url, text/plain' })?.type, 'text/plain');
  });

  it('as a URL first where the admin prefers it, and without any document', () => {
    const profiles = shelf({ delivery: { ...delivery, prefer: 'url' }, device: document() });
    assert.equal(told(profiles)?.content, where);
    assert.equal(told(profiles, { contentType: 'text/*' })?.type, 'text/plain');
    assert.equal(told(shelf({ delivery }))?.content, where);
    assert.equal(told(shelf({ delivery }), { contentType: 'text/html' })?.type, null);
  });

  it('as a URL where the document does not fit the transport', () => {
    const large = shelf({ delivery, device: document({ content: 'x'.repeat(2000) }) });
    assert.equal(told(large, { roomBytes: 900 })?.content, where);
    assert.equal(told(large, { roomBytes: 2000 })?.type, 'text/plain');
    assert.equal(
      told(shelf({ device: document({ content: 'x'.repeat(2000) }) }), { roomBytes: 900 })?.type,
      'text/plain',
    );
  });

  it('by a document that is itself a URL', () => {
    const link = (content: string) => shelf({ device: document({ contentType: 'application/url', content }) });
    assert.equal(
      told(link('http://prov.test/a\n'), { contentType: 'message/external-body' })?.type,
      'message/external-body; access-type="URL"; URL="http://prov.test/a"',
    );
    assert.equal(told(link('http://prov.test/"\r\nX: y'), { contentType: 'message/external-body' })?.type, null);
  });

  it('U60-01: a phone that takes neither the document nor a URL is refused with 406; one that says nothing takes all', () => {
    const profiles = shelf({ device: document() });
    assert.equal(admitted(profiles, { accept: ['text/html', 'application/url'] }), 406);
    assert.equal(admitted(profiles, { accept: [] }), 406);
    assert.equal(admitted(profiles, { accept: ['text/*'] }), 'text/*');
    assert.equal(
      admitted(profiles, { accept: ['*/*', 'text/plain;q=0'] }),
      406,
      'RFC 2616 14.1: the narrowest decides',
    );
    assert.equal(admitted(shelf(), { accept: ['text/plain;q=0'] }), 406, 'nothing is wanted');
    assert.equal(admitted(profiles, { accept: null }), '*/*');
    assert.equal(admitted(shelf(), { accept: ['text/html'] }), 'text/html', 'there may be one tomorrow');
  });

  it("whatever a phone says of itself, the URL is the admin's and nothing opens a line or a quote", () => {
    const profiles = shelf({ delivery: { ...delivery, url: 'https://prov.test/{vendor}/{model}-{version}/{name}' } });
    fc.assert(
      fc.property(
        hostileText,
        hostileText,
        fc.constantFrom('..', '"', '\r\nX: y', '/../', '?a=b', '#', '@evil.test'),
        (a, b, evil) => {
          const params = { vendor: `${evil}${a}`, model: evil, version: `${b}${evil}` };
          for (const contentType of ['application/url', 'message/external-body']) {
            const one = told(profiles, { contentType, params });
            const url =
              contentType === 'application/url'
                ? (one?.content ?? '')
                : (/URL="([^"]*)"$/.exec(one?.type ?? '')?.[1] ?? '');
            if (one?.type === null) continue;
            const { origin, pathname, search, hash } = new URL(url);
            assert.deepEqual([origin, search, hash], ['https://prov.test', '', '']);
            assert.equal(pathname.split('/').length, 4);
            assert.equal(new URL(url).href, url, 'no part of it is dissolved');
            assert.match(url, /^[\x21\x23-\x5b\x5d\x5f-\x7e]+$/);
          }
        },
      ),
    );
  });
});

describe('changes', () => {
  it('what a phone has been shown is not sent again by a change of something else', () => {
    const profiles = shelf({ device: document() });
    const first = told(profiles);
    assert.deepEqual(first?.shown, ['document e1']);
    const change = { occasion: 'change', shown: first?.shown ?? [] } as const;
    assert.equal(told(profiles, change), null);
    assert.equal(told(shelf({ device: document({ etag: 'e2' }) }), change)?.type, 'text/plain');
    assert.equal(told(shelf(), change)?.type, null, 'that it is gone is news');
    assert.equal(
      told(profiles, { ...change, occasion: 'initial' })?.type,
      'text/plain',
      'a SUBSCRIBE is always answered',
    );
    assert.equal(
      told(profiles, { ...change, shown: ['document e1', 'document e0'] })?.type,
      'text/plain',
      'nobody knows which it has',
    );
  });

  it("has the interval of the RFC, or the admin's", () => {
    assert.equal(uaProfile.expires.default, 86_400);
    assert.deepEqual({ ...uaProfileWith(() => 3600).expires }, { min: 60, default: 3600, max: 86_400 });
  });
});
