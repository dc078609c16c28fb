import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Body, EventPackage, RenderRequest, Scope } from '../../src/event-packages/event-package.ts';
import { type FeatureName, featureNames } from '../../src/model/feature.ts';
import type { Published } from '../../src/model/publication.ts';
import type { ResourceView, Topic } from '../../src/model/views.ts';
import { hostileText, renderRequest, resourceView } from '../event-packages/arbitraries.ts';
import { viewWith } from '../event-packages/views.ts';

const token = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
const mediaType = /^[a-z0-9][a-z0-9.+-]*\/[a-z0-9][a-z0-9.+-]*$/;

/** What the notifier relies on, of every event package. Run it from a test file, once for each package. */
export function eventPackageContract(pkg: EventPackage): void {
  const request = renderRequest(pkg.contentTypes, featureNames);
  const runs = { numRuns: 200 };
  const concerns = (topic: Topic, { aor }: ResourceView, aspects: readonly string[]): boolean =>
    pkg.concerns?.({ topic, aor, aspects }) ?? true;

  describe(`event package ${pkg.event}`, () => {
    it('states facts that can stand in headers', () => {
      assert.match(pkg.event, token); // RFC 6665 8.2.1
      assert.ok(pkg.contentTypes.length > 0);
      for (const type of [...pkg.contentTypes, ...(pkg.requestTypes ?? [])]) assert.match(type, mediaType);
      const { min, max } = pkg.expires;
      assert.ok(0 < min && min <= pkg.expires.default && pkg.expires.default <= max);
      assert.ok(min <= 3600); // E65-06
      assert.ok(pkg.reads.length > 0 || pkg.about !== undefined);
      assert.equal(new Set(pkg.reads).size, pkg.reads.length);
      assert.ok(pkg.rate !== 'none' || pkg.leastIntervalMs === undefined);
      assert.ok(pkg.implements.length > 0);
    });

    it('reads bodies, or ignores them, and says which', () => {
      assert.equal(pkg.request === undefined, pkg.maxRequestBytes === 0);
      assert.equal(pkg.request === undefined, pkg.requestTypes === undefined);
    });

    it('renders at least one body, each with a type it named or none at all', () => {
      fc.assert(
        fc.property(resourceView, request, (view, asked) => {
          const { bodies } = pkg.render(view, asked);
          assert.ok(bodies.length > 0);
          for (const body of bodies) {
            assert.equal(body.contentType === null, body.content === '');
            assert.ok([null, asked.contentType, 'multipart/mixed'].includes(typeOf(body)), body.contentType ?? '');
            assert.ok(!/[\r\n]/.test(body.contentType ?? ''));
            assert.doesNotMatch(body.content.replace(/[\r\n]/g, ''), /\p{Cc}|\p{Cs}/u);
          }
        }),
        runs,
      );
    });

    it('is pure: the same arguments give the same bytes, and are left as they are', () => {
      fc.assert(
        fc.property(resourceView, request, (view, asked) => {
          const first = pkg.render(deepFreeze(view), deepFreeze(asked));
          assert.deepEqual(pkg.render(structuredClone(view), structuredClone(asked)), first);
        }),
        runs,
      );
    });

    it('covers the scope with its bodies together, each about something', () => {
      fc.assert(
        fc.property(resourceView, request, (view, asked) => {
          const { bodies } = pkg.render(view, asked);
          for (const { covers } of bodies) assert.ok(covers === 'full' || covers.length > 0);
          const missing = wanted(view, asked.scope).filter((aspect) => !bodies.some((body) => isAbout(body, aspect)));
          assert.deepEqual(missing, []);
        }),
        runs,
      );
    });

    it('says everything in one body when nothing can follow it', () => {
      fc.assert(
        fc.property(resourceView, request, (view, asked) => {
          assert.equal(pkg.render(view, { ...asked, occasion: 'final' }).bodies.length, 1);
        }),
        runs,
      );
    });

    it('never joins aspects in a body without room for it, where the profile lets it choose', () => {
      fc.assert(
        fc.property(resourceView, request, (view, { occasion, ...asked }) => {
          const initialNotify = asked.profile.initialNotify === 'multipart' ? 'auto' : asked.profile.initialNotify;
          const profile = { ...asked.profile, initialNotify };
          const to = { ...asked, profile, occasion: occasion === 'final' ? ('change' as const) : occasion };
          for (const body of pkg.render(view, to).bodies) {
            const joined = typeOf(body) === 'multipart/mixed';
            assert.ok(!joined || (profile.initialNotify === 'auto' && Buffer.byteLength(body.content) <= to.roomBytes));
          }
        }),
        runs,
      );
    });

    it('prints the version of the subscription, consecutive in a run, or none', () => {
      fc.assert(
        fc.property(resourceView, request, (view, asked) => {
          for (const [at, { content }] of pkg.render(view, asked).bodies.entries()) {
            const printed = / version="(\d+)" state=/.exec(content)?.[1];
            if (printed !== undefined) assert.equal(Number(printed), asked.version + at);
          }
        }),
        runs,
      );
    });

    it('says twice what is true twice: what it has shown changes nothing that still stands', () => {
      fc.assert(
        fc.property(resourceView, request, (view, asked) => {
          const once = pkg.render(view, asked);
          const twice = pkg.render(view, { ...asked, shown: once.shown });
          const thrice = pkg.render(view, { ...asked, shown: twice.shown });
          assert.deepEqual(thrice, twice);
          assert.ok(new Set(once.shown).size === once.shown.length);
        }),
        runs,
      );
    });

    it('renders the same before and after a change that it says does not concern it', () => {
      fc.assert(
        fc.property(
          resourceView,
          resourceView,
          fc.constantFrom(...featureNames),
          request,
          (view, other, name, asked) => {
            if (pkg.reads.includes('features') && concerns('features', view, [name])) return;
            const after = { ...view, features: { ...view.features, [name]: other.features[name] } };
            assert.deepEqual(pkg.render(after, asked), pkg.render(view, asked));
          },
        ),
        runs,
      );
    });

    it('renders the same before and after a change of the extension that it says does not concern it', () => {
      const change = fc.constantFrom(
        { known: true },
        { known: false },
        { stale: true },
        { stale: false },
        { displayName: 'Alice' },
        { displayName: null },
      );
      fc.assert(
        fc.property(resourceView, change, request, (view, now, asked) => {
          const concerned = pkg.reads.includes('extension') && concerns('extension', view, Object.keys(now));
          if (!concerned) assert.deepEqual(pkg.render({ ...view, ...now }, asked), pkg.render(view, asked));
        }),
        runs,
      );
    });

    if (pkg.request !== undefined) readsBodies(pkg, pkg.request.bind(pkg));
    if (pkg.publish !== undefined) readsPublications(pkg, pkg.publish.bind(pkg));
  });
}

