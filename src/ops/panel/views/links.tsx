import { useSignal } from '@preact/signals';
import { useLoaded } from '../data/loaded.ts';
import { status, typed, whyNot } from '../data/session.ts';
import { ask, isAbsent, wordsFor } from '../link/ask.ts';
import { Findings } from '../parts/findings.tsx';
import { At, Lasting } from '../parts/lasting.tsx';
import { Badge, LoadNote } from '../parts/note.tsx';
import type { Checked, Status, Ways } from '../words/shapes.ts';
import { counted } from '../words/words.ts';

export function LinksView() {
  const now = status.value;
  return (
    <>
      <h1>Health</h1>
      {now === null ? <p class="note">Reading…</p> : <Readiness now={now} />}
      <Checks />
      <WaysBox />
    </>
  );
}

function Readiness({ now }: { readonly now: Status }) {
  return (
    <section class="box" aria-label="Readiness">
      <div class="box-head">
        <h2>PBX links and readiness</h2>
        <Badge level={now.ready ? 'ok' : 'fail'}>{now.ready ? 'ready' : 'not ready'}</Badge>
        <span class="spring" />
        <p class="quiet">
          Lamplighter {now.version}, {now.domains.join(', ')}
        </p>
      </div>
      <div class="scroll">
        <table>
          <caption class="unseen">PBX links</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">State</th>
              <th scope="col">For</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {now.links.map((link) => (
              <tr key={link.source}>
                <th scope="row">{link.source}</th>
                <td>
                  <Badge level={link.state === 'up' ? 'ok' : 'fail'}>
                    {link.state === 'up' ? 'up' : `${link.state}: what is shown is the last truth`}
                  </Badge>
                </td>
                <td class="number">
                  <Lasting since={link.since} />
                </td>
                <td>{link.reason ?? '–'}</td>
              </tr>
            ))}
            {now.checks
              .filter(({ name }) => !name.startsWith('pbx '))
              .map((check) => (
                <tr key={check.name}>
                  <th scope="row">{check.name}</th>
                  <td>
                    <Badge level={check.ok ? 'ok' : 'fail'}>{check.ok ? 'well' : 'failed'}</Badge>
                  </td>
                  <td>–</td>
                  <td>{check.reason ?? '–'}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The daemon's own checks; they probe the PBX, so they run when they are asked for. */
function Checks() {
  const found = useSignal<readonly Checked[] | null>(null);
  const problem = useSignal<string | null>(null);
  const busy = useSignal(false);
  const reason = whyNot('operate');
  const run = async () => {
    if (busy.peek()) return;
    busy.value = true;
    try {
      found.value = await ask<readonly Checked[]>('GET', '/api/v1/checks');
      problem.value = null;
    } catch (error) {
      problem.value = isAbsent(error) ? typed('There are no checks here: run lamplighter doctor.') : wordsFor(error);
    }
    busy.value = false;
  };
  const bad = found.value?.filter(({ level }) => level !== 'ok').length ?? 0;
  return (
    <section class="box" aria-label="Checks">
      <div class="box-head">
        <h2>Checks</h2>
        {found.value !== null && (
          <p class="quiet" role="status">
            {counted(found.value.length, 'check')}, {bad === 0 ? 'all well' : `${bad} to look at`}
          </p>
        )}
        <span class="spring" />
        <button
          type="button"
          class="main"
          disabled={reason !== null}
          title={reason ?? undefined}
          aria-busy={busy.value}
          onClick={() => void run()}
        >
          {busy.value ? 'Checking…' : 'Run the checks'}
        </button>
      </div>
      {reason !== null && <p class="quiet">Running them {reason}.</p>}
      {problem.value !== null && (
        <p class="note" data-level="fail" role="alert">
          {problem}
        </p>
      )}
      {found.value === null && problem.value === null && (
        <p class="quiet">
          They ask the PBX, and try every way by which phones come. What only this host sees,{' '}
          <code>{typed('lamplighter doctor')}</code> adds.
        </p>
      )}
      {found.value !== null && <Findings list={found.value} />}
    </section>
  );
}

function WaysBox() {
  const read = useLoaded<Ways>('/api/v1/ways', 10_000);
  const ways = read.value.value;
  return (
    <section class="box" aria-label="Ways">
      <div class="box-head">
        <h2>By which ways phones come</h2>
        {ways?.engine !== undefined && (
          <Badge level={ways.engine.up ? 'ok' : 'fail'}>
            SIP engine {ways.engine.kind} {ways.engine.up ? 'up' : (ways.engine.reason ?? 'down')}
          </Badge>
        )}
      </div>
      <LoadNote of={read} />
      {ways?.subscriptions !== undefined && <SubscriptionCounts counts={ways.subscriptions} />}
      {ways?.listeners !== undefined && ways.listeners.length > 0 && <Listeners listeners={ways.listeners} />}
      {ways?.upstreams !== undefined && ways.upstreams.length > 0 && (
        <ul class="plain">
          {ways.upstreams.map((one) => (
            <li key={one.uri}>
              Upstream {one.uri}: {one.state} {one.reason ?? ''}
            </li>
          ))}
        </ul>
      )}
      {ways?.sources !== undefined && ways.sources.length > 0 && (
        <p class="quiet">
          Most subscriptions come from{' '}
          {ways.sources
            .slice(0, 5)
            .map(({ address, subscriptions, users }) => `${address} (${subscriptions}, ${counted(users, 'user')})`)
            .join(', ')}
          ; addresses in all: {ways.sourceCount ?? ways.sources.length}.
        </p>
      )}
    </section>
  );
}

function SubscriptionCounts({ counts }: { readonly counts: Readonly<Record<string, number>> }) {
  const { total = 0, unanswered = 0, ...ways } = counts;
  const by = Object.entries(ways).filter(([, count]) => count > 0);
  return (
    <p>
      {counted(total, 'subscription')}
      {by.length > 0 && `: ${by.map(([way, count]) => `${count} ${way}`).join(', ')}`}
      {unanswered > 0 && (
        <>
          {'; '}
          <a href="#/subscriptions?answer=bad">{unanswered} with a last NOTIFY that nobody answered</a>
        </>
      )}
    </p>
  );
}

function Listeners({ listeners }: { readonly listeners: NonNullable<Ways['listeners']> }) {
  return (
    <div class="scroll">
      <table>
        <caption class="unseen">Listeners</caption>
        <thead>
          <tr>
            <th scope="col">Listener</th>
            <th scope="col">Requests since the start</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {listeners.map((one) => {
            const requests = Object.entries(one.requests).filter(([, count]) => count > 0);
            return (
              <tr key={`${one.transport}${one.address}${one.port}`}>
                <th scope="row">
                  {one.transport}:{one.address.includes(':') ? `[${one.address}]` : one.address}:{one.port}
                </th>
                <td>
                  {requests.length === 0
                    ? 'none'
                    : requests.map(([name, count]) => `${name} ${count.toLocaleString('en')}`).join(', ')}
                </td>
                <td class="number">
                  <At iso={one.lastRequestAt} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
