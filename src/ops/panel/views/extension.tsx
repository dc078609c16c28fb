import { useEffect } from 'preact/hooks';
import { useLoaded } from '../data/loaded.ts';
import { status } from '../data/session.ts';
import { changes, featureNews, loaded, named } from '../data/world.ts';
import { AuditTable } from '../parts/audit-table.tsx';
import { Icon } from '../parts/icons.tsx';
import { FeatureKeys } from '../parts/keys.tsx';
import { Ladder } from '../parts/ladder.tsx';
import { At, Lasting, Until } from '../parts/lasting.tsx';
import { Badge, LoadNote } from '../parts/note.tsx';
import { SubscriptionTable } from '../parts/subscription-table.tsx';
import { isKeyLamp, lampOf, lampOfCall, lampText, lampWords } from '../words/lamp.ts';
import { extensionPath } from '../words/route.ts';
import type { AuditRow, Extension, Phone, Subscription } from '../words/shapes.ts';
import { callText, counted, newMessages, placeText, talkText, upright } from '../words/words.ts';

export function ExtensionView({ name }: { readonly name: string }) {
  const found = named(name);
  // An extension that is not there yet may come.
  if (found.length === 0) changes.value;
  const [cell, ...others] = found;
  return (
    <>
      <h1>
        <a href="#/">Extensions</a> / {upright(name)}
      </h1>
      {cell === undefined && (
        <p class="note">{loaded.value ? `The PBX has no extension ${upright(name)}.` : 'Reading the extensions…'}</p>
      )}
      {others.length > 0 && (
        <ul class="plain">
          {found.map((one) => (
            <li key={one.value.aor}>
              <a href={extensionPath(one.value.aor)}>{one.value.aor}</a> {lampText(one.value)}
            </li>
          ))}
        </ul>
      )}
      {cell !== undefined && others.length === 0 && <One extension={cell.value} />}
    </>
  );
}

function One({ extension }: { readonly extension: Extension }) {
  return (
    <>
      <Now extension={extension} />
      <Phones extension={extension} />
      <Subscriptions aor={extension.aor} count={extension.subscriptions} />
      <Audit aor={extension.aor} />
      <Ladder query={`ext=${encodeURIComponent(extension.aor)}`} name={`extension-${extension.ext}`} />
    </>
  );
}

function Now({ extension }: { readonly extension: Extension }) {
  const lamp = lampOf(extension);
  const who = extension.ext + placeText(extension, status.value?.domain ?? '');
  const { mailbox, agent } = extension;
  return (
    <section class="box now" data-lamp={lamp} aria-label="Now">
      <div class="box-head">
        <p class="big">
          <Icon name={lamp} size={22} />
          {lampText(extension, lamp)}
        </p>
        <p>
          {upright(extension.displayName ?? '')} <span class="quiet">{extension.aor}</span>
        </p>
        <span class="spring" />
        {!isKeyLamp(extension) && (
          <Badge level={extension.registered ? 'ok' : 'plain'}>
            {extension.registered ? 'registered' : 'not registered'}
          </Badge>
        )}
        {extension.stale && <Badge level="warn">last known: its PBX is away</Badge>}
        {mailbox !== null && (
          <Badge level="plain" title={`${mailbox.newUrgent} urgent among the new, ${mailbox.oldUrgent} among the old`}>
            {counted(newMessages(extension), 'new message')}, {mailbox.old + mailbox.oldUrgent} old
          </Badge>
        )}
        {agent && (
          <Badge level="plain">
            agent: {agent.state} {agent.reason ?? ''}
          </Badge>
        )}
      </div>
      {isKeyLamp(extension) ? (
        <Behind lamp={extension} />
      ) : (
        <FeatureKeys extension={extension} who={who} reached={true} />
      )}
      {!isKeyLamp(extension) && <Calls extension={extension} />}
    </section>
  );
}

/** Who stands behind a lamp that is no extension, as far as it says so: the one who is parked, those in a room. */
function Behind({ lamp }: { readonly lamp: Extension }) {
  const told = lamp.dialogs.map((call) => talkText(lamp, call)).filter((text) => text !== null);
  return <p class="quiet">{told.length === 0 ? 'A lamp, no extension.' : told.join(', ')}</p>;
}

