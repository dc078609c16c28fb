import { type Aor, domainOf, userOf } from '../../model/aor.ts';
import { compilePatterns } from '../../model/patterns.ts';
import type { ResourceView, SubscriptionView } from '../../model/views.ts';
import type { Role } from '../access/roles.ts';
import { printable } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { extensionShape } from '../shapes.ts';
import { type RpcReply, result } from './json-rpc.ts';
import { optional, type Params, param, type RpcMethod, type RpcParam, wrong } from './method.ts';
import { knownPresentity } from './presentity.ts';

const longestPattern = 200;

const event = param('event', 'The event package: `dialog`, `as-feature-event` …');

/** What the presence modules of OpenSIPS (MI) and Kamailio (RPC) offer, done with what there is here. */
export function presenceMethods(deps: OpsDeps): readonly RpcMethod[] {
  const refresh = (uri: string) => (params: Params) => renotify(params[uri], params['event'], deps);
  const mode = optional('mode', '`full`: all fields.', { enum: ['full'] });
  const pbxTruth = 'Tells all phones that watch a user in one package everything again.';
  const method = (
    name: string,
    aliases: readonly string[],
    about: string,
    params: readonly RpcParam[],
    run: (params: Params) => RpcReply,
    role: Role,
    lists = false,
  ): RpcMethod => ({ name, aliases, role, about, params, run, lists });
  return [
    method(
      'presence:refresh_watchers',
      ['refresh_watchers', 'refreshWatchers'],
      pbxTruth,
      [
        param('presentity_uri', 'The user.'),
        event,
        optional('refresh_type', 'Means nothing here: they are told the truth whatever changed.', {}),
      ],
      refresh('presentity_uri'),
      'operate',
    ),
    method(
      'presence.refreshWatchers',
      [],
      pbxTruth,
      [
        param('uri', 'The user.'),
        event,
        optional('type', 'Means nothing here.', {}),
        optional('file_uri', 'Means nothing here: there is no XCAP server.'),
        optional('filename', 'Means nothing here.'),
      ],
      refresh('uri'),
      'operate',
    ),
    method('presence.updateWatchers', [], pbxTruth, [param('uri', 'The user.'), event], refresh('uri'), 'operate'),
    method(
      'presence:cleanup',
      ['cleanup', 'presence.cleanup', 'presence.publish_cache_sync'],
      'Nothing to do: what lapses is gone in its second, what is published is on the disk.',
      [],
      () => result('OK'),
      'read',
    ),
    method(
      'presence:phtable_list',
      ['pres_phtable_list', 'presence.presentity_list'],
      'Every user: what is known of him, and how many watch.',
      [mode],
      ({ mode: how }) => {
        const published = publicationsOf(deps.publications.list());
        const known = deps.hub.list().filter((view) => view.known);
        return result(known.map((view) => presentity(view, how, published(view.aor), deps)));
      },
      'read',
      true,
    ),
    method(
      'presence.presentity_show',
      [],
      'One user.',
      [param('uri', 'The user; `full` may stand before or after him.'), mode],
      (params) => {
        const [uri, how] = params['uri'] === 'full' ? [params['mode'], 'full'] : [params['uri'], params['mode']];
        const found = knownPresentity(uri, deps);
        if (!found.ok) return found.reply;
        const { aor } = found.view;
        return result(presentity(found.view, how, deps.publications.list(aor).length, deps));
      },
      'read',
    ),
    method(
      'presence:subs_phtable_list',
      ['subs_phtable_list', 'presence.watcher_list'],
      'The subscriptions, or those whose URIs fit: `*` is any text, `?` any character.',
      [optional('from', 'Who watches.'), optional('to', 'Who is watched.')],
      (params) => subscriptions(params, deps),
      'read',
      true,
    ),
    method(
      'presence:expose',
      ['pres_expose'],
      'Tells the `notify` hook of every user whose URI fits, and answers who they are.',
      [event, optional('filter', 'A regular expression on the URI.')],
      (params) => expose(params, deps),
      'operate',
      true,
    ),
  ];
}

