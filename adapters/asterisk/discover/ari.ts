import { hostPort, isLocal } from '../../../src/model/host-port.ts';
import { dialled } from '../../discovery.ts';
import type { ConfFile } from '../conf-file.ts';
import { account, ariUser, opening } from '../wanted-lines.ts';
import { isTrue, type Look, place } from './look.ts';

export interface AriAccess {
  readonly url: string;
  /** null: there is none yet, or it stands there encrypted. */
  readonly password: string | null;
}

/** ARI and the HTTP server it needs. */
export function lookAtAri(look: Look): AriAccess {
  const http = look.read('http.conf');
  const bind = http?.last('general', 'bindaddr') ?? null;
  // COMPAT(Asterisk): without a bindaddr the web server does not run, whatever `enabled` says
  const on = isTrue(http?.last('general', 'enabled') ?? null) && bind !== null;
  const port = Number(http?.last('general', 'bindport')?.value ?? 8088) || 8088;
  const address = on ? (bind?.value ?? '') : '127.0.0.1';
  const at = place(http, 'general', 'enabled');
  if (look.isClosed('http.conf')) return { url: `http://127.0.0.1:${port}`, password: ariAccount(look) };
  look.findings.fact('HTTP server', on ? `on, ${hostPort(address, port)}` : 'off', at);
  if (!on) {
    look.findings.problem(
      'fail',
      'http-disabled',
      "Asterisk's HTTP server, which ARI needs, is switched off",
      look.cure,
      at,
    );
    wantHttp(look, http, port);
  } else if (!isLocal(address)) {
    const fix = 'bindaddr = 127.0.0.1, if no browser phones and no other programs use it from outside; or a firewall';
    look.findings.problem(
      'warn',
      'http-open',
      `the HTTP server listens on ${hostPort(address, port)}, other hosts can reach ARI`,
      fix,
      bind?.at,
    );
  }
  const prefix = http?.last('general', 'prefix') ?? null;
  if (prefix !== null && prefix.value !== '') {
    const fix = 'take the line out: Lamplighter asks at /ari and nowhere else';
    look.findings.problem('fail', 'http-prefix', `the HTTP server has the prefix ${prefix.value}`, fix, prefix.at);
  }
  const host = dialled(address);
  const url = `http://${hostPort(host, port)}`;
  return { url, password: ariAccount(look) };
}

function wantHttp(look: Look, http: ConfFile | null, port: number): void {
  // whatever address stood there: it was off, so nobody used it
  const lines = opening(http, ['enabled = yes', 'bindaddr = 127.0.0.1', `bindport = ${port}`]);
  look.wanted.push({
    file: look.fileFor('http.conf', 'http_custom.conf'),
    why: "switches Asterisk's own HTTP server on, which ARI needs",
    syntax: 'conf',
    before: null,
    create: true,
    lines: () => lines,
  });
}

function ariAccount(look: Look): string | null {
  const conf = look.read('ari.conf');
  if (look.isClosed('ari.conf')) return null;
  // COMPAT(Asterisk): `enabled` of ari.conf is on where nothing is said
  const enabled = conf?.last('general', 'enabled') ?? null;
  const on = conf !== null && (enabled === null || isTrue(enabled));
  const has = conf?.has(account) ?? false;
  look.findings.fact('ARI', on ? 'on' : 'off', enabled?.at ?? null);
  if (!on) look.findings.problem('fail', 'ari-disabled', 'ARI is switched off', look.cure, enabled?.at ?? null);
  const vars = conf?.last('general', 'channelvars') ?? null;
  if (vars !== null && /CHANNEL\s*\(\s*pjsip/i.test(vars.value)) {
    const fix = 'take CHANNEL(pjsip,…) out of channelvars';
    look.findings.problem('fail', 'channelvars', 'this line of ari.conf makes Asterisk hang at a call', fix, vars.at);
  }
  if (has && conf !== null) examineUser(look, conf);
  if (!(on && has)) {
    const general = on && conf?.has('general') ? [] : opening(conf, ['enabled = yes']);
    look.wanted.push({
      file: look.fileFor('ari.conf', 'ari_additional_custom.conf'),
      why: has ? 'switches ARI on' : 'an ARI user; it writes nothing, but its subscriptions count as a write',
      syntax: 'conf',
      before: null,
      create: true,
      lines: ({ ari }) => [...general, ...(has ? [] : ariUser(ari))],
    });
  }
  const format = conf?.last(account, 'password_format')?.value.toLowerCase() ?? 'plain';
  return format === 'plain' ? (conf?.last(account, 'password')?.value ?? null) : null;
}

function examineUser(look: Look, conf: ConfFile): void {
  const at = conf.named(account)[0]?.at ?? null;
  look.findings.fact('ARI user', account, at);
  const readOnly = conf.last(account, 'read_only');
  if (isTrue(readOnly)) {
    const text = `the ARI user ${account} may only read, and may not subscribe`;
    look.findings.problem('fail', 'ari-read-only', text, 'write there: read_only = no', readOnly?.at ?? at);
  }
  const format = conf.last(account, 'password_format');
  if (format !== null && format.value.toLowerCase() !== 'plain') {
    const text = `the password of the ARI user ${account} stands there encrypted`;
    const fix = 'put the password itself into the file that `ari.passwordFile` of the configuration names';
    look.findings.problem('warn', 'ari-crypt', text, fix, format.at);
  }
}
