import type { FeatureName, Wish } from '../../model/feature.ts';
import { granted, type Outcome, refused } from '../../model/outcome.ts';
import { printable } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { featureShape } from '../shapes.ts';
import { result } from './json-rpc.ts';
import { isHookWord, optional, type Params, param, type RpcAsk, type RpcMethod, refusal, wrong } from './method.ts';
import { knownPresentity } from './presentity.ts';

/** As OpenSIPS calls them. */
const features: Readonly<Record<string, FeatureName>> = {
  DoNotDisturb: 'dnd',
  CallForwardingAlways: 'cfa',
  CallForwardingBusy: 'cfb',
  CallForwardingNoAnswer: 'cfna',
};

const mostValues = 8;
const longestValue = 512;

/** OpenSIPS presence_dfks: `set_feature`, once called `dfks_set_feature`. */
export function setFeature(deps: OpsDeps): RpcMethod {
  return {
    name: 'presence_dfks:set_feature',
    aliases: ['dfks_set_feature'],
    role: 'operate',
    about:
      "Sets a feature as a phone's key does, and tells every phone of the user. Without status: tells how it stands.",
    params: [
      param('presentity', 'The user: `sip:1001@pbx.example.com`, `1001@pbx.example.com` or `1001`.'),
      param('feature', 'Which feature.', { enum: Object.keys(features) }),
      optional('status', 'New status, 1 or 0.', { enum: [0, 1, false, true] }),
      optional('route_param', 'A word for your hooks.'),
      optional('values', '`forwardTo/1002`, `ringCount/4`; one, or an array of them.', {
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, maxItems: mostValues }],
      }),
    ],
    run: (params, ask) => run(params, ask, deps),
  };
}

async function run(params: Params, ask: RpcAsk, deps: OpsDeps) {
  const given = params['feature'];
  const name = typeof given === 'string' ? given : '';
  const feature = Object.hasOwn(features, name) ? features[name] : undefined;
  if (feature === undefined) {
    return wrong('unknown-feature', `${printable(name)} is none of ${Object.keys(features).join(', ')}`);
  }
  const status = statusFrom(params['status']);
  if (!status.ok) return wrong(status.refusal.code, status.refusal.message);
  const values = valuesFrom(params['values'], feature);
  if (!values.ok) return wrong(values.refusal.code, values.refusal.message);
  const word = params['route_param'];
  if (word !== undefined && !isHookWord(word)) {
    return wrong('bad-param', 'route_param: expected a short text');
  }
  const found = knownPresentity(params['presentity'], deps);
  if (!found.ok) return found.reply;
  const { aor } = found.view;
  if (status.value === null) {
    if (Object.keys(values.value).length > 0) return wrong('missing-param', 'values need a status');
    await deps.readHooks?.(aor);
    return toldAll(deps, aor, feature, true);
  }
  const wish: Wish = { aor, feature, enabled: status.value, ...values.value, param: word, origin: ask.origin };
  const verdict = await deps.grant(wish);
  if (verdict.refusal !== null) {
    return refusal(verdict.refusal, { feature: featureShape(feature, verdict.state, deps.hub.view(aor)) });
  }
  // A change has told them already, but for what a hook keeps quiet; OpenSIPS tells them whether or not it is one.
  if (verdict.quiet) return result({ ...answerOf(deps, aor, feature), phones: 0 });
  return toldAll(deps, aor, feature, verdict.decision === 'equal');
}

function toldAll(deps: OpsDeps, aor: Wish['aor'], feature: FeatureName, again: boolean) {
  const own = deps.subscriptions.list().filter((one) => one.event === 'as-feature-event' && one.aor === aor);
  if (again) for (const { id } of own) deps.subscriptions.renotify(id);
  return result({ ...answerOf(deps, aor, feature), phones: own.length });
}

function answerOf(deps: OpsDeps, aor: Wish['aor'], feature: FeatureName): object {
  const view = deps.hub.view(aor);
  return {
    presentity: `sip:${aor}`,
    feature: view == null ? null : featureShape(feature, view.features[feature], view),
  };
}

/** null: none given. OpenSIPS takes 7 for 1; whoever writes that means something else. */
function statusFrom(given: unknown): Outcome<boolean | null> {
  if (given === undefined) return granted(null);
  if (given === 1 || given === true || given === '1') return granted(true);
  if (given === 0 || given === false || given === '0') return granted(false);
  return refused('bad-status', 'status: expected 0 or 1');
}

type Values = Pick<Wish, 'target' | 'ringCount'>;

/** `forwardTo/1002`; also with `=`, and with `value/` in front as `$dfks(value/forwardTo)` has it. */
function valuesFrom(given: unknown, feature: FeatureName): Outcome<Values> {
  const items: unknown = given === undefined ? [] : typeof given === 'string' ? [given] : given;
  if (!Array.isArray(items) || items.length > mostValues) {
    return refused('bad-values', `values: expected a text, or up to ${mostValues} of them`);
  }
  const values: { target?: string; ringCount?: number } = {};
  for (const item of items as readonly unknown[]) {
    const [, field, value] = /^(?:value\/)?(\w+)[/=](.+)$/s.exec(typeof item === 'string' ? item : '') ?? [];
    if (field === undefined || value === undefined || value.length > longestValue) {
      return refused('bad-values', 'values: expected forwardTo/NUMBER or ringCount/NUMBER');
    }
    if (field === 'forwardTo' && feature !== 'dnd') values.target = value;
    else if (field === 'ringCount' && feature === 'cfna' && /^(?:[1-9]|1\d|20)$/.test(value)) {
      values.ringCount = Number(value);
    } else
      return refused('bad-values', `values: ${printable(field)} is none of this feature, or not a number it can have`);
  }
  return granted(values);
}