function renotify(uri: unknown, name: unknown, deps: OpsDeps): RpcReply {
  const found = knownPresentity(uri, deps);
  if (!found.ok) return found.reply;
  const { aor } = found.view;
  const told = deps.subscriptions.list().filter((one) => one.aor === aor && one.event === name);
  return result({ phones: told.filter(({ id }) => deps.subscriptions.renotify(id)).length });
}

function publicationsOf(all: readonly { readonly aor: Aor }[]): (aor: Aor) => number {
  const counts = new Map<Aor, number>();
  for (const { aor } of all) counts.set(aor, (counts.get(aor) ?? 0) + 1);
  return (aor) => counts.get(aor) ?? 0;
}

function presentity(view: ResourceView, mode: unknown, published: number, { subscriptions: desk }: OpsDeps): object {
  const watchers = desk.count(view.aor);
  const common = { pres_uri: `sip:${view.aor}`, publs_count: published, watchers };
  return mode === 'full' ? { ...common, state: extensionShape(view, watchers) } : common;
}

function subscriptions({ from, to }: Params, { subscriptions: desk, clock }: OpsDeps): RpcReply {
  const [who, whom] = [wildcard(from), wildcard(to)];
  if (who === null || whom === null) return wrong('bad-wildcard', `expected a text of at most ${longestPattern}`);
  const now = clock.now();
  const fits = ({ watcher, aor }: SubscriptionView) => who(`sip:${watcher ?? ''}`) && whom(`sip:${aor}`);
  return result(
    desk
      .list()
      .filter(fits)
      .map((one) => ({
        id: one.id,
        pres_uri: `sip:${one.aor}`,
        event: one.event,
        event_id: one.eventId,
        expires: Math.max(0, Math.round((one.expiresAt - now) / 1000)),
        to_user: userOf(one.aor),
        to_domain: domainOf(one.aor),
        from_user: one.watcher === null ? null : userOf(one.watcher),
        from_domain: one.watcher === null ? null : domainOf(one.watcher),
        user_agent: one.userAgent,
        received: one.source,
      })),
  );
}

/** Compares without going back more than once, whatever the pattern; the scheme may be missing. null: no pattern. */
function wildcard(given: unknown): ((text: string) => boolean) | null {
  if (given === undefined) return () => true;
  if (typeof given !== 'string' || given.length > longestPattern) return null;
  const pattern = /^sips?:|^\*/i.test(given) ? given : `sip:${given}`;
  return (text) => matches(pattern, text);
}

function matches(pattern: string, text: string): boolean {
  let [at, place, star, kept] = [0, 0, -1, 0];
  while (place < text.length) {
    if (pattern[at] === '*') [star, kept, at] = [at, place, at + 1];
    else if (pattern[at] === '?' || pattern[at] === text[place]) [at, place] = [at + 1, place + 1];
    else if (star < 0) return false;
    else [at, kept, place] = [star + 1, kept + 1, kept + 1];
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

function expose({ filter }: Params, deps: OpsDeps): RpcReply {
  if (filter !== undefined && (typeof filter !== 'string' || filter.length > longestPattern)) {
    return wrong('bad-pattern', `filter: expected a text of at most ${longestPattern}`);
  }
  const compiled = compilePatterns(filter === undefined ? [] : [filter]);
  if (!compiled.ok) return wrong('bad-pattern', printable(compiled.refusal.message, 300));
  const exposed = deps.hub
    .list()
    .filter(({ known, aor }) => known && compiled.value.every((pattern) => pattern.test(`sip:${aor}`)));
  for (const { aor } of exposed) deps.expose?.(aor);
  return result({ exposed: exposed.length, presentities: exposed.map(({ aor }) => `sip:${aor}`) });
}
