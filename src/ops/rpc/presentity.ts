import type { ResourceView } from '../../model/views.ts';
import { printable } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { aorNamed } from '../extension-name.ts';
import type { RpcReply } from './json-rpc.ts';
import { fromHttp, refusal, wrong } from './method.ts';

type Found = { readonly ok: true; readonly view: ResourceView } | { readonly ok: false; readonly reply: RpcReply };

/** Whom a URI means: `sip:1001@pbx.example.com`, with parameters or in `<>`; the scheme and the host may be missing. */
export function knownPresentity(given: unknown, deps: Pick<OpsDeps, 'hub' | 'domains'>): Found {
  if (typeof given !== 'string') return { ok: false, reply: wrong('bad-presentity', 'expected the URI of a user') };
  const bare = given
    .trim()
    .replace(/^<(.*)>$/, '$1')
    .replace(/^sips?:/i, '')
    .replace(/[;?].*$/s, '')
    .replace(/:\d{1,5}$/, '');
  const aor = aorNamed(bare, deps);
  if (!aor.ok) return { ok: false, reply: refusal(aor.refusal) };
  const view = deps.hub.view(aor.value);
  if (view?.known) return { ok: true, view };
  const error = { code: 'unknown-extension', message: `the PBX has no extension ${printable(given)}` };
  return { ok: false, reply: fromHttp(404, { error }) };
}
