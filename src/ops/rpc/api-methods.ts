import { featureNames } from '../../model/feature.ts';
import { result } from './json-rpc.ts';
import { fromHttp, isHookWord, optional, type Params, param, type RpcMethod, type RpcParam, wrong } from './method.ts';

const ext = param('ext', 'The extension: `1001`, or `1001@tenant.example`.');
const feature = param('feature', 'Which feature.', { enum: featureNames });
const id = param('id', 'The subscription.', { type: 'integer' });
const call = param('id', 'The call, as `simulator.call` answered it.');
const by = param('by', 'The extension that does it.');
const boolean = { type: 'boolean' };
const count = { type: 'integer', minimum: 0 };
const word = optional('param', 'A word for your hooks (`route_param` of OpenSIPS).');

/**
 * The API by other names: each method is one of its routes, which judge the parameters and do the work. What is not in the
 * path goes into the query of a GET, else into the body.
 */
export const apiMethods: readonly RpcMethod[] = [
  route('status.get', 'GET /api/v1/status', 'Version, domains, PBX links and whether all is well.'),
  route('extensions.list', 'GET /api/v1/extensions', 'Every extension: calls, features, registration, messages.'),
  route('extensions.get', 'GET /api/v1/extensions/{ext}', 'One extension.', ext),
  route(
    'features.set',
    'PUT /api/v1/extensions/{ext}/features/{feature}',
    'Wishes for a feature as a key of the phone does; answers what the PBX then holds.',
    ext,
    feature,
    param('enabled', 'On or off.', boolean),
    optional('target', 'Where to forward to; without it, the stored one.'),
    optional('ringCount', 'Rings before cfna forwards.', { type: 'integer', minimum: 1, maximum: 20 }),
    word,
  ),
  route(
    'agents.set',
    'PUT /api/v1/extensions/{ext}/agent',
    "Wishes for an agent's state as his phone does; answers what the PBX then holds.",
    ext,
    param('state', 'loggedOff, loggedOn, notReady, ready or workingAfterCall.'),
    optional('reason', 'Why not ready.'),
  ),
  route(
    'mailbox.set',
    'PUT /api/v1/extensions/{ext}/mailbox',
    'Message counts of a user whose PBX has no mailbox for him.',
    ext,
    param('new', 'New messages.', count),
    optional('old', 'Old ones.', count),
    optional('newUrgent', 'New urgent ones.', count),
    optional('oldUrgent', 'Old urgent ones.', count),
    optional('expires', 'For so many seconds; else until they are cleared.', { type: 'integer', minimum: 1 }),
  ),
  route('mailbox.clear', 'DELETE /api/v1/extensions/{ext}/mailbox', 'Forgets those counts.', ext),
  route(
    'phones.checkSync',
    'POST /api/v1/extensions/{ext}/check-sync',
    'Asks the phones of a user to fetch their configuration.',
    ext,
    param('event', '`check-sync`, or another word that phones know.'),
    optional('reboot', 'And to start anew.', boolean),
  ),
  route(
    'phones.watched',
    'GET /api/v1/watched',
    'The phones that Lamplighter itself subscribes to.',
    optional('ext', 'Only of this extension.'),
  ),
  route(
    'phones.list',
    'GET /api/v1/phones',
    'The phones that have registered through Lamplighter.',
    optional('ext', 'Only of this extension.'),
  ),
  route(
    'phones.pushed',
    'GET /api/v1/push',
    'The phones that are told through their PBX.',
    optional('ext', 'Only of this extension.'),
  ),
  route('ways.get', 'GET /api/v1/ways', 'How phones reach Lamplighter, and how many by which way.'),
  route('groups.list', 'GET /api/v1/groups', 'How many phones of each group can take a call.'),
  route('groups.get', 'GET /api/v1/groups/{name}', 'One group.', param('name', 'Its name.')),
  route(
    'subscriptions.list',
    'GET /api/v1/subscriptions',
    'The subscriptions of phones.',
    optional('ext', 'Only those to this extension.'),
  ),
  route('subscriptions.remove', 'DELETE /api/v1/subscriptions/{id}', 'Ends one; its phone subscribes again.', id),
  route('subscriptions.renotify', 'POST /api/v1/subscriptions/{id}/renotify', 'Tells its phone everything again.', id),
  route(
    'publications.list',
    'GET /api/v1/publications',
    'What is published (RFC 3903).',
    optional('ext', 'Only for this extension.'),
  ),
  route(
    'publications.remove',
    'DELETE /api/v1/publications/{id}',
    'Ends one.',
    param('id', 'Which.', { type: 'integer' }),
  ),
  route('profiles.list', 'GET /api/v1/profiles', 'The documents for phones.'),
  route(
    'audit.list',
    'GET /api/v1/audit',
    'Who changed what, newest first.',
    optional('ext', 'Only of this extension.'),
    optional('limit', 'How many, up to 1000; default 100.', { type: 'integer', minimum: 1, maximum: 1000 }),
  ),
  route(
    'simulator.call',
    'POST /api/v1/simulator/call',
    'A simulated PBX: a call begins to ring.',
    param('from', 'Who calls.'),
    param('to', 'Who is called.'),
    optional('fromName', 'The name of who calls.'),
  ),
  route('simulator.answer', 'POST /api/v1/simulator/answer', 'It is answered.', call),
  route('simulator.hold', 'POST /api/v1/simulator/hold', 'It is held.', call, by),
  route('simulator.resume', 'POST /api/v1/simulator/resume', 'It is taken back.', call, by),
  route('simulator.hangup', 'POST /api/v1/simulator/hangup', 'It ends.', call),
  route(
    'simulator.register',
    'POST /api/v1/simulator/register',
    'A phone comes or goes.',
    ext,
    param('registered', 'Whether it is there.', boolean),
  ),
  route(
    'simulator.mailbox',
    'POST /api/v1/simulator/mailbox',
    'Messages wait.',
    ext,
    param('new', 'New ones.', count),
    param('old', 'Old ones.', count),
  ),
];

function route(name: string, place: string, about: string, ...params: readonly RpcParam[]): RpcMethod {
  const [http = '', template = ''] = place.split(' ');
  return {
    name,
    aliases: [],
    about,
    params,
    lists: http === 'GET' && !template.endsWith('}'),
    run: async (given, ask) => {
      const { path, rest } = fill(template, given);
      const { param: said = null, ...body } = rest;
      // None of the bodies has such a field, so it is the word for the hooks.
      if (said !== null && !isHookWord(said)) return wrong('bad-param', 'param: expected a short text');
      const query = http === 'GET' ? queryOf(rest) : '';
      const answer = await ask.api(http, path + query, http === 'GET' ? null : body, said);
      return answer.status < 300 ? result(answer.body ?? true) : fromHttp(answer.status, answer.body);
    },
  };
}

/** Puts parameters where the path names them; answers the others beside it. */
function fill(template: string, given: Params): { readonly path: string; readonly rest: Params } {
  const rest = { ...given };
  const path = template.replace(/\{(\w+)\}/g, (_all, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(segment(value));
  });
  return { path, rest };
}

/** `.` and `..` would lead elsewhere, and an object has no name. */
function segment(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
  return /^\.{0,2}$|\p{Cs}/u.test(text) ? '?' : text;
}

function queryOf(rest: Params): string {
  const pairs = Object.entries(rest).map(([name, value]): [string, string] => [name, segment(value)]);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}