function readsBodies(pkg: EventPackage, read: NonNullable<EventPackage['request']>): void {
  const types = pkg.requestTypes ?? [];

  it('answers any body with a wish or a status, and never throws', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), hostileText);
    fc.assert(
      fc.property(bytes, fc.constantFrom(...types, 'text/plain', ''), (body, type) => {
        const outcome = read(Buffer.from(body as string), type);
        if (!outcome.ok) {
          const { status = 0, code, message } = outcome.refusal;
          assert.ok(status >= 400 && status < 500 && code !== '' && message !== '');
        } else {
          for (const { feature } of outcome.value.wishes) assert.ok(['agent', ...featureNames].includes(feature));
        }
      }),
    );
  });

  it('takes no body for no wish, and tells everything', () => {
    for (const type of types) {
      assert.deepEqual(read(Buffer.alloc(0), type), { ok: true, value: { wishes: [], tell: 'full' } });
    }
  });

  it('refuses a foreign type with 415 and an oversized body with 413', () => {
    const foreign = read(Buffer.from('<x/>'), 'text/plain');
    assert.ok(!foreign.ok && foreign.refusal.status === 415);
    for (const type of types) {
      const large = read(Buffer.alloc(pkg.maxRequestBytes + 1, '<'), type);
      assert.ok(!large.ok && large.refusal.status === 413);
    }
  });

  it('can render whatever it tells to tell', () => {
    for (const name of featureNames) {
      const asked: RenderRequest = { ...fc.sample(renderRequest(pkg.contentTypes, [name]), 1)[0]!, scope: [name] };
      assert.ok(pkg.render(viewWith(), asked).bodies.some((body) => isAbout(body, name)));
    }
  });
}

/** Largest body of a PUBLISH where a package says nothing. */
const publishBytes = 16_384;

function readsPublications(pkg: EventPackage, read: NonNullable<EventPackage['publish']>): void {
  const types = pkg.publishTypes ?? pkg.contentTypes;
  const { maxPublishBytes = publishBytes } = pkg;

  it('answers the body of any PUBLISH with what it says or a status, whatever was said before, and never throws', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), hostileText);
    const before = fc.constantFrom<Published | null | undefined>(
      undefined,
      null,
      { kind: 'dialogs', dialogs: [] },
      { kind: 'presence', basic: 'open', activities: [], notes: [], dnd: true },
      { kind: 'mailbox', counts: { new: 1, old: 0, newUrgent: 0, oldUrgent: 0 } },
    );
    fc.assert(
      fc.property(bytes, fc.constantFrom(...types, 'text/plain', ''), before, (body, type, said) => {
        const outcome = read(Buffer.from(body as string), type, said);
        if (outcome.ok) assert.deepEqual(JSON.parse(JSON.stringify(outcome.value)), outcome.value, 'it can be stored');
        else {
          const { status = 0, code, message } = outcome.refusal;
          assert.ok(status >= 400 && status < 500 && code !== '' && message !== '');
        }
      }),
    );
  });

  it('refuses a PUBLISH without a document with 400, a foreign type with 415, an oversized body with 413', () => {
    const status = (body: Buffer, type: string): number | undefined => {
      const outcome = read(body, type, null);
      return outcome.ok ? 200 : outcome.refusal.status;
    };
    assert.equal(status(Buffer.from('<x/>'), 'text/plain'), 415);
    for (const type of types) {
      assert.equal(status(Buffer.alloc(0), type), 400);
      assert.equal(status(Buffer.alloc(maxPublishBytes + 1, ' <'), type), 413);
    }
  });

  it('reads what it renders, and takes its own words for no wish that they are not', () => {
    fc.assert(
      fc.property(resourceView, renderRequest(pkg.contentTypes, featureNames), (view, asked) => {
        for (const { contentType, content } of pkg.render(view, asked).bodies) {
          if (contentType !== null) assert.ok(read(Buffer.from(content), contentType, null).ok, content);
        }
      }),
    );
  });
}

function typeOf(body: Body): string | null {
  return body.contentType === null ? null : (body.contentType.split(';')[0] ?? '');
}

/** The aspects that a scope asks for, of this resource. */
function wanted(view: ResourceView, scope: Scope): readonly FeatureName[] {
  const named = scope === 'full' ? [] : featureNames.filter((name) => scope.includes(name));
  return named.length > 0 ? named : featureNames.filter((name) => view.features[name].assigned);
}

function isAbout({ covers }: Body, aspect: string): boolean {
  return covers === 'full' || covers.includes(aspect);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
