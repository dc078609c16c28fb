import { type ReadonlySignal, signal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useLoaded } from '../data/loaded.ts';
import { keepQuery, query } from '../data/place.ts';
import { status } from '../data/session.ts';
import { cellOf, changes, loaded, order, users } from '../data/world.ts';
import { type Filter, fits, read, type StateFilter, stateFilters, stateFilterWords } from '../words/filter.ts';
import { isKeyLamp } from '../words/lamp.ts';
import type { Group } from '../words/shapes.ts';
import { emptyText, shownText } from '../words/words.ts';
import { Card } from './card.tsx';
import { Simulator } from './simulator.tsx';

const atOnce = 120;

/** Which card the Tab key leads to; it stays when somebody comes back from another view. */
const active = signal<string | null>(null);

export function GridView() {
  const group = query.value.get('group');
  const members = useMembers(group);
  const filter = useComputed<Filter>(() => {
    const state = query.value.get('state');
    return {
      search: query.value.get('find')?.trim() ?? '',
      state: stateFilters.find((one) => one === state) ?? null,
      domain: query.value.get('domain'),
      members: members.value,
    };
  });
  const shown = useShown(filter);
  const reached = useComputed(() =>
    active.value !== null && shown.value.includes(active.value) ? active.value : (shown.value[0] ?? null),
  );
  const drawn = useGrowing(shown.value, query.value.toString());
  const filtered = filter.value.search !== '' || filter.value.state !== null || group !== null;
  return (
    <>
      <h1 class="unseen">Extensions</h1>
      <Tools shown={shown} />
      {status.value?.simulator === true && <Simulator />}
      <p class="unseen" id="grid-help">
        Arrow keys move between extensions, Tab through the keys of one.
      </p>
      <ul
        class="grid"
        aria-label="Extensions"
        aria-describedby="grid-help"
        onKeyDown={walk}
        onFocusIn={(event) => {
          active.value = (event.target as Element).closest('li')?.dataset['aor'] ?? active.value;
        }}
      >
        {drawn.map((aor) => (
          <Card key={aor} aor={aor} active={reached} />
        ))}
      </ul>
      {shown.value.length === 0 && (
        <p class="note">{loaded.value ? emptyText(users.value.length, filtered) : 'Reading the extensions…'}</p>
      )}
    </>
  );
}

/** AORs that fit, in order; the same array as long as they are the same. */
function useShown(filter: ReadonlySignal<Filter>): ReadonlySignal<readonly string[]> {
  const last = useRef<readonly string[]>([]);
  return useComputed(() => {
    changes.value;
    const wanted = filter.value;
    const next = order.value.filter((aor) => {
      const extension = cellOf(aor)?.peek();
      return extension !== undefined && fits(extension, wanted);
    });
    const equal = next.length === last.current.length && next.every((aor, index) => aor === last.current[index]);
    if (!equal) last.current = next;
    return last.current;
  });
}

/** At first as many as a screen has, then more with each frame: a thousand at once would be felt as a pause. */
function useGrowing(all: readonly string[], choice: string): readonly string[] {
  const limit = useSignal(atOnce);
  const before = useRef(choice);
  if (before.current !== choice) limit.value = atOnce;
  before.current = choice;
  const more = limit.value < all.length;
  useEffect(() => {
    if (!more) return;
    const frame = requestAnimationFrame(() => {
      limit.value += atOnce;
    });
    return () => cancelAnimationFrame(frame);
  }, [more, limit.value]);
  return more ? all.slice(0, limit.value) : all;
}

/** Who is in a group; null: none is chosen, or the server does not tell. */
function useMembers(group: string | null): ReadonlySignal<ReadonlySet<string> | null> {
  const { value } = useLoaded<Group>(group === null ? null : `/api/v1/groups/${encodeURIComponent(group)}`, 60_000);
  return useComputed(() => (value.value?.members === undefined ? null : new Set(value.value.members)));
}

