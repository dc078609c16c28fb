import { extensionPath } from '../words/route.ts';
import type { AuditRow, FeatureName } from '../words/shapes.ts';
import { featureWords, upright, valueText } from '../words/words.ts';
import { At } from './lasting.tsx';
import { Badge } from './note.tsx';

const levels: Readonly<Record<string, 'ok' | 'warn' | 'fail' | 'plain'>> = {
  granted: 'ok',
  equal: 'plain',
  refused: 'warn',
  failed: 'fail',
  observed: 'plain',
};

export const decisionWords: Readonly<Record<string, string>> = {
  granted: 'granted',
  equal: 'was so already',
  refused: 'refused',
  failed: 'failed',
  observed: 'seen at the PBX',
};

export function AuditTable(props: { readonly rows: readonly AuditRow[]; readonly withExtension: boolean }) {
  return (
    <div class="scroll">
      <table class="stacks">
        <caption class="unseen">Changes, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {props.withExtension && <th scope="col">Of</th>}
            <th scope="col">What</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
            <th scope="col">Who, from where</th>
            <th scope="col">Decision</th>
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <Row key={keyOf(row)} row={row} withExtension={props.withExtension} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function keyOf({ at, aor, feature, via, decision }: AuditRow): string {
  return [at, aor, feature, via, decision].join();
}

function Row({ row, withExtension }: { readonly row: AuditRow; readonly withExtension: boolean }) {
  const wished = row.decision === 'refused' || row.decision === 'failed' ? row.wished : null;
  return (
    <tr>
      <td data-label="Time" class="number">
        <At iso={row.at} />
      </td>
      {withExtension && (
        <th scope="row" data-label="Of">
          <a href={extensionPath(row.aor)}>{upright(row.ext)}</a>
        </th>
      )}
      <td data-label="What">{featureWords[row.feature as FeatureName] ?? row.feature}</td>
      <td data-label="Before">{valueText(row.old)}</td>
      <td data-label="After">
        {valueText(row.new)}
        {wished !== null && <small class="quiet"> wished: {valueText(wished)}</small>}
      </td>
      <td data-label="Who, from where">
        <span class="two-lines" title={row.userAgent ?? undefined}>
          {upright(row.who)} by {row.via}
          <small class="quiet">{row.from ?? ''}</small>
        </span>
      </td>
      <td data-label="Decision">
        <Badge level={levels[row.decision] ?? 'plain'}>{decisionWords[row.decision] ?? row.decision}</Badge>
        {row.reason !== null && <small class="reason">{upright(row.reason)}</small>}
      </td>
    </tr>
  );
}