function Calls({ extension }: { readonly extension: Extension }) {
  if (extension.dialogs.length === 0) return <p class="quiet">No call.</p>;
  return (
    <div class="scroll">
      <table class="stacks">
        <caption class="unseen">Calls</caption>
        <thead>
          <tr>
            <th scope="col">Call</th>
            <th scope="col">State</th>
            <th scope="col">Direction</th>
            <th scope="col">For</th>
            <th scope="col">Id</th>
          </tr>
        </thead>
        <tbody>
          {extension.dialogs.map((call) => (
            <tr key={call.id}>
              <th scope="row">{callText(call)}</th>
              <td data-label="State">{lampWords[lampOfCall(call)]}</td>
              <td data-label="Direction">{call.direction === 'initiator' ? 'outgoing' : 'incoming'}</td>
              <td class="number" data-label="For">
                {call.since === undefined ? '–' : <Lasting since={call.since} />}
              </td>
              <td class="code" data-label="Id">
                {call.id}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A phone that is told, or asked, without a subscription of its own. */
interface Side {
  readonly event: string;
  readonly state: string;
  readonly reason: string | null;
  readonly contact?: string;
}

function Phones({ extension }: { readonly extension: Extension }) {
  const ext = encodeURIComponent(extension.aor);
  const pushed = useLoaded<readonly Side[]>(`/api/v1/push?ext=${ext}`, 10_000).value.value ?? [];
  const watched = useLoaded<readonly Side[]>(`/api/v1/watched?ext=${ext}`, 10_000).value.value ?? [];
  const phones = extension.phones ?? [];
  if (extension.phones === undefined && pushed.length === 0 && watched.length === 0) return null;
  return (
    <section class="box" aria-label="Phones">
      <div class="box-head">
        <h2>Phones</h2>
      </div>
      {extension.phones !== undefined && phones.length === 0 && (
        <p class="note">No phone has registered through Lamplighter.</p>
      )}
      {phones.length > 0 && <PhoneTable phones={phones} />}
      {pushed.map((one) => (
        <p key={one.event}>
          Told through the PBX, {one.event}: {one.state}
          {one.reason !== null && ` (${upright(one.reason)})`}
        </p>
      ))}
      {watched.map((one) => (
        <p key={one.event + one.contact}>
          Asked by Lamplighter, {one.event} at {upright(one.contact ?? '')}: {one.state}
          {one.reason !== null && ` (${upright(one.reason)})`}
        </p>
      ))}
    </section>
  );
}

function PhoneTable({ phones }: { readonly phones: readonly Phone[] }) {
  return (
    <div class="scroll">
      <table class="stacks">
        <caption class="unseen">Phones that registered through Lamplighter</caption>
        <thead>
          <tr>
            <th scope="col">Phone</th>
            <th scope="col">Contact</th>
            <th scope="col">From</th>
            <th scope="col">Since</th>
            <th scope="col">Ends</th>
            <th scope="col">Connection</th>
          </tr>
        </thead>
        <tbody>
          {phones.map((phone) => (
            <tr key={phone.contact}>
              <th scope="row" data-label="Phone">
                {upright(phone.userAgent ?? 'says no name')}
              </th>
              <td data-label="Contact" class="code">
                {upright(phone.contact ?? '–')}
              </td>
              <td data-label="From">{phone.source}</td>
              <td data-label="Since" class="number">
                <At iso={phone.since} />
              </td>
              <td data-label="Ends" class="number">
                <Until iso={phone.expiresAt} />
              </td>
              <td data-label="Connection">
                <Badge level={phone.reachable ? 'ok' : 'fail'}>{phone.reachable ? 'reachable' : 'gone'}</Badge>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Subscriptions({ aor, count }: { readonly aor: string; readonly count: number }) {
  const read = useLoaded<readonly Subscription[]>(`/api/v1/subscriptions?ext=${encodeURIComponent(aor)}`, 5000);
  useEffect(() => read.again(), [count]);
  const rows = read.value.value ?? [];
  return (
    <section class="box" aria-label="Subscriptions">
      <div class="box-head">
        <h2>Who watches</h2>
        <p class="quiet">{counted(rows.length, 'subscription')}</p>
      </div>
      <LoadNote of={read} />
      {read.value.value !== null && rows.length === 0 && <p class="note">Nobody watches this extension.</p>}
      {rows.length > 0 && (
        <SubscriptionTable rows={rows} caption="Subscriptions to it" withExtension={false} again={read.again} />
      )}
    </section>
  );
}

function Audit({ aor }: { readonly aor: string }) {
  const read = useLoaded<readonly AuditRow[]>(`/api/v1/audit?ext=${encodeURIComponent(aor)}&limit=20`, 30_000);
  useEffect(() => read.again(), [featureNews.value]);
  const rows = read.value.value ?? [];
  return (
    <section class="box" aria-label="Audit">
      <div class="box-head">
        <h2>Who changed what</h2>
        {rows.length > 0 && <p class="quiet">the last {rows.length}</p>}
      </div>
      <LoadNote of={read} />
      {read.value.value !== null && rows.length === 0 && <p class="note">Nobody has changed anything yet.</p>}
      {rows.length > 0 && <AuditTable rows={rows} withExtension={false} />}
    </section>
  );
}