function Tools({ shown }: { readonly shown: ReadonlySignal<readonly string[]> }) {
  const groups = useLoaded<readonly Group[]>('/api/v1/groups', 60_000).value.value ?? [];
  const domains = status.value?.domains ?? [];
  return (
    <div class="tools">
      <Search />
      <States />
      {domains.length > 1 && <Choice name="domain" all="all domains" values={domains} />}
      {groups.length > 0 && <Choice name="group" all="all groups" values={groups.map(({ name }) => name)} />}
      <Summary shown={shown} />
    </div>
  );
}

function Search() {
  const box = useRef<HTMLInputElement>(null);
  const text = query.value.get('find') ?? '';
  return (
    <label class="search">
      <span class="unseen">Find an extension</span>
      <input
        ref={box}
        id="search"
        type="search"
        autocomplete="off"
        placeholder="Find: number, name, caller…   ( / )"
        value={text}
        onInput={(event) => keepQuery({ find: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          keepQuery({ find: null });
          event.currentTarget.blur();
        }}
      />
    </label>
  );
}

/** Not offered where there are none. */
const rare: ReadonlySet<StateFilter> = new Set(['stale', 'lamps']);

/** How many are in each state; a press shows those alone. */
function States() {
  const counts = useComputed(() => {
    changes.value;
    const found = new Map<StateFilter, number>();
    for (const aor of order.value) {
      const extension = cellOf(aor)?.peek();
      if (extension === undefined) continue;
      for (const state of read(extension).states) found.set(state, (found.get(state) ?? 0) + 1);
    }
    return found;
  });
  const chosen = query.value.get('state');
  return (
    <fieldset class="states">
      <legend class="unseen">Show only</legend>
      {stateFilters.map((state) => {
        const count = counts.value.get(state) ?? 0;
        if (rare.has(state) && count === 0 && chosen !== state) return null;
        return (
          <button
            key={state}
            type="button"
            class="chip"
            aria-pressed={chosen === state}
            onClick={() => keepQuery({ state: chosen === state ? null : state })}
          >
            {stateFilterWords[state]} <b>{count}</b>
          </button>
        );
      })}
    </fieldset>
  );
}

function Choice(props: { readonly name: string; readonly all: string; readonly values: readonly string[] }) {
  const chosen = query.value.get(props.name) ?? '';
  return (
    <label class="choice">
      <span class="unseen">{props.name}</span>
      <select value={chosen} onChange={(event) => keepQuery({ [props.name]: event.currentTarget.value })}>
        <option value="">{props.all}</option>
        {props.values.map((value) => (
          <option key={value} value={value}>
            {value}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Said aloud only after the admin has narrowed the grid, not with each call. */
function Summary({ shown }: { readonly shown: ReadonlySignal<readonly string[]> }) {
  const text = useComputed(() => {
    const lamps = shown.value.filter(isLamp).length;
    return shownText(shown.value.length - lamps, users.value.length, lamps);
  });
  const said = useSignal('');
  const narrowed = query.value.toString();
  useEffect(() => {
    if (narrowed === '') {
      said.value = '';
      return;
    }
    const timer = setTimeout(() => {
      said.value = `${text.peek()} shown`;
    }, 800);
    return () => clearTimeout(timer);
  }, [narrowed]);
  return (
    <p class="summary quiet">
      {text}
      <span class="unseen" role="status">
        {said}
      </span>
    </p>
  );
}

function isLamp(aor: string): boolean {
  const one = cellOf(aor)?.peek();
  return one !== undefined && isKeyLamp(one);
}

/** Arrows lead from card to card, as they stand on the screen. */
function walk(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const card = (event.target as Element).closest('li');
  if (card === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const cards = [...event.currentTarget.children];
  const columns = getComputedStyle(event.currentTarget).gridTemplateColumns.split(' ').length;
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    Home: -cards.length,
    End: cards.length,
  };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const to = Math.min(Math.max(cards.indexOf(card) + step, 0), cards.length - 1);
  const link = cards[to]?.querySelector<HTMLElement>('.ext');
  link?.focus();
}
