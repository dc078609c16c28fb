import { attempt, status, whyNot } from '../data/session.ts';
import { answer, hangUp, holdOrResume, type OwnCall, ownCalls, place } from '../data/simulator.ts';
import { users } from '../data/world.ts';
import { ActionButton } from '../parts/action.tsx';

const mostKnown = 200;
/** On a phone's screen the extensions come first. */
const isWide = matchMedia('(min-width: 40rem)').matches;

/** The hand on a simulated PBX. */
export function Simulator() {
  const reason = whyNot('operate');
  const domain = `@${status.value?.domain ?? ''}`;
  return (
    <details class="panel-box" open={isWide}>
      <summary>Try it: this PBX is simulated</summary>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const text = (name: string) => String(form.get(name)).trim();
          void attempt(() => place(text('from'), text('to'), text('fromName')));
        }}
      >
        <label class="field">
          From
          <input name="from" list="known" required maxLength={64} defaultValue="1001" autocomplete="off" />
        </label>
        <label class="field">
          Name shown
          <input name="fromName" maxLength={64} autocomplete="off" placeholder="optional" />
        </label>
        <label class="field">
          To
          <input name="to" list="known" required maxLength={64} defaultValue="1002" autocomplete="off" />
        </label>
        <button type="submit" class="main" disabled={reason !== null} title={reason ?? undefined}>
          Call
        </button>
        <datalist id="known">
          {users.value.slice(0, mostKnown).map((aor) => (
            <option key={aor} value={aor.endsWith(domain) ? aor.slice(0, -domain.length) : aor} />
          ))}
        </datalist>
      </form>
      <p class="quiet">
        Enough tried? <a href="#/setup">Connect your own PBX</a>.
      </p>
      <ul class="calls" aria-label="Calls made here">
        {ownCalls.value.map((call) => (
          <Row key={call.id} call={call} />
        ))}
      </ul>
    </details>
  );
}

function Row({ call }: { readonly call: OwnCall }) {
  const between = `${call.from} to ${call.to}`;
  return (
    <li>
      <span>
        {call.from} → {call.to}
      </span>
      {call.answered ? (
        <ActionButton
          needs="operate"
          label={`${call.held ? 'Resume' : 'Hold'}, ${between}`}
          act={() => holdOrResume(call)}
        >
          {call.held ? 'Resume' : `Hold (by ${call.to})`}
        </ActionButton>
      ) : (
        <ActionButton needs="operate" label={`Answer, ${between}`} act={() => answer(call)}>
          Answer
        </ActionButton>
      )}
      <ActionButton needs="operate" label={`Hang up, ${between}`} act={() => hangUp(call)}>
        Hang up
      </ActionButton>
    </li>
  );
}
