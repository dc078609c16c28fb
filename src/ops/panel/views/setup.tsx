import { type Signal, useSignal } from '@preact/signals';
import { useLoaded } from '../data/loaded.ts';
import { status, typed } from '../data/session.ts';
import { AccessForm } from '../parts/access-form.tsx';
import { CopyButton } from '../parts/copy.tsx';
import { Badge, LoadNote } from '../parts/note.tsx';
import {
  type FoundPbx,
  placeOf,
  type SetupProblem,
  type SetupReport,
  type SetupWritten,
} from '../words/setup-shapes.ts';

const flavours: Readonly<Record<string, string>> = {
  asterisk: 'Asterisk',
  freepbx: 'FreePBX (Asterisk)',
  freeswitch: 'FreeSWITCH',
  fusionpbx: 'FusionPBX (FreeSWITCH)',
};

/** The first run: what is on this host, what is missing, and how it comes to be. */
export function SetupView() {
  const read = useLoaded<SetupReport>('/api/v1/setup', 60_000);
  const written = useSignal<SetupWritten | null>(null);
  const report = read.value.value;
  return (
    <>
      <h1>Setup</h1>
      <p class="lead">
        {status.value?.simulator === true &&
          'This is the demo: its PBX is simulated. Here is how Lamplighter comes to yours. '}
        {status.value?.simulator === false &&
          'Lamplighter has a PBX already. What is written here counts from its next start. '}
        The page reads the files of PBXs on this host and writes Lamplighter's own configuration. It changes no file of
        a PBX: that is for root, by <code>{typed('sudo lamplighter setup --apply')}</code> or by hand.
      </p>
      <LoadNote of={read} />
      {written.value !== null && <Written written={written.value} />}
      {report !== null && <Report report={report} again={read.again} written={written} />}
    </>
  );
}

interface Reported {
  readonly report: SetupReport;
  readonly again: () => void;
  readonly written: Signal<SetupWritten | null>;
}

function Report({ report, again, written }: Reported) {
  return (
    <>
      <section class="box" aria-label="This host">
        <div class="box-head">
          <h2>{report.pbxs.length === 0 ? 'No PBX was found on this host' : 'Found on this host'}</h2>
          <span class="spring" />
          <button type="button" onClick={again}>
            Look again
          </button>
        </div>
        <Problems list={report.problems} />
        {report.pbxs.length > 0 && <p class="quiet">Looked in {report.looked.join(', ')}.</p>}
      </section>
      {report.pbxs.map((pbx) => (
        <Found key={pbx.id} pbx={pbx} report={report} written={written} />
      ))}
      <section class="box" aria-label="Another PBX">
        <div class="box-head">
          <h2>{report.pbxs.length === 0 ? 'A PBX elsewhere' : 'Another PBX, or another account'}</h2>
        </div>
        <AccessForm pbx={null} fileExists={report.fileExists} written={written} />
      </section>
    </>
  );
}

function Found(props: { readonly pbx: FoundPbx } & Pick<Reported, 'report' | 'written'>) {
  const { pbx } = props;
  const missing = pbx.problems.length + pbx.edits.length;
  return (
    <section class="box" aria-label={pbx.id}>
      <div class="box-head">
        <h2>
          {flavours[pbx.flavour] ?? pbx.flavour} {pbx.version}
        </h2>
        {pbx.running !== null && (
          <Badge level={pbx.running ? 'ok' : 'warn'}>{pbx.running ? 'runs' : 'does not run'}</Badge>
        )}
        <Badge level={missing === 0 ? 'ok' : 'warn'}>{missing === 0 ? 'all is there' : 'something is missing'}</Badge>
        <span class="spring" />
        <p class="code quiet">{pbx.folder}</p>
      </div>
      <dl class="pairs">
        {pbx.facts.map(({ what, value, at }) => (
          <div key={what + placeOf(at)}>
            <dt>{what}</dt>
            <dd>
              {value} <small class="code quiet">{placeOf(at)}</small>
            </dd>
          </div>
        ))}
      </dl>
      <Problems list={pbx.problems} />
      {pbx.edits.length > 0 && (
        <>
          <h3>Lines to add, as root</h3>
          {pbx.edits.some(({ lines }) => lines.join().includes('[hidden]')) && (
            <p>
              Where <code>[hidden]</code> stands below, the command puts a new password; by hand, choose one, and give
              it again under “Credentials”.
            </p>
          )}
          <Code
            text={typed('sudo lamplighter setup --apply')}
            what="the command"
            before="All of them at once, with a backup:"
          />
          {pbx.edits.map((edit) => (
            <Code
              key={edit.file + edit.why}
              text={edit.lines.join('\n')}
              what={`the lines for ${edit.file}`}
              before={`${edit.file}, ${edit.before === null ? 'at the end' : `before “${edit.before.trim()}”`}: ${edit.why}`}
            />
          ))}
        </>
      )}
      {pbx.reload.length > 0 && (
        <Code text={pbx.reload.join('\n')} what="the commands" before="Then it reads them by:" />
      )}
      <h3>Credentials</h3>
      <AccessForm pbx={pbx} fileExists={props.report.fileExists} written={props.written} />
      {pbx.config !== null && (
        <details>
          <summary>What would be written to {props.report.file}</summary>
          <Code text={pbx.config} what="the configuration" />
        </details>
      )}
    </section>
  );
}

function Problems({ list }: { readonly list: readonly SetupProblem[] }) {
  if (list.length === 0) return null;
  return (
    <ul class="checks">
      {list.map((one) => (
        <li key={one.code + one.text}>
          <Badge level={one.level}>{one.level === 'fail' ? 'fails' : 'look'}</Badge>
          <div>
            {one.text} <small class="code quiet">{placeOf(one.at)}</small>
            <p class="fix">Fix: {typed(fixOf(one))}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Where no PBX was found the command line has options for one elsewhere; who sees this has the form. */
function fixOf({ code, fix }: SetupProblem): string {
  if (code !== 'no-pbx') return fix;
  return 'a PBX on another host: fill in “A PBX elsewhere” below. One on this host with its files at another place: sudo lamplighter setup --folder DIR';
}

function Code(props: { readonly text: string; readonly what: string; readonly before?: string }) {
  return (
    <div class="paste">
      <div class="box-head">
        <p>{props.before}</p>
        <span class="spring" />
        <CopyButton text={props.text} what={props.what} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <pre tabIndex={0}>{props.text}</pre>
    </div>
  );
}

function Written({ written }: { readonly written: SetupWritten }) {
  return (
    <section class="box" aria-label="Written" role="status">
      <div class="box-head">
        <Badge level="ok">written</Badge>
        <p>
          <b class="code">{written.file}</b>
          {written.backup !== null && `; what was there is kept as ${written.backup}`}
        </p>
      </div>
      <ol>
        {written.next.map((step) => (
          <li key={step}>{typed(step)}</li>
        ))}
      </ol>
    </section>
  );
}
