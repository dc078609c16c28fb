import { type Aor, aorOf, domainOf, userOf } from '../model/aor.ts';
import type { Domain } from '../model/domain.ts';
import { granted, type Outcome, type Refusal } from '../model/outcome.ts';
import { compilePatterns } from '../model/patterns.ts';

/** Where a user may forward his calls to. A stolen password plus feature keys is toll fraud without a voice prompt. */
export interface TargetPolicy {
  /** Beat the built-in refusals of external, international, premium, emergency, too long numbers and feature codes. */
  readonly allow: readonly RegExp[];
  /** Beat `allow`. */
  readonly deny: readonly RegExp[];
  /** Other names of each domain, lower case: `sip:1001@alias` is 1001, in that domain and in no other. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Digits a target may have unless an `allow` pattern matches; E.164 has 15. */
  readonly maxDigits: number;
  /** Accept any SIP user name as a target's form. */
  readonly alnum: boolean;
}

const defaultPolicy: TargetPolicy = { allow: [], deny: [], aliases: new Map(), maxDigits: 15, alnum: false };

/** The configuration's strings into a policy; a refusal (`bad-pattern`) names the pattern. */
export function makePolicy(settings: {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly domains?: readonly Domain[];
}): Outcome<TargetPolicy> {
  const allow = compilePatterns(settings.allow ?? []);
  if (!allow.ok) return allow;
  const deny = compilePatterns(settings.deny ?? []);
  if (!deny.ok) return deny;
  const aliases = new Map((settings.domains ?? []).map((one) => [one.name, one.aliases.map((it) => it.toLowerCase())]));
  return granted({ ...defaultPolicy, allow: allow.value, deny: deny.value, aliases });
}

/** What the policy must know of the present. */
export interface Surroundings {
  /** Strictly: a PBX said that it has this extension. */
  readonly isExtension: (aor: Aor) => boolean;
  /** Where calls to this user always go now, or soon will: enabled cfa targets, wishes under way included. */
  readonly forwardsOf: (aor: Aor) => readonly string[];
}

const maxHops = 10;
// Numbers of many countries; a PBX that has one of them as an extension is not hindered.
const emergency = new Set(
  '112 911 999 000 08 15 17 18 110 111 113 115 117 118 119 120 122 133 144 155 158 190 192 193 988 991 993 995 997 998'.split(
    ' ',
  ),
);
const international = /^(?:\+|00|011)/;
const premium = [
  /^1?900\d{7}$/,
  /^0900\d*$/,
  /^(?:\+|00|011)1900\d*$/,
  /^(?:\+|00|011)(?:870|878|881|882|883|979)\d*$/, // satellite, global networks, premium
];

/** Voicemail: `*97` own, `*98<ext>` another's, `vm` on some PBXs. */
export function isVoicemail(target: string, isExtension: (user: string) => boolean): boolean {
  return target === '*97' || target === 'vm' || (target.startsWith('*98') && isExtension(target.slice(3)));
}

/** null: allowed. `target` is normalised. The order is the precedence. */
export function judgeTarget(policy: TargetPolicy, aor: Aor, target: string, around: Surroundings): Refusal | null {
  const isExtension = (user: string) => around.isExtension(aorOf(user, domainOf(aor)));
  if (target === userOf(aor)) return no('self-forward', 'a phone cannot forward to itself');
  if (closesLoop(aor, target, around)) return no('forward-loop', 'the forward would come back in a circle');
  if (policy.deny.some((pattern) => pattern.test(target))) return no('denied', 'a deny pattern forbids this target');
  if (policy.allow.some((pattern) => pattern.test(target))) return null;
  if (isExtension(target) || isVoicemail(target, isExtension)) return null;
  return builtIn(policy, target);
}

/** Everything that is not ours is refused; the codes say why it would be a bad idea to allow it. */
function builtIn(policy: TargetPolicy, target: string): Refusal {
  if (target.replace(/^\+/, '').length > policy.maxDigits) {
    return no('too-long', `a target has at most ${policy.maxDigits} digits`);
  }
  if (/^[*#]/.test(target)) return no('feature-code', 'feature codes are no forward targets');
  if (emergency.has(target)) return no('emergency', 'calls must not be forwarded to emergency services');
  if (premium.some((pattern) => pattern.test(target))) return no('premium', 'premium numbers are not allowed');
  if (international.test(target)) return no('international', 'international numbers are not allowed');
  return no('external-target', 'external numbers are not allowed; an allow pattern in features.policy permits them');
}

/**
 * Follows the enabled unconditional forwards from the target on; a way back to `aor` is a loop, and a chain of more than
 * 10 hops is taken for one. Conditional forwards are not followed: whether they are taken is known only when a call rings.
 */
function closesLoop(aor: Aor, target: string, around: Surroundings): boolean {
  const domain = domainOf(aor);
  let reached: readonly string[] = [target];
  for (let hops = 1; reached.length > 0; hops++) {
    // A circle that does not come back here never ends either: the chain is too long.
    if (hops > maxHops || reached.includes(userOf(aor))) return true;
    reached = [...new Set(reached.flatMap((user) => around.forwardsOf(aorOf(user, domain))))];
  }
  return false;
}

function no(code: string, message: string): Refusal {
  return { code, message };
}
