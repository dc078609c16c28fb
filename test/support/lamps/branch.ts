import { continued } from '../../../src/compositor/continued.ts';
import { parseDialogInfo } from '../../../src/event-packages/dialog/parse.ts';
import type { Aor } from '../../../src/model/aor.ts';
import type { Clock } from '../../../src/model/clock.ts';
import type { Leg, PbxEvent } from '../../../src/model/pbx-event.ts';
import { type Published, publicationSource } from '../../../src/model/publication.ts';
import { XmlWriter } from '../../../src/xml/write.ts';

/** Another PBX that publishes its calls: its events become documents, which are read as those of a PUBLISH are. */
export class Branch {
  readonly #clock: Clock;
  readonly #tell: (event: PbxEvent) => void;
  readonly #said = new Map<Aor, Published>();

  constructor(clock: Clock, tell: (event: PbxEvent) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  take(event: PbxEvent): void {
    if (event.type === 'dialogs') this.#publish(event.aor, event.legs);
    if (event.type === 'snapshot') for (const { aor, legs } of event.snapshot.dialogs) this.#publish(aor, legs);
  }

  /** Lamplighter begins anew: what was published stands. */
  restore(): void {
    for (const aor of this.#said.keys()) this.#apply(aor);
  }

  #publish(aor: Aor, legs: readonly Leg[]): void {
    const before = this.#said.get(aor) ?? null;
    const read = parseDialogInfo(Buffer.from(document(aor, legs)), 'application/dialog-info+xml', before);
    if (!read.ok) throw new Error(`a document of the branch was refused: ${read.refusal.message}`);
    const said = continued(before, read.value.said, this.#clock.now());
    if (said !== null) this.#said.set(aor, said);
    this.#apply(aor);
  }

  #apply(aor: Aor): void {
    const said = this.#said.get(aor);
    this.#tell({
      source: publicationSource,
      type: 'published',
      aor,
      event: 'dialog',
      said: said === undefined ? [] : [said],
    });
  }
}

/** As Kamailio's pua_dialoginfo writes it, hold as FreeSWITCH does. */
function document(aor: Aor, legs: readonly Leg[]): string {
  const xml = new XmlWriter('UTF-8');
  const entity = `sip:${aor}`;
  xml.open('dialog-info', {
    xmlns: 'urn:ietf:params:xml:ns:dialog-info',
    version: '00000000000',
    state: 'full',
    entity,
  });
  for (const { id, phase, direction, holding, remote } of legs) {
    xml.open('dialog', { id, direction }).leaf('state', {}, phase);
    xml
      .open('remote')
      .leaf('identity', { display: remote.name ?? '' }, `sip:${remote.number}@branch.test`)
      .close();
    xml.open('local').open('target', { uri: entity });
    xml.leaf('param', { pname: '+sip.rendering', pvalue: holding ? 'no' : 'yes' });
    xml.close().close().close();
  }
  return xml.end();
}
