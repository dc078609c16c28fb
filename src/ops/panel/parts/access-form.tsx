import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { attempt, whyNot } from '../data/session.ts';
import { ask } from '../link/ask.ts';
import { accessOf, type FoundPbx, type SetupWritten } from '../words/setup-shapes.ts';
import type { Checked } from '../words/shapes.ts';
import { Findings } from './findings.tsx';

interface Field {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly hint?: string;
  readonly type?: 'number' | 'password';
  readonly optional?: true;
}

const kinds = {
  asterisk: {
    features: { freepbx: 'FreePBX', astdb: 'AstDB of your dialplan' },
    fields: [
      { name: 'amiHost', label: 'AMI host', value: '127.0.0.1' },
      { name: 'amiPort', label: 'AMI port', value: '5038', type: 'number' },
      { name: 'amiUser', label: 'AMI user', value: 'lamplighter' },
      { name: 'amiPassword', label: 'AMI password', type: 'password', optional: true },
      { name: 'ariUrl', label: 'ARI address', value: 'http://127.0.0.1:8088' },
      { name: 'ariUser', label: 'ARI user', value: 'lamplighter' },
      { name: 'ariPassword', label: 'ARI password', type: 'password', optional: true },
    ],
  },
  freeswitch: {
    features: { db: 'mod_db', hash: 'mod_hash', fusionpbx: 'FusionPBX' },
    fields: [
      { name: 'eslHost', label: 'Event socket host', value: '127.0.0.1' },
      { name: 'eslPort', label: 'Event socket port', value: '8021', type: 'number' },
      { name: 'eslUser', label: 'User', hint: 'user@domain; empty: none', optional: true },
      { name: 'eslPassword', label: 'Password', type: 'password', optional: true },
    ],
  },
} as const satisfies Record<FoundPbx['type'], { features: Record<string, string>; fields: readonly Field[] }>;

interface Form {
  /** null: any, by its credentials. */
  readonly pbx: FoundPbx | null;
  readonly fileExists: boolean;
  readonly written: Signal<SetupWritten | null>;
}

/** Credentials for a PBX: tried live, then written. What is typed goes to the daemon and nowhere else. */
export function AccessForm({ pbx, fileExists, written }: Form) {
  const form = useRef<HTMLFormElement>(null);
  const type = useSignal<FoundPbx['type']>(pbx?.type ?? 'asterisk');
  const findings = useSignal<readonly Checked[] | null>(null);
  const busy = useSignal<string | null>(null);
  const reason = whyNot('admin');
  const kind = kinds[type.value];
  const field = (name: string) => String(new FormData(form.current ?? undefined).get(name) ?? '').trim();
  const request = () => ({
    access: accessOf(type.peek(), field),
    domain: field('domain') === '' ? null : field('domain'),
  });
  const run = async (what: string, act: () => Promise<void>) => {
    if (busy.peek() !== null || form.current?.reportValidity() !== true) return;
    busy.value = what;
    await attempt(act);
    busy.value = null;
  };
  const test = () =>
    run('test', async () => {
      findings.value = null;
      findings.value = await ask<readonly Checked[]>('POST', '/api/v1/setup/test', request());
    });
  const write = () =>
    run('write', async () => {
      const replace = new FormData(form.current ?? undefined).has('replace');
      const body = { ...request(), pbx: pbx?.id ?? null, replace };
      written.value = await ask<SetupWritten>('POST', '/api/v1/setup', body);
    });
  return (
    <form
      ref={form}
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void test();
      }}
    >
      <div class="fields">
        {pbx === null && (
          <Labelled label="PBX">
            <select
              value={type.value}
              onChange={(event) => {
                type.value = event.currentTarget.value === 'freeswitch' ? 'freeswitch' : 'asterisk';
              }}
            >
              <option value="asterisk">Asterisk</option>
              <option value="freeswitch">FreeSWITCH</option>
            </select>
          </Labelled>
        )}
        <Labelled label="Where features are kept">
          <select name="features" key={type.value} defaultValue={featuresOf(pbx)}>
            {Object.entries(kind.features).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </Labelled>
        {kind.fields.map((one: Field) => (
          <Labelled key={one.name} label={one.label}>
            {typed(one)}
          </Labelled>
        ))}
        <Labelled label="SIP domain of the phones">
          <input name="domain" maxLength={253} autocomplete="off" placeholder="empty: as found" />
        </Labelled>
      </div>
      {fileExists && (
        <label class="check">
          <input name="replace" type="checkbox" /> Replace the configuration that is there; it is kept as .bak
        </label>
      )}
      <div class="row">
        <button type="submit" class="main" disabled={reason !== null} title={reason ?? undefined}>
          {busy.value === 'test' ? 'Testing…' : 'Test it live'}
        </button>
        <button type="button" disabled={reason !== null} title={reason ?? undefined} onClick={() => void write()}>
          {busy.value === 'write' ? 'Writing…' : 'Write the configuration'}
        </button>
        {reason !== null && <p class="quiet">Both {reason.replace('needs', 'need')}.</p>}
      </div>
      <div role="status">{findings.value !== null && <Findings list={findings.value} />}</div>
    </form>
  );
}

function featuresOf(pbx: FoundPbx | null): string | undefined {
  if (pbx?.flavour === 'freepbx' || pbx?.flavour === 'fusionpbx') return pbx.flavour;
  return pbx?.flavour === 'asterisk' ? 'astdb' : undefined;
}

function Labelled({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the field is among its children
    <label class="field">
      {label}
      {children}
    </label>
  );
}

function typed(one: Field) {
  const common = {
    name: one.name,
    defaultValue: one.value ?? '',
    required: one.optional !== true,
    maxLength: 253,
    autocomplete: 'off',
    placeholder: one.type === 'password' ? 'empty: as set up before' : (one.hint ?? ''),
  };
  if (one.type === 'password') return <input {...common} type="password" />;
  return <input {...common} type="text" inputMode={one.type === 'number' ? 'numeric' : 'text'} />;
}
