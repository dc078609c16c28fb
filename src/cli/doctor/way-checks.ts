import { upstreamsOf } from '../../config/inline-schema.ts';
import { broken, fine, many, odd } from '../../model/check.ts';
import { isLoopback } from '../../sip/local-addresses.ts';
import { parseUri } from '../../sip/message/uri.ts';
import { isNative, requestsOf } from './listener-checks.ts';
import type { DaemonCheck, Seen } from './seen.ts';

/** Says which way it is. */
export const way: DaemonCheck = {
  name: 'way',
  look: ({ ways, config }) => {
    const { subscriptions, upstreams, engine, pushRules } = ways;
    const inline = `inline, the rest goes to ${upstreams.map(({ uri }) => uri).join(', else ')}`;
    const kinds = [
      ...(engine.kind === 'drachtio' ? ['drachtio'] : []),
      ...(upstreams.length > 0 ? [inline] : []),
      ...(subscriptions.proxy > 0 ? ['behind a proxy'] : []),
      ...(isNative(config) ? ['native (FreeSWITCH)'] : []),
      ...(pushRules === null ? [] : ['push']),
    ];
    const counts = (['direct', 'inline', 'proxy', 'drachtio'] as const)
      .filter((kind) => subscriptions[kind] > 0)
      .map((kind) => `${subscriptions[kind]} ${kind}`);
    const total = many(subscriptions.total, 'subscription');
    const detail = counts.length === 0 ? total : `${total}: ${counts.join(', ')}`;
    return [fine(`${kinds.length === 0 ? 'sidecar' : kinds.join(' and ')}; ${detail}`)];
  },
};

/** Behind a proxy every phone proves itself through it, or the proxy is believed. */
export const proxyNotTrusted: DaemonCheck = {
  name: 'proxy-not-trusted',
  look: ({ ways: { subscriptions, sources, auth }, config: { sip } }) => {
    const [first] = sources;
    const isBelieved = auth === 'trusted' || sip.identity !== undefined;
    if (subscriptions.proxy === 0 || isBelieved || first === undefined) return [];
    return [
      odd(
        `${many(subscriptions.proxy, 'subscription')} came through a proxy (${first.address}), which is not believed: sip.auth is ${auth}`,
        `where the proxy asks for passwords itself: sip: { identity: { from: [${first.address}] } }, or auth: trusted ` +
          `with trusted: [${first.address}]. Right as it is where phones are to prove themselves here; ` +
          'then a proxy that was restarted over TCP is not connected to again',
      ),
    ];
  },
};

/** Phones that come straight from a trusted network are believed without a password. */
export const trustedPhones: DaemonCheck = {
  name: 'trusted-phones',
  look: ({ ways: { auth, subscriptions, sourceCount }, config: { sip } }) => {
    // with a header that must be there only who has it is believed
    if (sip.identity?.missing === 'refuse') return [];
    const straight = subscriptions.total - subscriptions.proxy;
    if (auth !== 'trusted' || straight === 0 || sourceCount < 2) return [];
    return [
      odd(
        `${many(straight, 'subscription')} came straight from trusted addresses: those phones were not asked for a password`,
        'take the phones out of sip.trusted, and leave the proxy in; or sip.auth: pbx',
      ),
    ];
  },
};

/** The PBX behind. */
export const upstream: DaemonCheck = {
  name: 'upstream',
  look: ({ ways: { upstreams } }) => {
    const isUp = upstreams.some(({ state }) => state === 'up');
    return upstreams.map(({ uri, state, reason }) => {
      const text = `${uri}: ${state === 'unknown' ? 'nothing was sent there yet' : state}`;
      if (state !== 'down') return fine(text);
      const why = `${text}${reason === null ? '' : ` (${reason})`}`;
      const fix =
        'start the PBX, or correct sip.upstream; see that neither its ACL nor its fail2ban shuts this host out';
      return isUp ? odd(why, fix) : broken(why, fix);
    });
  },
};

/** What goes on would come back. */
export const upstreamIsHere: DaemonCheck = {
  name: 'upstream-is-here',
  look: (seen) =>
    upstreamsOf(seen.config.sip)
      .filter((uri) => isHere(uri, seen))
      .map((uri) =>
        broken(
          `sip.upstream ${uri} is Lamplighter itself`,
          'give the PBX another port than Lamplighter, and name that',
        ),
      ),
};

function isHere(text: string, { ways, addresses }: Seen): boolean {
  const uri = parseUri(text);
  if (uri === null) return false;
  const host = uri.host.replace(/^\[(.*)\]$/, '$1');
  const isOwn = isLoopback(host) || addresses.includes(host);
  const transport = /;transport=tcp/i.test(text) ? 'tcp' : 'udp';
  return ways.listeners.some(
    (point) =>
      point.transport === transport &&
      point.port === (uri.port ?? 5060) &&
      (point.address === host || (isOwn && (point.address === '0.0.0.0' || point.address === '::'))),
  );
}

/** Inline, and no phone has registered through us. */
export const nothingLearnt: DaemonCheck = {
  name: 'nothing-learnt',
  look: ({ ways, config: { sip } }) => {
    if (ways.upstreams.length === 0 || ways.phonesLearnt !== 0) return [];
    const came = requestsOf(ways, 'REGISTER');
    if (came === 0) {
      return [
        odd(
          'no phone has registered through Lamplighter: they still go to the PBX',
          "make Lamplighter the phones' outbound proxy, or give it the PBX's port (docs/deploy/inline.md), and restart a phone",
        ),
      ];
    }
    // COMPAT(Asterisk): our address in place of the Contact that was to stay
    const rewritten =
      sip.inline.reach === 'path' ? '; with reach: path an Asterisk endpoint needs rewrite_contact=no, too' : '';
    return [
      broken(
        `${many(came, 'REGISTER')} went through, and the PBX accepted none`,
        "all of them come from this host's address now: look for it in the PBX's ACLs and in its fail2ban (docs/deploy/inline.md), " +
          `and for the reason in its log${rewritten}`,
      ),
    ];
  },
};
