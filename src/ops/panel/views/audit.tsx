import { useEffect } from 'preact/hooks';
import { useLoaded } from '../data/loaded.ts';
import { keepQuery, query } from '../data/place.ts';
import { featureNews } from '../data/world.ts';
import { AuditTable, decisionWords } from '../parts/audit-table.tsx';
import { LoadNote } from '../parts/note.tsx';
import type { AuditRow } from '../words/shapes.ts';
import { counted, valueText } from '../words/words.ts';

export function AuditView() {
  const limit = query.value.get('limit') ?? '200';
  const read = useLoaded<readonly AuditRow[]>(`/api/v1/audit?limit=${encodeURIComponent(limit)}`, 15_000);
  useEffect(() => read.again(), [featureNews.value]);
  const find = query.value.get('find') ?? '';
  const decision = query.value.get('decision') ?? '';
  const all = read.value.value ?? [];
  const found = all.filter(
    (row) => (decision === '' || row.decision === decision) && textOf(row).includes(find.trim().toLowerCase()),
  );
  return (
    <>
      <h1>Audit</h1>
      <div class="tools">
        <label class="search">
          <span class="unseen">Find a change</span>
          <input
            id="search"
            type="search"
            autocomplete="off"
            placeholder="Find: number, who, address, reason…   ( / )"
            value={find}
            onInput={(event) => keepQuery({ find: event.currentTarget.value })}
          />
        </label>
        <label class="choice">
          <span class="unseen">Decision</span>
          <select value={decision} onChange={(event) => keepQuery({ decision: event.currentTarget.value })}>
            <option value="">all decisions</option>
            {Object.entries(decisionWords).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label class="choice">
          <span class="unseen">How many</span>
          <select value={limit} onChange={(event) => keepQuery({ limit: event.currentTarget.value })}>
            {['200', '500', '1000'].map((count) => (
              <option key={count} value={count}>
                last {count}
              </option>
            ))}
          </select>
        </label>
        <p class="summary quiet">
          {read.value.value !== null &&
            (found.length === all.length ? counted(all.length, 'change') : `${found.length} of ${all.length}`)}
        </p>
      </div>
      <LoadNote of={read} />
      {read.value.value !== null && found.length === 0 && (
        <p class="note">{all.length === 0 ? 'Nobody has changed anything yet.' : 'No change fits.'}</p>
      )}
      {found.length > 0 && <AuditTable rows={found} withExtension={true} />}
    </>
  );
}

function textOf(row: AuditRow): string {
  const values = [valueText(row.old), valueText(row.new)];
  return [row.aor, row.feature, row.who, row.via, row.from, row.userAgent, row.reason, ...values]
    .join('\n')
    .toLowerCase();
}
