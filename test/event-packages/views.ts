import type { RenderRequest } from '../../src/event-packages/event-package.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { Party } from '../../src/model/dialog-state.ts';
import type { FeatureName, FeatureState } from '../../src/model/feature.ts';
import { defaultProfile, type PhoneProfile } from '../../src/model/profile.ts';
import type { DialogView, ResourceView } from '../../src/model/views.ts';

export const alice: Aor = aorOf('1001', 'lamplighter.test');

export function feature(state: Partial<FeatureState> = {}): FeatureState {
  return {
    assigned: true,
    enabled: false,
    target: null,
    ringCount: null,
    rev: 0,
    updatedBy: 'pbx',
    updatedAt: 0,
    ...state,
  };
}

export function viewWith(
  parts: Partial<Omit<ResourceView, 'features'>> & {
    readonly features?: Partial<Record<FeatureName, Partial<FeatureState>>>;
  } = {},
): ResourceView {
  const { features = {}, ...others } = parts;
  return {
    aor: alice,
    displayName: null,
    known: true,
    stale: false,
    contacts: 1,
    dialogs: [],
    mailbox: null,
    ...others,
    features: {
      dnd: feature(features.dnd),
      cfa: feature(features.cfa),
      cfb: feature(features.cfb),
      cfna: feature(features.cfna),
    },
  };
}

export function party(number: string | null, name: string | null = null, presentable = true): Party {
  return { number, name, presentable };
}

export function call(id: string, parts: Partial<DialogView> = {}): DialogView {
  return {
    id,
    phase: 'confirmed',
    direction: 'recipient',
    holding: false,
    remote: party('1002', 'Bob'),
    since: 1_700_000_000_000,
    ...parts,
  };
}

export function requestWith(
  parts: Partial<Omit<RenderRequest, 'profile'>> & { readonly profile?: Partial<PhoneProfile> } = {},
): RenderRequest {
  const { profile = {}, ...others } = parts;
  return {
    entity: 'sip:1001@lamplighter.test',
    contentType: 'application/dialog-info+xml',
    scope: 'full',
    occasion: 'change',
    version: 0,
    shown: [],
    roomBytes: 65_000,
    watcher: null,
    own: false,
    mayPickUp: false,
    boundary: '0123456789abcdef0123456789abcdef',
    params: {},
    watchers: [],
    ...others,
    profile: { ...defaultProfile, ...profile },
  };
}
